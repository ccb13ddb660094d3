"""Expected against observed: intervals, labels that are mature or not, what is warned of."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from features.bad_spells import bad_spells
from features.snapshot.life_rules import LifeRules
from models.jeffreys import jeffreys_interval
from serving.monitor.bounds import load_limits
from serving.monitor.outcomes_check import (
    MonthLabel,
    calibration_row,
    design_effect,
    outcome_findings,
    outcome_row,
    scores_with_outcomes,
)
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository
from tests.serving.reports.conftest import FEBRUARY, MARCH, ten

__all__ = ["ten"]
LIMITS = load_limits()


def loans(rows: int, bad: int, probability: float, low: float | None = None, high: float | None = None) -> pl.DataFrame:
    ends = {"probability_low": low or probability, "probability_high": high or probability}
    cells = {"light": "green", "flagged": False, "probability": probability, **ends}
    names = [f"L{number}" for number in range(rows)]
    return pl.DataFrame({"loan_id": names, "bad": [1.0] * bad + [0.0] * (rows - bad)}).with_columns(
        pl.lit(value).alias(name) for name, value in cells.items()
    )


@pytest.mark.parametrize(
    ("rows", "bad", "probability", "verdict"),
    [
        (50, 5, 0.1, "fine"),
        (49, 5, 0.1, "few"),
        (1000, 100, 0.05, "beyond"),
        (1000, 100, 0.06, "fine"),
        (1000, 100, 0.17, "fine"),
        (1000, 100, 0.19, "beyond"),
    ],
)
def test_expected_and_observed_differ_where_the_interval_lies_half_as_much_again_away(
    rows: int, bad: int, probability: float, verdict: str
) -> None:
    assert calibration_row(loans(rows, bad, probability), LIMITS)["verdict"] == verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.05, 0.05, "beyond"), (0.04, 0.06, "fine"), (0.04, 0.051, "beyond"), (0.001, 0.05, "beyond")],
)
def test_a_calibration_that_was_uncertain_is_beyond_only_where_its_whole_range_is(
    low: float, high: float, verdict: str
) -> None:
    row = calibration_row(loans(1000, 100, 0.05, low, high), LIMITS)
    assert (row["verdict"], row["expected_low"], row["expected_high"]) == (
        verdict,
        pytest.approx(low),
        pytest.approx(high),
    )


def test_a_range_below_what_happened_by_its_low_end_is_beyond_too() -> None:
    assert calibration_row(loans(1000, 100, 0.19, 0.19, 0.3), LIMITS)["verdict"] == "beyond"
    assert calibration_row(loans(1000, 100, 0.19, 0.15, 0.3), LIMITS)["verdict"] == "fine"


def test_the_months_of_one_loan_count_for_little_more_than_one() -> None:
    once = loans(60, 6, 0.02)
    every_month = pl.concat([once] * 6)
    assert design_effect(once) == 1.0
    assert design_effect(every_month) == pytest.approx(6)
    alone, together = (calibration_row(each, LIMITS) for each in (once, every_month))
    assert (together["low"], together["high"]) == (pytest.approx(alone["low"]), pytest.approx(alone["high"]))
    apart = every_month.with_columns(loan_id=pl.int_range(pl.len()).cast(pl.String))
    assert calibration_row(apart, LIMITS)["low"] > together["low"]


def test_intervals_that_share_a_level_are_wider() -> None:
    alone, shared = (calibration_row(loans(1000, 100, 0.1), LIMITS, count) for count in (1, 4))
    assert (shared["low"], shared["high"]) == pytest.approx(jeffreys_interval(100, 1000, 1 - 0.05 / 4))
    assert shared["low"] < alone["low"]


def test_what_is_beyond_is_said_with_both_rates() -> None:
    row = {"as_of": MARCH, **outcome_row(loans(1000, 100, 0.2), mature=True, limits=LIMITS)}
    (finding,) = (each for each in outcome_findings([row], [], LIMITS) if each.kind == "calibration")
    assert finding.message.en.startswith(
        "2024-03-31: 20.00% expected to go bad (range of the calibration 20.00% to 20.00%), 10.00% did"
    )


def test_before_labels_are_mature_only_the_expected_is_told() -> None:
    row = outcome_row(loans(1000, 100, 0.2), mature=False, limits=LIMITS)
    assert (row["expected"], row["verdict"]) == (pytest.approx(200.0), "waiting")
    assert "observed" not in row


def test_a_label_is_mature_when_its_horizon_and_the_lag_have_passed() -> None:
    label = MonthLabel(date(2024, 8, 31), horizon_months=6, bad_after_days=30, lag_days=31)
    assert (label.ends_on, label.mature_on) == (date(2025, 2, 28), date(2025, 3, 31))
    assert [label.is_mature(day) for day in (date(2025, 3, 31), date(2025, 3, 30), None)] == [True, False, False]


@pytest.mark.parametrize(
    ("bad_on", "labels"), [("2024-02-29", []), ("2024-03-01", [1.0]), ("2024-03-31", [1.0]), ("2024-04-01", [0.0])]
)
def test_the_first_day_of_a_label_is_the_one_after_and_the_last_one_counts(
    ten: DataFolder, bad_on: str, labels: list[float]
) -> None:
    days = [*[FEBRUARY] * 6, date.fromisoformat(bad_on)]
    bad = pl.DataFrame({"loan_id": list("BDEFGIA"), "bad_on": days}).with_columns(
        pl.lit(None, pl.Date).alias("arrears_ended_on")
    )
    month = _with_probability(MonthRepository(ten).month(FEBRUARY))
    assert scores_with_outcomes(month, MonthLabel(FEBRUARY, 1, 30, 31), bad)["bad"].to_list() == labels


def test_a_label_is_whether_the_loan_goes_bad_after_the_day_and_within_the_horizon(ten: DataFolder) -> None:
    bad = bad_spells(ten.ledger.tables(), LifeRules())
    days = bad.filter(pl.col("bad_on") <= MARCH).select("loan_id", "bad_on")
    assert sorted(days.rows()) == [("F", date(2024, 3, 16)), ("I", date(2024, 3, 12))]
    month = MonthRepository(ten).month(FEBRUARY)
    frame = scores_with_outcomes(_with_probability(month), MonthLabel(FEBRUARY, 1, 30, 31), bad)
    assert (frame.height, frame["bad"].sum()) == (7, 2.0)
    none = scores_with_outcomes(_with_probability(month), MonthLabel(FEBRUARY, 0, 30, 31), bad)
    assert none["bad"].sum() == 0
    later = scores_with_outcomes(
        _with_probability(MonthRepository(ten).month(MARCH)), MonthLabel(MARCH, 1, 30, 31), bad
    )
    assert later.height == 6


def _with_probability(month: PublishedMonth) -> PublishedMonth:
    class Scored(PublishedMonth):
        def scan(self, kind: str, county: str | None = None) -> pl.LazyFrame:
            return super().scan(kind, county).with_columns(probability=pl.lit(0.1))

    return Scored(month.as_of, month.folder)
