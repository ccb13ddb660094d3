"""Officer against light: who was right is told by the months that followed, and by them alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from features.months import month_end_after
from serving.cases.outcomes import override_counts
from serving.months.data_folder import DataFolder
from serving.months.published_editions import month_folder_name
from serving.months.repository import MonthRepository
from tests.serving.months.written_months import write_manifest_of

OPENED = date(2025, 6, 30)


def published(folder: Path, late: dict[int, dict[str, int]]) -> MonthRepository:
    """Months so many after the case, each with the days past due of its loans."""
    for ahead, days in late.items():
        month = folder / "warnings" / month_folder_name(month_end_after(OPENED, ahead))
        edition = folder / "editions" / month.name / "edition-1"
        (edition / "warnings").mkdir(parents=True)
        month.parent.mkdir(exist_ok=True)
        month.symlink_to(edition / "warnings")
        rows = {"loan_id": list(days), "days_past_due": list(days.values())}
        pl.DataFrame(rows, {"loan_id": pl.String, "days_past_due": pl.Int64}).write_parquet(
            edition / "warnings" / "640323.parquet"
        )
        write_manifest_of(edition, month_end_after(OPENED, ahead), "2026-01-01T00:00:00+00:00")
    return MonthRepository(DataFolder(folder))


@pytest.mark.parametrize(
    ("late", "known", "went_bad", "light_right", "officer_right"),
    [
        ({6: {"L1": 30}}, 1, 1, 1, 0),
        ({7: {"L1": 30}}, 0, 0, 0, 0),
        ({key: {"L1": 29} for key in range(1, 7)}, 1, 0, 0, 1),
        ({key: {"L1": 0} for key in range(1, 6)}, 0, 0, 0, 0),
        ({0: {"L1": 30}}, 0, 0, 0, 0),
    ],
)
def test_a_red_light_that_an_officer_took_for_green(
    tmp_path: Path, late: dict[int, dict[str, int]], known: int, went_bad: int, light_right: int, officer_right: int
) -> None:
    judged = pl.DataFrame({"loan_id": ["L1"], "as_of": [OPENED], "light": ["red"], "judgement": ["green"]})
    counted = override_counts(judged, published(tmp_path, late))
    assert counted.row(0) == ("red", "green", 1, known, went_bad, light_right, officer_right)


def test_a_case_without_a_judgement_counts_for_nobody(tmp_path: Path) -> None:
    red = pl.DataFrame({"loan_id": ["L1"], "as_of": [OPENED], "light": ["red"]})
    judged = red.with_columns(judgement=pl.lit(None, pl.String))
    assert override_counts(judged, published(tmp_path, {1: {"L1": 40}})).is_empty()
