"""Lit loans beside the budget: what counts, what is told of it, and thresholds that use the budget up exactly."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.budget_use import (
    BUDGET_LOANS_SCHEMA,
    BudgetUse,
    budget_sentences,
    budget_use,
    offer_sentence,
    published_level,
    verdict_sentence,
)
from models.county_policy.policy_table import shipped_policy_table
from models.county_policy.sections import CountyPolicy
from models.light import CODES
from models.policy import NEVER, Policy, Thresholds, VisitBudget
from models.traffic_light.evaluate import as_codes

DAY = date(2025, 12, 31)
SHIPPED = shipped_policy_table().in_force(DAY)
HALF = Policy(0.5, 0.9, "rules_visits", {"budget": {"red": 1, "lit": 3}, "rows": 10})


def month_of(probabilities: list[float], policy: Policy | None = HALF, **columns: list[Any]) -> pl.DataFrame:
    """Loans with the lights that the thresholds give them; what is not named is alike."""
    alike: dict[str, Any] = {
        "status": "performing",
        "hard_light": "green",
        "rule_light": "green",
        "probability": probabilities,
        "previous_model_light": None,
        **({policy.by: "b1"} if policy and policy.by else {}),
    }
    rows = {name: columns.get(name, value) for name, value in alike.items()}
    count = len(probabilities)
    frame = pl.DataFrame({name: value if isinstance(value, list) else [value] * count for name, value in rows.items()})
    frame = frame.with_columns(pl.col("previous_model_light").cast(pl.String))
    light = as_codes(published_level(policy)) if policy else pl.col("rule_light")
    return frame.with_columns(light.alias("light"))


def few_loans(least: int = 1, **limits: float) -> CountyPolicy:
    """The shipped policy, by which few loans are enough to tell, with other limits of visits."""
    return SHIPPED.model_copy(
        update={
            "groups": SHIPPED.groups.model_copy(update={"least_loans": least}),
            "visits": SHIPPED.visits.model_copy(update=limits),
        }
    )


def test_bad_loans_are_counted_apart_and_hard_rules_and_probation_among_the_lit() -> None:
    loans = month_of(
        [0.95, 0.6, 0.1, 0.1, 0.1, 0.1],
        status=["performing", "performing", "probation", "performing", "bad", "performing"],
        hard_light=["green", "green", "green", "red", "red", "green"],
        rule_light=["green", "yellow", "yellow", "red", "red", "green"],
    )
    use = budget_use(loans, HALF, few_loans())
    assert BUDGET_LOANS_SCHEMA.mismatch(loans.select(*BUDGET_LOANS_SCHEMA.columns).schema) is None
    assert (use.bad, use.sound, use.red, use.yellow, use.apart) == (1, 5, 2, 2, 2)
    assert (use.rules_red, use.rules_lit) == (1, 3)


def test_the_budget_is_the_share_that_was_chosen_within_the_ceiling() -> None:
    loans = month_of([0.1] * 20)
    assert budget_use(loans, HALF, few_loans()).budget_lit == 6
    assert budget_use(loans, HALF, few_loans()).budget_red == 2
    within = budget_use(loans, HALF, few_loans(most_lit=0.2))
    assert (within.budget_lit, within.budget_red) == (4, 1)


@pytest.mark.parametrize(
    ("terms", "lit"),
    [
        ({"budget": {"red": 5, "lit": 10, "most_lit": 0.1}, "rules_visits": {"red": 9, "lit": 60}, "rows": 100}, 10),
        ({"rules_visits": {"red": 5, "lit": 20}, "rows": 100, "as_kept": {"red": 4, "lit": 18}}, 20),
        ({"cost": {}, "rows": 100, "as_kept": {"red": 4, "lit": 18}}, 18),
        ({"capacity": {"red_in_100": 2, "lit_in_100": 15}, "rows": 100, "as_kept": {"red": 4, "lit": 18}}, 15),
        ({}, 25),
    ],
)
def test_thresholds_of_every_way_and_of_older_models_have_a_budget(terms: dict[str, Any], lit: int) -> None:
    """Of thresholds whose terms say nothing it is what the rules light."""
    loans = month_of([0.1] * 100, rule_light=["yellow"] * 25 + ["green"] * 75)
    assert budget_use(loans, Policy(0.5, 0.9, "any", terms), few_loans()).budget_lit == lit


@pytest.mark.parametrize(
    ("lit", "verdict"),
    [(0, "under"), (3, "under"), (4, "fine"), (9, "fine"), (10, "over"), (33, "over"), (34, "above")],
)
def test_what_is_off_the_ceiling_or_the_budget_is_told_with_what_to_do(lit: int, verdict: str) -> None:
    six_in_100 = Policy(0.5, 0.9, "rules_visits", {"budget": {"red": 1, "lit": 6}, "rows": 100})
    use = budget_use(month_of([0.6] * lit + [0.1] * (100 - lit), six_in_100), six_in_100, SHIPPED)
    assert use.verdict == verdict
    sentence = verdict_sentence(use, DAY)
    assert (sentence is None) == (verdict == "fine")
    for text in (sentence.zh, sentence.en) if sentence else ():
        assert "lights thresholds --as-of 2025-12-31 --visits 6" in text


def test_what_no_threshold_can_change_is_told_as_such() -> None:
    loans = month_of([0.1] * 10, hard_light=["yellow"] * 5 + ["green"] * 5)
    said = verdict_sentence(budget_use(loans, HALF, few_loans()), DAY)
    assert said is not None
    assert "Probation and hard rules alone use up the budget (5 loans)" in said.en
    by_rules = budget_use(month_of([0.1] * 10, None, rule_light=["yellow"] * 5 + ["green"] * 5), None, few_loans())
    said = verdict_sentence(by_rules, DAY)
    assert (by_rules.verdict, by_rules.offer) == ("above", None)
    assert said is not None
    assert "train a model (lights train)" in said.en


def test_few_loans_and_visits_that_are_asked_for_are_no_verdict() -> None:
    loans = month_of([0.6] * 10)
    assert budget_use(loans, HALF, SHIPPED).verdict == "few"
    asked = budget_use(loans, HALF, few_loans(), VisitBudget(1, 2))
    assert (asked.verdict, asked.budget_lit) == ("fine", 2)


def test_the_sentences_name_every_number() -> None:
    use = budget_use(month_of([0.95, 0.6, 0.3] + [0.1] * 7, rule_light=["yellow"] * 4 + ["green"] * 6), HALF, SHIPPED)
    [status, offer] = budget_sentences(use, DAY)
    assert status.en == (
        "Budget of visits: of 10 loans that have not gone bad 2 are lit (20.0%; red 1, yellow 1), 0 of them whatever "
        "the thresholds are (on probation or under a hard rule); the budget is 3 (30.0%), the ceiling 30%; today's "
        "rules would light 4 (40.0%). 0 bad loans are counted apart."
    )
    assert "未变坏的贷款 10 笔，亮灯 2 笔（20.0%；红 1，黄 1）" in status.zh
    assert offer.en == (
        "Thresholds that would light 3 (red 1): yellow ≥ 0.3000, red ≥ 0.9500; 1 loans change colour: green → yellow 1."
        ' Not applied; to apply: lights thresholds --as-of 2025-12-31 --visits 3 --reason "why".'
    )
    assert "绿灯 → 黄灯 1" in offer.zh
    assert BudgetUse.from_json(json.loads(json.dumps(use.as_json))) == use


def test_a_light_that_is_held_on_counts_and_is_told_apart_from_one_that_is_not() -> None:
    keeping = Policy(0.5, 0.9, "rules_visits", {"budget": {"red": 0, "lit": 1}, "rows": 2}, keeps=0.8)
    loans = month_of([0.42, 0.45], keeping, previous_model_light=["yellow", "green"])
    offer = budget_use(loans, keeping, few_loans(most_lit=0.5)).offer
    assert offer is not None
    assert offer.lit == 1
    levels = loans.select(published_level(offer.policy(keeping, {}))).to_series().to_list()
    assert levels == [1, 0]


def test_each_bank_gets_its_part_of_the_budget() -> None:
    by_bank = Policy(
        0.5,
        0.9,
        "capacity",
        {"capacity": {"red_in_100": 0, "lit_in_100": 30}},
        by="bank",
        groups={"b1": Thresholds(0.5, NEVER), "b2": Thresholds(0.5, NEVER)},
    )
    probabilities = [0.05 * step for step in range(1, 21)]
    loans = month_of(probabilities, by_bank, bank=["b1"] * 10 + ["b2"] * 10)
    offer = budget_use(loans, by_bank, few_loans()).offer
    assert offer is not None
    assert (offer.lit, offer.red) == (6, 0)
    assert offer.groups["b1"]["yellow_from"] == probabilities[7]
    assert offer.groups["b2"]["yellow_from"] == probabilities[17]


loans_drawn = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.sampled_from([None, *CODES]),
        st.sampled_from(CODES),
        st.sampled_from(["performing", "probation"]),
    ),
    min_size=1,
    max_size=30,
    unique_by=lambda each: each[0],
)


@given(loans_drawn, st.integers(0, 30), st.integers(0, 30), st.sampled_from([0.7, 0.8, 1.0]))
def test_offered_thresholds_use_up_the_budget_and_never_more(
    drawn: list[tuple[float, str | None, str, str]], lit: int, red: int, keeps: float
) -> None:
    policy = Policy(0.5, 0.9, "rules_visits", keeps=keeps)
    probabilities, previous, hard, status = (list(column) for column in zip(*drawn, strict=True))
    loans = month_of(probabilities, policy, previous_model_light=previous, hard_light=hard, status=status)
    budget = VisitBudget(min(red, lit), lit)
    use = budget_use(loans, policy, few_loans(), budget)
    assert use.offer is not None
    least = loans.select(published_level(Policy(NEVER, NEVER, "none", keeps=keeps))).to_series()
    assert use.offer.lit <= max(lit, int((least >= 1).sum()))
    assert use.offer.red <= max(budget.red, int((least >= 2).sum()))
    levels = loans.select(published_level(use.offer.policy(policy, {}))).to_series()
    assert (use.offer.lit, use.offer.red) == (int((levels >= 1).sum()), int((levels >= 2).sum()))
    reached = [p / keeps if was not in (None, "green") else p for p, was in zip(probabilities, previous, strict=True)]
    if len(set(reached)) == len(reached) and min(reached) > 0:
        assert use.offer.lit == max(min(lit, len(drawn)), int((least >= 1).sum()))


def test_no_offer_without_a_model() -> None:
    assert offer_sentence(budget_use(month_of([0.1] * 5, None), None, SHIPPED), DAY) is None
