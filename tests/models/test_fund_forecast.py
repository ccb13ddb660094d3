"""The fund's forecast, worked out by hand, and its interval."""

from __future__ import annotations

from datetime import date, timedelta
from math import exp
from typing import Any

import polars as pl
import pytest

from models.county_policy.policy_table import shipped_policy_table
from models.fund_curves import FundCurves, FundHistory
from models.fund_forecast import FundForecast, fund_chances, fund_forecast

AS_OF = date(2025, 12, 31)
POLICY = shipped_policy_table().in_force(AS_OF)
TERMS = shipped_policy_table().contract_terms(date(2026, 6, 30))
HISTORY = FundHistory(
    as_of=str(AS_OF),
    term_days=60,
    begun=(200, 100),
    reached=(60, 60),
    months_past_term=100.0,
    fund=10,
    repaid=20,
    written_off=10,
    paid=70_000.0,
    paid_outstanding=100_000.0,
    new_bad_12m=12,
)
CURVES = FundCurves(HISTORY, POLICY.fund)
LOAN = {
    "household_id": "H1",
    "product": "microloan",
    "outstanding_principal": 20_000.0,
    "probability": None,
    "has_gone_bad": True,
    "bad_since": AS_OF - timedelta(days=60),
    "use_diverted": 0.0,
    "originated_on": date(2024, 3, 1),
}
TYPES = {"probability": pl.Float64, "bad_since": pl.Date}


def loans_of(*facts: dict[str, Any]) -> pl.DataFrame:
    rows = [LOAN | {"household_id": f"H{number}"} | each for number, each in enumerate(facts)]
    return pl.DataFrame(rows, schema_overrides=TYPES)


def forecast_of(*facts: dict[str, Any], curves: FundCurves = CURVES) -> FundForecast:
    return fund_forecast(loans_of(*facts), TERMS, curves, 6)


def paid_within(months: float) -> float:
    return 0.25 * (1 - exp(-0.4 * max(months, 0)))


@pytest.mark.parametrize(
    ("facts", "chance", "state"),
    [
        ({}, paid_within(12), "past_term"),
        ({"bad_since": None}, paid_within(12), "past_term"),
        ({"bad_since": AS_OF - timedelta(days=59)}, 0.6 * paid_within(12 - 1 / 30.4375), "bad"),
        ({"bad_since": AS_OF}, 0.3 * paid_within(12 - 60 / 30.4375), "bad"),
        ({"use_diverted": 1.0}, 0.0, "past_term"),
        ({"product": "other"}, 0.0, "past_term"),
    ],
)
def test_a_bad_loan_is_paid_by_roll_rate_and_months_left(facts: dict[str, Any], chance: float, state: str) -> None:
    row = fund_chances(loans_of(facts), TERMS, CURVES, 6).row(0, named=True)
    assert (row["state"], row["chance"]) == (state, pytest.approx(chance))


def test_a_sound_loan_has_the_model_for_its_horizon_and_the_county_after_it() -> None:
    sound = {"has_gone_bad": False, "bad_since": None}
    chances = fund_chances(loans_of(sound | {"probability": 0.06}, sound), TERMS, CURVES, 6)["chance"]
    left = [paid_within(12 - month + 0.5 - 60 / 30.4375) for month in range(1, 13)]
    rate = 12 / 12 / 2
    assert chances[0] == pytest.approx(0.3 * (0.01 * sum(left[:6]) + rate * sum(left[6:])))
    assert chances[1] == pytest.approx(0.3 * rate * sum(left))


def test_the_expected_sum_is_chance_times_covered_principal_times_share() -> None:
    forecast = forecast_of({}, {"outstanding_principal": 80_000.0})
    assert forecast.expected == pytest.approx(paid_within(12) * 0.7 * (20_000 + 50_000), abs=0.01)
    assert forecast.by_state["past_term"].principal == 70_000.0
    of_new_notice = forecast_of({"outstanding_principal": 80_000.0, "originated_on": date(2026, 1, 1)})
    assert of_new_notice.by_state["past_term"].principal == 80_000.0
    assert forecast.by_state["past_term"].payments == pytest.approx(2 * paid_within(12))


def test_the_interval_is_about_the_expected_sum_and_equal_each_time() -> None:
    forecast = forecast_of(*[{}] * 400)
    assert forecast == forecast_of(*[{}] * 400)
    assert 0 < forecast.low < forecast.expected < forecast.high


def test_fewer_past_payments_widen_the_interval() -> None:
    few = FundCurves(FundHistory(**{**HISTORY.as_json, "fund": 1, "months_past_term": 10.0}), POLICY.fund)
    wide, narrow = (forecast_of(*[{}] * 400, curves=curves) for curves in (few, CURVES))
    assert wide.high / wide.expected > narrow.high / narrow.expected


def test_quarters_with_many_and_with_few_bad_loans_widen_the_interval_of_loans_not_bad_today() -> None:
    uneven = FundCurves(FundHistory(**{**HISTORY.as_json, "new_bad_by_quarter": (2, 18, 2, 18)}), POLICY.fund)
    sound = [{"has_gone_bad": False, "bad_since": None, "probability": 0.5}] * 400
    wide, narrow = (forecast_of(*sound, curves=curves) for curves in (uneven, CURVES))
    assert wide.expected == narrow.expected
    assert wide.high > narrow.high
    bad_today = [forecast_of(*[{}] * 400, curves=curves) for curves in (uneven, CURVES)]
    assert bad_today[0].high == pytest.approx(bad_today[1].high, rel=0.1)


def test_no_covered_loan_gives_nothing_to_pay() -> None:
    forecast = forecast_of({"product": "other"})
    assert (forecast.low, forecast.expected, forecast.high) == (0.0, 0.0, 0.0)


def test_without_cases_the_policy_forecasts_less_than_all_bad_loans() -> None:
    no_cases = FundCurves(FundHistory(str(AS_OF), 60, (0, 0), (0, 0)), POLICY.fund)
    assert 0 < forecast_of({}, curves=no_cases).expected <= 0.3 * 14_000
