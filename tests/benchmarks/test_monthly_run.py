"""The benchmark of the monthly run goes through on small counties, by a model of another size than the champion's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.benchmarks import counties, monthly_run
from tests.conftest import County


def test_the_whole_run_is_measured_against_the_naive_pipeline(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(counties, "_HOUSEHOLDS", 200)
    words = [
        "--loans",
        "1",
        "--sample",
        "20",
        "--size",
        "20x7",
        "--model",
        str(county.data),
        "--scratch",
        str(tmp_path),
    ]
    monkeypatch.setattr(sys, "argv", ["monthly_run", *words])
    monthly_run.main()
    told = capsys.readouterr().out
    assert "1 counties, one process" in told
    assert "2 counties, one process" in told
    assert "ratio: " in told
    assert list(tmp_path.iterdir()) == []
