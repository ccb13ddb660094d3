"""Hazards by month ahead: competing ends as Aalen and Johansen count them, in agreement with the probability."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.hazards import (
    AGREEMENT,
    HAZARD_COLUMNS,
    TIME_TO_BAD_SCHEMA,
    Hazards,
    agreeing_shifts,
    cumulative_incidence,
    hazard_inputs,
    hazards_of,
    months_ahead,
    months_until,
)
from models.raw_score import Floats
from tests.models.hazard_samples import AS_OF, followed_loans
from training.hazard_fit import fit_hazards
from training.plan import Plan

PLAN = Plan.model_validate(
    {"month_ends": {"fit": ["2022-12-31", "2023-01-31"], "policy": ["2023-07-31"], "judgement": ["2024-02-29"]}}
)


class _Line:
    """A calibration that changes nothing."""

    def log_odds(self, raw: Floats) -> Floats:
        return raw


@pytest.fixture(scope="module")
def hazards() -> Hazards:
    sample = followed_loans(3000, 1)
    return fit_hazards(sample, sample["score"].to_numpy(), _Line(), PLAN)  # type: ignore[arg-type]


def days_of(loans: pl.DataFrame, as_of: date = AS_OF) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.full(loans.height, np.datetime64(as_of))


def aalen_johansen(ends: list[tuple[int, str]], months: int) -> tuple[list[float], list[float]]:
    """By the referee: each loan's last month and how it ended there (bad, ended, or censored after that month)."""
    surviving, incidence, curve, still_open = 1.0, 0.0, [], []
    for month in range(1, months + 1):
        at_risk = sum(last >= month for last, _ in ends)
        bad = sum(last == month and kind == "bad" for last, kind in ends)
        gone = sum(last == month and kind in ("bad", "ended") for last, kind in ends)
        if at_risk:
            incidence += surviving * bad / at_risk
            surviving *= 1 - gone / at_risk
        curve.append(incidence)
        still_open.append(surviving)
    return curve, still_open


@given(st.lists(st.tuples(st.integers(1, 8), st.sampled_from(["bad", "ended", "censored"])), min_size=1, max_size=60))
def test_saturated_hazards_give_the_curve_of_aalen_and_johansen(ends: list[tuple[int, str]]) -> None:
    at_risk = [sum(last >= month for last, _ in ends) for month in range(1, 9)]
    counts = {kind: [sum(end == (month, kind) for end in ends) for month in range(1, 9)] for kind in ("bad", "ended")}
    hazard = {
        kind: np.array([[count / max(risk, 1)] for count, risk in zip(counts[kind], at_risk, strict=True)])
        for kind in counts
    }
    curve, still_open = aalen_johansen(ends, 8)
    found = cumulative_incidence(hazard["bad"], hazard["ended"])
    assert found.bad[1:, 0] == pytest.approx(curve, abs=1e-12)
    assert found.open[1:, 0] == pytest.approx(still_open, abs=1e-12)


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_shifted_hazards_sum_to_the_probability(seed: int, months: int) -> None:
    chance = np.random.default_rng(seed)
    log_odds, ends = chance.normal(-4, 3, (months, 40)), chance.random((months, 40))
    probability = 1 / (1 + np.exp(-chance.normal(-3, 3, 40)))
    shift = agreeing_shifts(log_odds, ends, probability)
    bad = 1 / (1 + np.exp(-(log_odds + shift)))
    incidence = cumulative_incidence(bad, (1 - bad) * ends)
    assert np.abs(incidence.bad[-1] - probability).max() <= AGREEMENT
    assert ((incidence.bad + incidence.open) <= 1 + 1e-12).all()


def test_hazards_that_agree_already_are_not_shifted() -> None:
    bad, ends = np.full((6, 1), 0.01), np.full((6, 1), 0.1)
    probability = cumulative_incidence(bad, (1 - bad) * ends).bad[-1]
    assert agreeing_shifts(np.log(bad / (1 - bad)), ends, probability) == pytest.approx([0], abs=1e-9)


@pytest.mark.parametrize("probability", [0.0, 1.0, np.nan])
def test_a_probability_that_no_shift_reaches_has_none(probability: float) -> None:
    log_odds, ends = np.full((6, 2), -3.0), np.full((6, 2), 0.1)
    shift = agreeing_shifts(log_odds, ends, np.array([probability, 0.2]))
    assert np.isnan(shift).tolist() == [True, False]


def test_a_probability_that_no_shift_reaches_leaves_the_loan_without_figures(hazards: Hazards) -> None:
    loans = followed_loans(2, 5)
    times = hazards.time_to_bad(loans, np.array([1.0, 0.2]), days_of(loans))
    assert times.select(pl.col("probability_1m", "probability_3m", "probability_12m").is_null()).rows() == [
        (True, True, True),
        (False, False, False),
    ]


def test_probabilities_rise_with_the_months_and_enclose_the_published_one(hazards: Hazards) -> None:
    loans = followed_loans(500, 2)
    probability = np.linspace(0.0005, 0.98, 500)
    times = hazards.time_to_bad(loans, probability, days_of(loans)).with_columns(p=pl.Series(probability))
    rising = pl.col("probability_1m") <= pl.col("probability_3m")
    around = (pl.col("probability_3m") <= pl.col("p")) & (pl.col("p") <= pl.col("probability_12m"))
    assert times.null_count().select("probability_1m", "probability_3m", "probability_12m").row(0) == (0, 0, 0)
    assert times.select((rising & around).all()).item()


def test_the_inputs_count_months_from_the_due_day_and_from_the_days_on_which_the_loan_would_be_bad() -> None:
    """As of 31 December a loan falls due on 30 January, its next instalment on 15 January; bad 30 days after each."""
    loans = pl.DataFrame(
        {"days_past_due": [0], "days_to_maturity": [30], "days_to_next_due": [15], "repayment_method": [None]},
        schema_overrides={"repayment_method": pl.String},
    )
    names = [column.name for column in HAZARD_COLUMNS]
    cells = hazard_inputs(loans, np.array([np.datetime64("2024-12-31")]), np.array([-2.0]), 3, 30)[:, 0, :]
    told = {name: cells[:, names.index(name)].tolist() for name in names[:-1]}
    assert told == {
        "log_odds": [-2.0] * 3,
        "days_past_due": [0.0] * 3,
        "month_ahead": [1.0, 2.0, 3.0],
        "months_past_maturity": [0.0, 1.0, 2.0],
        "months_past_bad_day": [-2.0, -1.0, 0.0],
        "months_past_next_bad_day": [-1.0, 0.0, 1.0],
    }


def test_the_hazards_of_a_loan_sum_to_its_published_probability(hazards: Hazards) -> None:
    loans = followed_loans(500, 2)
    probability = np.linspace(0.0005, 0.98, 500)
    agreeing = hazards.loan_hazards(loans, probability, days_of(loans))
    incidence = cumulative_incidence(agreeing.bad, agreeing.ended).bad[PLAN.horizon_months]
    assert np.abs(incidence - probability).max() <= AGREEMENT


def test_loans_beside_it_change_no_digit_of_a_loan(hazards: Hazards) -> None:
    loans = followed_loans(300, 3)
    probability = np.linspace(0.001, 0.9, 300)
    together = hazards.time_to_bad(loans, probability, days_of(loans))
    singly = [hazards.time_to_bad(loans[row], probability[row : row + 1], days_of(loans[row])) for row in range(300)]
    assert pl.concat(singly).equals(together)


def test_many_loans_are_computed_in_blocks(hazards: Hazards, monkeypatch: pytest.MonkeyPatch) -> None:
    loans, probability = followed_loans(50, 4), np.full(50, 0.05)
    whole = hazards.time_to_bad(loans, probability, days_of(loans))
    monkeypatch.setattr("models.hazards._LOANS_AT_ONCE", 7)
    assert hazards.time_to_bad(loans, probability, days_of(loans)).equals(whole)
    assert hazards.time_to_bad(loans[:0], probability[:0], days_of(loans[:0])).schema == TIME_TO_BAD_SCHEMA.dtypes


def test_falling_due_and_going_bad_then_follow_their_definitions(hazards: Hazards) -> None:
    """`due_probability` is S(d - 1), `bad_if_due` (F(r) - F(d - 1)) / S(d - 1); months counted by the calendar."""
    loans, probability = followed_loans(400, 6), np.full(400, 0.08)
    inside = hazards.loan_hazards(loans, probability, days_of(loans))
    incidence = cumulative_incidence(inside.bad, inside.ended)
    times = hazards.time_to_bad(loans, probability, days_of(loans))

    def month_of(days: float) -> int:
        day = AS_OF + timedelta(days=int(days))
        return (day.year - AS_OF.year) * 12 + day.month - AS_OF.month

    for row, (days, due, bad) in enumerate(
        zip(loans["days_to_maturity"], times["due_probability"], times["bad_if_due"], strict=True)
    ):
        due_month, bad_month = month_of(days), month_of(days + 30)
        if due_month > PLAN.horizon_months:
            assert (due, bad) == (None, None)
            continue
        reached = incidence.open[due_month - 1, row]
        went_bad = incidence.bad[bad_month, row] - incidence.bad[due_month - 1, row]
        assert (due, bad) == pytest.approx((reached, went_bad / reached))


@pytest.mark.parametrize(("days", "is_due"), [(-1, False), (0, False), (1, True), (181, True), (182, False)])
def test_only_what_falls_due_within_the_horizon_is_due(hazards: Hazards, days: int, is_due: bool) -> None:
    """Six months after 31 January 2023 end on 31 July, 181 days later."""
    loan = followed_loans(1, 1).with_columns(days_to_maturity=pl.lit(float(days)))
    times = hazards.time_to_bad(loan, np.array([0.1]), days_of(loan))
    assert (times["due_probability"].item() is not None, times["bad_if_due"].item() is not None) == (is_due, is_due)


def test_a_loan_without_a_maturity_is_foretold_but_never_due(hazards: Hazards) -> None:
    loan = followed_loans(1, 1).with_columns(pl.lit(None, pl.Float64).alias("days_to_maturity"))
    times = hazards.time_to_bad(loan, np.array([0.1]), days_of(loan))
    assert times["probability_1m"].item() > 0
    assert times["due_probability"].item() is None


@given(st.dates(date(2020, 1, 1), date(2026, 12, 31)), st.integers(1, 900))
def test_months_ahead_are_those_of_the_label(as_of: date, days: int) -> None:
    """Month k ahead ends on the last day of the k-th month after that of as_of, and the first begins the day after."""
    day = as_of + timedelta(days=days)
    month = 1
    while True:
        index = as_of.year * 12 + as_of.month - 1 + month
        year, number = index // 12, index % 12 + 1
        if day <= date(year, number, monthrange(year, number)[1]):
            break
        month += 1
    assert months_until(np.array([np.datetime64(as_of)]), np.array([float(days)])).tolist() == [month]


@pytest.mark.parametrize(("horizon", "bad_after", "months"), [(6, 30, 12), (12, 30, 14), (3, 360, 16), (10, 28, 12)])
def test_months_reach_to_where_what_falls_due_is_bad(horizon: int, bad_after: int, months: int) -> None:
    assert months_ahead(horizon, bad_after) == months


def test_hazards_are_read_as_they_were_stored(hazards: Hazards) -> None:
    loans, probability = followed_loans(20, 7), np.full(20, 0.1)
    read = hazards_of(hazards.text)
    assert read.text == hazards.text
    assert read.time_to_bad(loans, probability, days_of(loans)).equals(
        hazards.time_to_bad(loans, probability, days_of(loans))
    )
