"""Expected against observed: intervals, labels that are mature or not, what is warned of."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from serving.monitor.bounds import limits_from
from serving.monitor.outcomes_check import Label, _findings, _month_row, bad_days, compared, judged
from serving.months.data_folder import Store
from serving.months.repository import Month, Published
from tests.serving.reports.conftest import FEBRUARY, MARCH, ten

__all__ = ["ten"]
LIMITS = limits_from()


def loans(rows: int, bad: int, probability: float) -> pl.DataFrame:
    cells = {"light": "green", "lit": False, "probability": probability}
    return pl.DataFrame({"bad": [1.0] * bad + [0.0] * (rows - bad)}).with_columns(
        pl.lit(value).alias(name) for name, value in cells.items()
    )


@pytest.mark.parametrize(
    ("rows", "bad", "probability", "verdict"),
    [
        (50, 5, 0.1, "fine"),
        (49, 5, 0.1, "few"),
        (1000, 100, 0.08, "beyond"),
        (1000, 100, 0.09, "fine"),
        (1000, 100, 0.13, "beyond"),
    ],
)
def test_expected_and_observed_differ_where_the_interval_leaves_the_expected_out(
    rows: int, bad: int, probability: float, verdict: str
) -> None:
    assert compared(loans(rows, bad, probability), LIMITS)["verdict"] == verdict


def test_what_is_beyond_is_said_with_both_rates() -> None:
    row = {"as_of": MARCH, **_month_row(loans(1000, 100, 0.2), mature=True, limits=LIMITS)}
    (finding,) = (each for each in _findings([row], [], LIMITS) if each.kind == "calibration")
    assert finding.said.en.startswith("2024-03-31: 20.00% expected to go bad, 10.00% did")


def test_before_labels_are_mature_only_the_expected_is_told() -> None:
    row = _month_row(loans(1000, 100, 0.2), mature=False, limits=LIMITS)
    assert (row["expected"], row["verdict"]) == (pytest.approx(200.0), "waiting")
    assert "observed" not in row


def test_a_label_is_mature_when_its_horizon_and_the_lag_have_passed() -> None:
    label = Label(date(2024, 8, 31), horizon_months=6, bad_after_days=30, lag_days=31)
    assert (label.ends_on, label.mature_on) == (date(2025, 2, 28), date(2025, 3, 31))
    assert [label.is_mature(day) for day in (date(2025, 3, 31), date(2025, 3, 30), None)] == [True, False, False]


@pytest.mark.parametrize(
    ("bad_on", "labels"), [("2024-02-29", []), ("2024-03-01", [1.0]), ("2024-03-31", [1.0]), ("2024-04-01", [0.0])]
)
def test_the_first_day_of_a_label_is_the_one_after_and_the_last_one_counts(
    ten: Store, bad_on: str, labels: list[float]
) -> None:
    bad = pl.DataFrame({"loan_id": list("BDEFGI"), "bad_on": [FEBRUARY] * 6}).extend(
        pl.DataFrame({"loan_id": ["A"], "bad_on": [date.fromisoformat(bad_on)]})
    )
    month = _with_probability(Published(ten).month(FEBRUARY))
    assert judged(month, Label(FEBRUARY, 1, 30, 31), bad)["bad"].to_list() == labels


def test_a_label_is_whether_the_loan_goes_bad_after_the_day_and_within_the_horizon(ten: Store) -> None:
    bad = bad_days(ten.ledger, 30)
    assert sorted(bad.filter(pl.col("bad_on") <= MARCH).rows()) == [("F", date(2024, 3, 16)), ("I", date(2024, 3, 12))]
    month = Published(ten).month(FEBRUARY)
    frame = judged(_with_probability(month), Label(FEBRUARY, 1, 30, 31), bad)
    assert (frame.height, frame["bad"].sum()) == (7, 2.0)
    none = judged(_with_probability(month), Label(FEBRUARY, 0, 30, 31), bad)
    assert none["bad"].sum() == 0
    later = judged(_with_probability(Published(ten).month(MARCH)), Label(MARCH, 1, 30, 31), bad)
    assert later.height == 6


def _with_probability(month: Month) -> Month:
    class Scored(Month):
        def scan(self, kind: str, county: str | None = None) -> pl.LazyFrame:
            return super().scan(kind, county).with_columns(probability=pl.lit(0.1))

    return Scored(month.as_of, month.folder)
