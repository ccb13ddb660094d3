"""What would turn a light green: it does when supposed, the fewest facts are told, and none where none are needed."""

from __future__ import annotations

from typing import Any

import polars as pl

from serving.explain.counterfactuals import ACTIONABLE_FACTS, counterfactuals
from serving.explain.household_cache import household_month
from serving.explain.least_amounts import AMOUNT_FACTS
from serving.explain.sentences import render_warnings
from serving.explain.what_if_answers import what_if
from tests.conftest import County

Row = dict[str, Any]


def loans_with(county: County, light: str) -> list[Row]:
    rows = county.facts.join(county.warnings.select("loan_id", "light"), on="loan_id")
    return rows.filter(pl.col("light") == light, ~pl.col("has_gone_bad")).sort("loan_id").to_dicts()


def test_what_turns_it_green_does_so_when_it_is_supposed(county: County) -> None:
    month, store = county.month, county.store
    answers = [
        (row, counterfactuals(warning_of(county, row), row, month, store)) for row in loans_with(county, "yellow")[:12]
    ]
    ways = [(row, way) for row, answer in answers for way in answer.ways]
    assert ways
    for row, way in [each for each in ways if each[1].remedies[0].code in {a.code for a in ACTIONABLE_FACTS}][:4]:
        facts = [
            remedy.fact(row, month.as_of)
            for remedy in ACTIONABLE_FACTS
            if remedy.code in {r.code for r in way.remedies}
        ]
        [loan] = [x for x in what_if(month, store, row["household_id"], facts).loans if x.loan_id == row["loan_id"]]
        assert loan.after
        assert (loan.after.light, loan.after.probability) == (way.light, way.probability)
        assert loan.after.light == "green"


def test_the_fewest_facts_are_told_and_only_those_that_apply(county: County) -> None:
    for row in loans_with(county, "yellow")[:12]:
        answer = counterfactuals(warning_of(county, row), row, county.month, county.store)
        assert len({len(way.remedies) for way in answer.ways}) <= 1
        applying = {remedy.code for remedy in ACTIONABLE_FACTS if remedy.applies(row, county.month.policy)}
        snapshot = household_month(county.month, county.store, row["household_id"]).ledger_snapshot
        in_steps = {amount.code for amount in AMOUNT_FACTS if amount.most(row, snapshot) > 0}
        assert {remedy.code for remedy in answer.looked_at} == applying | in_steps
        if not answer.ways:
            assert answer.en == "Nothing actionable would lower the light."


def least_amounts(county: County, code: str) -> list[tuple[Row, Any, Any]]:
    """Loan, way and amount fact of the least amounts of a kind."""
    [amount] = [each for each in AMOUNT_FACTS if each.code == code]
    found = []
    for light in ("red", "yellow"):
        for row in loans_with(county, light)[:25]:
            answer = counterfactuals(warning_of(county, row), row, county.month, county.store)
            found += [(row, way, amount) for way in answer.ways if way.remedies[0].code == code]
    return found


def light_after(county: County, row: Row, fact: Any) -> str | None:
    loans = what_if(county.month, county.store, row["household_id"], [fact]).loans
    [after] = [loan.after for loan in loans if loan.loan_id == row["loan_id"]]
    return after.light if after else None


def test_the_least_payment_ahead_is_enough_and_a_step_less_is_not(county: County) -> None:
    found = least_amounts(county, "principal_ahead")
    assert found
    for row, way, amount in found[:3]:
        household = household_month(county.month, county.store, row["household_id"]).ledger_snapshot
        steps = range(1, amount.most(row, household) + 1)
        [least] = [n for n in steps if words_of(amount, household, n) == way.remedies[0].zh]
        assert light_after(county, row, amount.fact(row, household, least)) == way.light
        assert least == 1 or light_after(county, row, amount.fact(row, household, least - 1)) != way.light


def test_the_most_sheep_are_of_the_herd_and_pay_no_more_than_is_owed(county: County) -> None:
    [sheep] = [each for each in AMOUNT_FACTS if each.code == "sheep_sold"]
    tried = 0
    for row in loans_with(county, "yellow"):
        household = household_month(county.month, county.store, row["household_id"]).ledger_snapshot
        most = sheep.most(row, household)
        if not most:
            continue
        tried += 1
        _, yuan = sheep.amounts(household, most)
        assert most <= row["sheep_count"]
        assert yuan < row["outstanding_principal"]
        if tried <= 3:
            assert light_after(county, row, sheep.fact(row, household, most)) is not None
    assert tried > 3


def words_of(amount: Any, household: Any, steps: int) -> str:
    number, yuan = amount.amounts(household, steps)
    return str(amount.words.zh.format(amount=number, yuan=yuan))


def test_a_loan_in_arrears_has_these_to_clear_first(county: County) -> None:
    row = next(each for each in loans_with(county, "red") if (each["overdue_amount"] or 0) > 0)
    snapshot = household_month(county.month, county.store, row["household_id"]).ledger_snapshot
    assert [amount.most(row, snapshot) for amount in AMOUNT_FACTS] == [0, 0]


def test_a_green_light_needs_no_turning_and_one_gone_bad_cannot_be_turned(county: County) -> None:
    green = loans_with(county, "green")[0]
    assert counterfactuals(warning_of(county, green), green, county.month, county.store).en == "The light is green."
    bad = county.facts.filter("has_gone_bad").row(0, named=True)
    assert counterfactuals(warning_of(county, bad), bad, county.month, county.store).ways == []


def warning_of(county: County, row: Row) -> Any:
    mine = pl.col("loan_id") == row["loan_id"]
    month = county.month
    return render_warnings(
        month.scan("warnings").filter(mine).collect(), month.scan("features").filter(mine).collect(), month
    )[0]
