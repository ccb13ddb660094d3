"""What a run imports once tables are stored: neither LightGBM nor pandas, which take a process time and memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from serving.months.published_editions import month_folder_name
from tests.conftest import County

RUN = """
import sys
import lights
try:
    lights.main()
finally:
    print("imported:", *sorted({"lightgbm", "pandas", "sklearn", "matplotlib", "mlflow"} & sys.modules.keys()))
"""


@pytest.mark.parametrize("command", ["score", "explain"])
def test_a_month_and_a_household_need_neither_lightgbm_nor_pandas(county: County, tmp_path: Path, command: str) -> None:
    own = county.copied_to(tmp_path / "var")
    words = ["explain", own.one_of_each()["red"]]
    if command == "score":  # the month is computed anew
        words = ["score", "--as-of", str(own.newest)]
        for folder in ("editions", "warnings"):
            (own.data / folder / month_folder_name(own.newest)).rename(tmp_path / folder)
    ran = subprocess.run(
        [sys.executable, "-c", RUN, *words, "--data", str(own.data)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "imported:"
