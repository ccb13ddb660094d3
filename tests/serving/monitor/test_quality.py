"""Data quality: late, more missing, more or fewer rows, other means; who delivered what."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from features.months import month_end_after
from serving.monitor.bounds import load_limits
from serving.monitor.quality import check_quality, deliveries_table
from tests.features.inboxes import DELIVERED_ON, Intake, drawn

LIMITS = load_limits().quality
NOW = date(2024, 12, 31)


def payments(per_month: dict[date, int], paid: float = 100.0, payer: str | None = "borrower") -> pl.DataFrame:
    rows = [
        (f"P{day}-{at}", "L1", str(day), "0", str(paid), payer, str(day))
        for day, count in per_month.items()
        for at in range(count)
    ]
    names = ("payment_id", "loan_id", "paid_on", "principal_paid", "interest_paid", "payer", "known_on")
    return pl.DataFrame(rows, dict.fromkeys(names, pl.String), orient="row")


MONTHS = [month_end_after(NOW, -back) for back in range(12, 0, -1)]


def found(folder: Path, this: pl.DataFrame, as_of: date = NOW) -> list[tuple[str, str]]:
    """The findings about payments, after twelve months of forty rows each."""
    intake = Intake(folder)
    intake.deliver(DELIVERED_ON, **drawn("households", "loans"))
    every = pl.concat([payments(dict.fromkeys(MONTHS, 40)), this])
    report = intake.deliver(str(as_of), payments=every)
    assert not any(file.quarantined for file in report.files)
    _, findings = check_quality(intake.ledger, as_of, LIMITS)
    return [(each.kind, each.message.en) for each in findings if each.message.en.startswith("payments")]


@pytest.mark.parametrize(("rows", "warned"), [(85, False), (86, True), (6, False), (5, True)])
def test_a_row_count_beyond_the_months_before_by_half_is_warned_of(tmp_path: Path, rows: int, warned: bool) -> None:
    kinds = [kind for kind, _ in found(tmp_path, payments({NOW: rows}))]
    assert kinds == (["rows"] if warned else [])


@pytest.mark.parametrize(("paid", "warned"), [(150.0, False), (151.0, True), (50.0, False), (49.0, True)])
def test_a_mean_beyond_the_months_before_by_half_is_warned_of(tmp_path: Path, paid: float, warned: bool) -> None:
    kinds = [kind for kind, _ in found(tmp_path, payments({NOW: 40}, paid))]
    assert kinds == (["mean"] if warned else [])


def test_a_column_that_goes_missing_is_named(tmp_path: Path) -> None:
    ((kind, said),) = found(tmp_path, payments({NOW: 40}, payer=None))
    assert (kind, said) == ("missing", "payments.payer (990101): 100.0% missing, at most 0.0% in the months before")


@pytest.mark.parametrize(("days", "late"), [(41, False), (42, True)])
def test_a_source_is_late_beyond_its_longest_gap_and_the_grace(tmp_path: Path, days: int, late: bool) -> None:
    as_of = MONTHS[-1] + timedelta(days=days)
    kinds = [kind for kind, _ in found(tmp_path, payments({}), as_of)]
    assert kinds == (["late"] if late else [])


def test_every_delivered_file_is_told_with_its_day_and_rows(tmp_path: Path) -> None:
    intake = Intake(tmp_path)
    intake.deliver(DELIVERED_ON, **drawn("households", "loans"))
    intake.deliver("2024-07-31", payments=payments({date(2024, 7, 1): 3}))
    rows = deliveries_table(intake.ledger).frame.select("delivered_on", "table", "rows", "quarantined_en").rows()
    assert rows == [
        (date(2024, 7, 31), "payments", 3, "no"),
        (date(2024, 6, 30), "loans", 2, "no"),
        (date(2024, 6, 30), "households", 2, "no"),
    ]
