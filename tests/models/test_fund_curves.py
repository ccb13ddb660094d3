"""What becomes of bad loans, counted by hand on a few, and the policy's numbers where they are too few."""

from __future__ import annotations

import json
from datetime import date, timedelta
from math import exp
from typing import Any

import polars as pl
import pytest

from features.spell_endings import SPELL_ENDINGS_SCHEMA
from models.county_policy.policy_table import shipped_policy_table
from models.county_policy.sections import Fund
from models.fund_curves import FundCurves, FundHistory, fund_history, new_bad_rate, no_fund_history

AS_OF = date(2025, 12, 31)
SHIPPED = shipped_policy_table().in_force(AS_OF).fund
FEW = SHIPPED.model_copy(update={"least_cases": 4})


def spell(begun_days_ago: int, lasted: int | None, by: str | None, **cells: Any) -> dict[str, Any]:
    bad_on = AS_OF - timedelta(days=begun_days_ago)
    ended_on = None if lasted is None else bad_on + timedelta(days=lasted)
    row = {"loan_id": "L", "product": "microloan", "bad_on": bad_on, "ended_on": ended_on, "ended_by": by}
    return {**row, "outstanding": 10_000.0, "fund_paid": 7_000.0 if by == "fund" else 0.0, **cells}


SPELLS = [
    spell(500, 10, "repaid"),
    spell(500, 40, "repaid"),
    spell(400, 59, "repaid"),
    spell(400, 60, "repaid"),
    spell(300, 182, "fund"),
    spell(700, 120, "fund"),
    spell(200, 160, "written_off"),
    spell(160, None, None),
    spell(59, None, None),
    spell(500, None, None, product="other"),
]


def curves_of(spells: list[dict[str, Any]], fund: Fund = FEW) -> FundCurves:
    return FundCurves(fund_history(pl.DataFrame(spells, SPELL_ENDINGS_SCHEMA.dtypes), AS_OF, fund, 30), fund)


def test_the_roll_counts_times_bad_whose_term_has_passed() -> None:
    history = curves_of(SPELLS).history
    assert (history.term_days, history.begun, history.reached) == (60, (8, 7), (5, 5))
    rolls = curves_of(SPELLS).rolls
    assert [roll.value for roll in rolls] == [5 / 8, 5 / 7, 1.0]
    assert 0.3 < (rolls[0].low or 0) < 5 / 8 < (rolls[0].high or 1) < 0.9


def test_rates_past_the_term_are_endings_by_months_past_it() -> None:
    curves = curves_of(SPELLS)
    months = round((0 + 122 + 60 + 100 + 100) / 30.4375, 2)
    assert curves.history.months_past_term == months
    assert [rate.value for rate in curves.monthly_rates] == [2 / months, 1 / months, 1 / months]
    assert [curves.paid_finally.value, curves.lost_finally] == pytest.approx([1 / 2, 3 / 4])
    within = pl.select(curves.paid_within(pl.lit(3.0))).item()
    assert within == pytest.approx(1 / 2 * (1 - exp(-4 / months * 3)))


@pytest.mark.parametrize("months", [0.0, -2.0])
def test_nothing_is_paid_before_the_term(months: float) -> None:
    assert pl.select(curves_of(SPELLS).paid_within(pl.lit(months))).item() == 0


@pytest.mark.parametrize(("days", "roll"), [(0, 5 / 8), (29, 5 / 8), (30, 5 / 7), (59, 5 / 7), (60, 1.0), (None, 1.0)])
def test_a_bad_loan_has_the_roll_of_the_days_it_has_been_bad(days: int | None, roll: float) -> None:
    assert pl.select(curves_of(SPELLS).roll_after(pl.lit(days, pl.Int64))).item() == roll


def test_payments_of_the_last_year_and_since_the_balance_are_summed() -> None:
    fund = FEW.model_copy(update={"balance": 1e6, "balance_on": date(2023, 1, 1)})
    history = curves_of(SPELLS, fund).history
    assert (history.paid_12m, history.payments_12m, history.paid_since_balance) == (7_000.0, 1, 14_000.0)
    assert (history.new_bad_12m, new_bad_rate(curves_of(SPELLS), 100)) == (4, 4 / 12 / 100)


def test_few_cases_give_the_numbers_of_the_policy() -> None:
    curves = curves_of(SPELLS, SHIPPED)
    assert [roll.value for roll in curves.rolls] == [0.7, 0.7, 1.0]
    assert all(number.trials is None for number in (*curves.rolls, *curves.monthly_rates, curves.paid_share))
    assert [curves.paid_finally.value, curves.lost_finally] == pytest.approx([0.3, 0.5])
    assert curves.rolls[:2] == FundCurves(no_fund_history(AS_OF, SHIPPED, 30), SHIPPED).rolls[:2]


@pytest.mark.parametrize(("least", "is_measured"), [(5, True), (6, False)])
def test_the_county_is_measured_from_the_least_cases_on(least: int, is_measured: bool) -> None:
    fund = SHIPPED.model_copy(update={"least_cases": least})
    assert curves_of(SPELLS, fund).is_measured_past_term is is_measured


def test_a_fund_that_never_paid_is_counted_half_a_payment() -> None:
    spells = [each for each in SPELLS if each["ended_by"] != "fund"] * 2
    curves = curves_of(spells)
    assert (curves.history.fund, curves.payments) == (0, 0.5)
    assert 0 < curves.paid_finally.value < 0.2


def test_a_manifest_gives_the_counts_back() -> None:
    history = curves_of(SPELLS).history
    assert FundHistory.from_json({**history.as_json, "begun": [8, 7], "reached": [5, 5]}) == history


@pytest.mark.parametrize(
    ("quarters", "excess"),
    [((10, 10, 10, 10), 0.0), ((4, 12), 0.0), ((0, 0, 0, 0), 0.0), ((2, 18, 2, 18), (256 / 3 - 10) / 100)],
)
def test_quarters_that_differ_beyond_chance_widen_the_interval(quarters: tuple[int, ...], excess: float) -> None:
    history = FundHistory("2025-12-31", 60, new_bad_by_quarter=quarters)
    assert history.excess_variance == pytest.approx(excess)
    assert FundHistory.from_json(json.loads(json.dumps(history.as_json))) == history
