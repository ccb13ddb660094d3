"""Deliveries that a month lacked, and files that were refused, as findings."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.runs import Run, append_run
from serving.batch.run import score
from serving.monitor.deliveries_check import check_deliveries
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from tests.serving.reports.conftest import FEBRUARY, MARCH, ten

__all__ = ["ten"]


@pytest.fixture
def own(ten: DataFolder, tmp_path: Path) -> DataFolder:
    """The ten loans in a store of their own."""
    shutil.copytree(ten.folder, tmp_path / "var", symlinks=True)
    return DataFolder(tmp_path / "var")


def loaded(store: DataFolder, at: str, **names: str) -> None:
    append_run(store.folder, Run(at, "li.wei", "load", "refused", 1.0, names))


def codes(store: DataFolder) -> list[str]:
    repository = MonthRepository(store)
    month, before = repository.month(MARCH), repository.month(FEBRUARY)
    return [finding.code for finding in check_deliveries(store, month, before)]


def test_a_file_that_was_refused_is_a_finding_until_it_is_loaded(own: DataFolder) -> None:
    assert codes(own) == []
    loaded(own, "2999-04-01T01:00:00+00:00", refused_file_names="assets.csv, claims.csv", file_names="loans.csv")
    assert codes(own) == ["refused:assets.csv", "refused:claims.csv"]
    loaded(own, "2999-04-02T01:00:00+00:00", file_names="assets.csv")
    assert codes(own) == ["refused:claims.csv"]


def test_a_file_refused_before_the_month_before_was_published_is_no_longer_told(own: DataFolder) -> None:
    loaded(own, "1999-01-01T01:00:00+00:00", refused_file_names="assets.csv")
    assert codes(own) == []


def test_a_month_published_with_deliveries_missing_is_a_finding(own: DataFolder) -> None:
    day = MARCH.replace(month=12)
    score(own, day, "li.wei", datetime(2025, 1, 3, tzinfo=UTC), lambda *_: None, incomplete="the line was down")
    (finding,) = check_deliveries(own, MonthRepository(own).month(day), None)
    assert finding.code == "incomplete"
    assert "the line was down" in finding.message.en
