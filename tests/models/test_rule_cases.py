"""The rule table against its cases: one YAML a rule, a case on each side of every bound."""

from __future__ import annotations

from math import inf, nextafter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from features.catalog import FEATURES, OUTPUT_FEATURES
from models.traffic_light.evaluate import evaluate_rules
from models.traffic_light.rule import Condition, Rule
from models.traffic_light.rules import RULES

CASES = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in Path("tests/cases").glob("*.yaml")}
EVERY_CASE = [(rule, case) for rule in RULES for case in CASES[rule.id]["cases"]]


def frame_of(given: dict[str, Any]) -> pl.DataFrame:
    schema = {feature.name: pl.String if feature.is_code else pl.Float64 for feature in OUTPUT_FEATURES}
    return pl.DataFrame([given], schema=schema)


def test_each_rule_has_its_cases() -> None:
    assert set(CASES) == {rule.id for rule in RULES}


@pytest.mark.parametrize(("rule", "case"), EVERY_CASE, ids=[f"{rule.id}: {case['says']}" for rule, case in EVERY_CASE])
def test_a_case_ends_as_it_says(rule: Rule, case: dict[str, Any]) -> None:
    row = evaluate_rules(frame_of(case["given"]), (rule,)).row(0, named=True)
    fired = {"id": rule.id, "light": CASES[rule.id]["light"], "hard": CASES[rule.id]["hard"]}
    assert row["rules"] == ([fired] if case["fires"] == "yes" else [])
    assert row["not_assessable"] == ([rule.id] if case["fires"] == "unknown" else [])
    assert row["rule_light"] == (fired["light"] if row["rules"] and fired["light"] != "note" else "green")
    assert row["hard_light"] == (row["rule_light"] if fired["hard"] else "green")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_bound_has_a_case_on_it_and_a_case_beyond_it(rule: Rule) -> None:
    for condition in rule.conditions:
        assert {holds(condition, value) for value in values_of(condition, rule)} == {True, False}
        if condition.sign in (">=", "<="):
            assert condition.bound in values_of(condition, rule)


def values_of(condition: Condition, rule: Rule) -> list[float]:
    given = [case["given"].get(condition.feature.name) for case in CASES[rule.id]["cases"]]
    return [float(value) for value in given if value is not None]


def holds(condition: Condition, value: float) -> bool:
    return bool(pl.DataFrame({condition.feature.name: [value]}).select(condition.holds).item())


def nearest(condition: Condition, holding: bool) -> float:
    """The number nearest to the bound for which the condition holds, or does not."""
    if (condition.sign in (">=", "<=")) == holding:
        return condition.bound
    upwards = (condition.sign[0] == ">") == holding
    return nextafter(condition.bound, inf if upwards else -inf)


@pytest.mark.parametrize(
    ("rule", "condition"),
    [(rule, condition) for rule in RULES for condition in rule.conditions],
    ids=lambda each: each.id if isinstance(each, Rule) else f"{each.feature.name} {each.sign} {each.bound:g}",
)
def test_a_rule_fires_on_the_nearest_number_and_not_on_the_one_just_short_of_it(
    rule: Rule, condition: Condition
) -> None:
    others = {each.feature.name: nearest(each, holding=True) for each in rule.conditions}
    for holding in (True, False):
        facts = others | {condition.feature.name: nearest(condition, holding)}
        fired = [one["id"] for one in evaluate_rules(frame_of(facts), (rule,))["rules"][0]]
        assert fired == ([rule.id] if holding else [])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_sentence_writes_its_values_in_their_units(rule: Rule) -> None:
    written = {c.feature.name: FEATURES[c.feature.name].unit.text(c.bound) for c in rule.conditions}
    for text, language in ((rule.words.zh, "zh"), (rule.words.en, "en")):
        assert "{" not in text.format(**{name: getattr(words, language) for name, words in written.items()})


def test_the_light_is_the_worst_of_the_rules_that_fired() -> None:
    row = evaluate_rules(frame_of({"principal_days_past_due": 1, "late_instalments_12m": 2}), RULES).row(0, named=True)
    assert (row["rule_light"], row["hard_light"]) == ("red", "red")
    row = evaluate_rules(frame_of({"late_instalments_12m": 2}), RULES).row(0, named=True)
    assert (row["rule_light"], row["hard_light"]) == ("yellow", "green")
