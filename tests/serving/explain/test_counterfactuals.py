"""What would turn a light green: it does when supposed, the fewest facts are told, and none where none are needed."""

from __future__ import annotations

from typing import Any

import polars as pl

from serving.explain.counterfactuals import ACTIONABLE_FACTS, counterfactuals
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
    for row, way in ways[:4]:
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
        assert {remedy.code for remedy in answer.looked_at} == applying
        if not answer.ways:
            assert answer.en == "Nothing actionable would lower the light."


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
