"""Thresholds: at the rules' visits, at what each bank can visit, at what saves most; and what keeping a light does."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from models.policy import NEVER
from training.plan import Capacity, Cost, LightPolicy, RulesVisits
from training.threshold_search import choose_light_policy, thresholds_at_cost

JUNE, JULY = date(2024, 6, 30), date(2024, 7, 31)


def sample(**columns: list[object] | int) -> pl.DataFrame:
    """Four loans at two month ends; what is not named is alike."""
    frame = pl.DataFrame({"loan_id": list("abcdabcd"), "as_of": [JUNE] * 4 + [JULY] * 4})
    alike = {
        "rule_level": 0,
        "bank": "b1",
        "township_code": "640323100",
        "outstanding_principal": 50_000.0,
        "bad": 0,
        "bad_on": None,
    }
    typed = frame.with_columns(pl.lit(value).alias(name) for name, value in alike.items())
    named = typed.with_columns(
        pl.lit(values).alias(name) if isinstance(values, int) else pl.Series(name, values)
        for name, values in columns.items()
    )
    return named.with_columns(pl.col("bad_on").cast(pl.Date))


P = np.array([0.9, 0.4, 0.3, 0.1, 0.8, 0.35, 0.2, 0.1])
NO_CEILING = RulesVisits(most_lit=1)


def test_as_many_are_lit_as_the_rules_light() -> None:
    rows = sample(rule_level=[2, 1, 0, 0, 0, 0, 1, 1])
    policy = choose_light_policy(rows, P, LightPolicy(chosen=NO_CEILING, keeps=1.0))
    assert ((policy.red_from <= P).sum(), (policy.yellow_from <= P).sum()) == (1, 4)
    assert policy.terms["rules_visits"] == {"red": 1, "lit": 4}
    assert policy.terms["as_kept"]["lit"] == 4


@pytest.mark.parametrize(("most_lit", "red", "lit"), [(0.25, 1, 2), (0.49, 1, 3), (0.5, 2, 4), (0.1, 0, 0)])
def test_a_ceiling_leaves_the_riskiest_lit_and_red_ones_in_the_rules_proportion(
    most_lit: float, red: int, lit: int
) -> None:
    rows = sample(rule_level=[2, 1, 2, 1, 2, 1, 0, 0])
    policy = choose_light_policy(rows, P, LightPolicy(chosen=RulesVisits(most_lit=most_lit), keeps=1.0))
    assert ((policy.red_from <= P).sum(), (policy.yellow_from <= P).sum()) == (red, lit)
    assert policy.terms["rules_visits"] == {"red": 3, "lit": 6}
    assert policy.terms["budget"] == {"red": red, "lit": lit, "most_lit": most_lit}


def test_a_plan_without_a_ceiling_has_the_countys_and_one_with_a_ceiling_keeps_it() -> None:
    assert LightPolicy().within(0.2).chosen == RulesVisits(most_lit=0.2)
    assert LightPolicy(chosen=RulesVisits(most_lit=0.4)).within(0.2).chosen == RulesVisits(most_lit=0.4)
    by_cost = LightPolicy(chosen=Cost(by="cost"))
    assert by_cost.within(0.2) == by_cost


def test_the_ceiling_that_ships_is_three_of_ten() -> None:
    policy = choose_light_policy(sample(rule_level=1), P, LightPolicy(keeps=1.0))
    assert policy.terms["budget"] == {"red": 0, "lit": 2, "most_lit": 0.3}


def test_lights_kept_count_as_visits_too() -> None:
    rows = sample(rule_level=[2, 1, 0, 0, 0, 0, 1, 1])
    policy = choose_light_policy(rows, P, LightPolicy(chosen=NO_CEILING, keeps=0.5))
    assert policy.terms["as_kept"]["lit"] <= 4
    assert policy.terms["as_kept"]["changes_a_loan_year"] <= policy.terms["without_keeping"]["changes_a_loan_year"]


def test_each_bank_has_thresholds_of_its_own() -> None:
    rows = sample(bank=["b1", "b1", "b2", "b2"] * 2)
    capacity = Capacity(by="capacity", each="bank", red_in_100=0, lit_in_100=50)
    policy = choose_light_policy(rows, P, LightPolicy(chosen=capacity, keeps=1.0))
    assert policy.groups["b1"].yellow_from == 0.8
    assert policy.groups["b2"].yellow_from == 0.2
    assert policy.groups["b1"].red_from == NEVER
    assert policy.by == "bank"


@pytest.mark.parametrize(("balance", "lit"), [(6_000, 0), (6_001, 1)])
def test_a_loan_is_visited_where_what_is_saved_is_more_than_the_visit(balance: float, lit: int) -> None:
    cost = Cost(by="cost", visit_yellow=60, visit_red=1000, loss_given_bad=0.5, averted_yellow=0.2, averted_red=0.2)
    found = thresholds_at_cost(np.array([0.1]), np.array([balance]), cost)
    assert int(found.yellow_from <= 0.1) == lit
    assert found.red_from == NEVER


def test_cheaper_visits_light_more_and_the_sweep_says_how_many() -> None:
    rows = sample(outstanding_principal=[4_000.0] * 8)
    policy = choose_light_policy(rows, P, LightPolicy(chosen=Cost(by="cost"), keeps=1.0))
    lit = {(each["visits_cost"], each["loss"]): each["lit_in_100"] for each in policy.terms["sweep"]}
    assert lit[0.5, 1.0] >= lit[1.0, 1.0] >= lit[2.0, 1.0]
    assert lit[1.0, 2.0] >= lit[1.0, 1.0] >= lit[1.0, 0.5]
    assert len(lit) == 9


def test_lead_time_is_from_the_first_light_to_the_day_a_loan_goes_bad() -> None:
    rows = sample(
        rule_level=[1, 1, 0, 0, 1, 1, 0, 0],
        bad=[1, 1, 0, 0, 1, 1, 0, 0],
        bad_on=[date(2024, 9, 28), date(2024, 8, 29), None, None] * 2,
    )
    policy = choose_light_policy(rows, P, LightPolicy(chosen=NO_CEILING, keeps=1.0))
    assert policy.terms["as_kept"]["median_lead_days"] == (90 + 60) / 2
    assert policy.terms["as_kept"]["lit_90_days_ahead"] == 0.5
