"""County figures: whose values count, how many households it takes, and a rule that compares with them."""

from __future__ import annotations

from datetime import date
from itertools import starmap
from typing import Any

import polars as pl
import pytest

from features.income import income_per_head, net_income
from features.messages import Bilingual
from models.traffic_light.county_figures import county_figures, figure_columns, figures_by_county, with_county_figures
from models.traffic_light.evaluate import evaluate_rules
from models.traffic_light.rule import Colour, Condition, Rule
from models.traffic_light.rules import RULES, rules_version

WORDS = Bilingual("低于全县 {county_income_per_head}", "below {county_income_per_head} in the county")


def rule(quantile: float = 0.5, bound: float = 1.0, *others: Condition) -> Rule:
    condition = Condition(income_per_head, "<", bound, county_quantile=quantile)
    return Rule("R203", Colour.YELLOW, (condition, *others), WORDS, "notice", date(2026, 1, 1))


def loans(*rows: tuple[str, str | None, float | None, bool]) -> pl.DataFrame:
    """Rows of household, county, income and whether the loan has gone bad."""
    schema = {"household_id": pl.String, "county_code": pl.String, "income_per_head": pl.Float64}
    frame = pl.DataFrame(list(rows), schema={**schema, "has_gone_bad": pl.Boolean}, orient="row")
    place = pl.col("county_code")
    return frame.with_columns(
        pl.lit("Rural Bank").alias("bank"),
        (place + "100").alias("township_code"),
        (place + "100001").alias("village_code"),
    )


def county_of(count: int, code: str = "640323") -> list[tuple[str, str | None, float | None, bool]]:
    return [(f"{code}-{number}", code, float(number), False) for number in range(1, count + 1)]


def test_five_others_have_to_stand_behind_a_figure() -> None:
    frame = loans(*county_of(5), *county_of(6, "640324"))
    assert county_figures(frame, (rule(),)).rows() == [("640324", "county income_per_head 0.5", 3.5)]


def test_no_bank_and_no_township_can_compute_the_value_of_a_few_others() -> None:
    frame = loans(*county_of(9))
    for column, value in (("bank", "Other Bank"), ("township_code", "640323101"), ("village_code", "640323100002")):
        for theirs, told in ((0, True), (1, False), (4, False), (5, False), (9, True)):
            moved = pl.when(pl.int_range(9) < theirs).then(pl.lit(value)).otherwise(column)
            assert county_figures(frame.with_columns(moved.alias(column)), (rule(),)).is_empty() != told
    of_both = loans(*county_of(10)).with_columns(
        pl.when(pl.int_range(10) < 5).then(pl.lit("B")).otherwise("bank").alias("bank")
    )
    assert county_figures(of_both, (rule(),)).height == 1


@pytest.mark.parametrize(
    "other",
    [
        ("other", "640323", None, False),
        ("other", "640323", 9.0, True),
        ("other", None, 9.0, False),
        ("640323-5", "640323", 5.0, False),
    ],
    ids=["without a value", "gone bad", "of no county", "another loan of a household"],
)
def test_what_does_not_count_as_a_household(other: tuple[str, str | None, float | None, bool]) -> None:
    assert county_figures(loans(*county_of(5), other), (rule(),)).is_empty()


def test_a_household_with_several_loans_counts_once() -> None:
    frame = loans(*county_of(7), *[("640323-1", "640323", 1.0, False)] * 20)
    assert county_figures(frame, (rule(),))["value"].to_list() == [4.0]


@pytest.mark.parametrize(("quantile", "bound", "fires"), [(0.5, 1.0, 3), (0.25, 1.0, 2), (0.5, 0.5, 1), (0.9, 1.0, 6)])
def test_a_rule_fires_below_a_multiple_of_the_quantile(quantile: float, bound: float, fires: int) -> None:
    rules, frame = (rule(quantile, bound),), loans(*county_of(7))
    figures = figures_by_county(county_figures(frame, rules))
    lights = evaluate_rules(with_county_figures(frame, figures, rules), rules)
    assert lights["rule_light"].to_list() == ["yellow"] * fires + ["green"] * (7 - fires)


def test_without_a_figure_or_a_value_a_rule_is_not_assessable() -> None:
    frame = loans(*county_of(7), *county_of(5, "640324"), ("unknown", None, 1.0, False), ("x", "640323", None, False))
    figures = figures_by_county(county_figures(frame, (rule(),)))
    lights = evaluate_rules(with_county_figures(frame, figures, (rule(),)), (rule(),))
    assert lights["not_assessable"].to_list() == [[]] * 7 + [["R203"]] * 7
    assert set(lights["rule_light"][7:]) == {"green"}


def test_the_rules_that_ship_compare_with_no_county() -> None:
    assert figure_columns(RULES) == []
    assert rules_version(RULES) == "a4c1ca0c"
    versions = {rules_version((each,)) for each in (rule(), rule(0.4), rule(0.5, 0.9))}
    assert len(versions) == 3


def test_a_month_keeps_the_name_of_the_figure_and_older_sentences_have_none() -> None:
    assert rule().sentences["county_figures"] == {"income_per_head": "county income_per_head 0.5"}
    assert all("county_figures" not in each.sentences for each in RULES)


@pytest.mark.parametrize(
    ("conditions", "words", "said"),
    [
        ([(income_per_head, 0.5)], ("低", "low"), "write {county_income_per_head}"),
        ([(income_per_head, None)], (WORDS.zh, WORDS.en), "speaks of 'county_income_per_head'"),
        ([(income_per_head, 0.5), (income_per_head, 0.4)], (WORDS.zh, WORDS.en), "two figures of the county"),
        ([(income_per_head, 0.5), (net_income, 0.5)], (WORDS.zh, WORDS.en), "write {county_net_income}"),
    ],
)
def test_a_sentence_says_every_figure_and_no_other(conditions: list[Any], words: tuple[str, str], said: str) -> None:
    compared = tuple(Condition(feature, "<", 1.0, quantile) for feature, quantile in conditions)
    with pytest.raises(TypeError, match=said):
        list(starmap(Rule, [("R203", Colour.YELLOW, compared, Bilingual(*words), "notice", date(2026, 1, 1))]))
