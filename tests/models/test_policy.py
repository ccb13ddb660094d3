"""The policy: as many visits as the rules make, never more, whatever the ties."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.policy import NEVER, Panel, Policy, Thresholds, thresholds_at_capacity


def policy_at(probabilities: list[float], red: int, visits: int) -> Policy:
    """As many visits as that, in one month."""
    loans, month = pl.Series(range(len(probabilities))), pl.Series([0] * len(probabilities))
    found = thresholds_at_capacity(Panel(loans, month, np.array(probabilities)), red, visits)
    return Policy(found.yellow_from, found.red_from, "rules_visits")


def lights(probabilities: list[float], red: int, visits: int) -> list[int | None]:
    policy = policy_at(probabilities, red, visits)
    return pl.DataFrame({"p": probabilities}).select(policy.level(pl.col("p"))).to_series().to_list()


@pytest.mark.parametrize(
    ("probabilities", "red", "visits", "levels"),
    [
        ([0.9, 0.5, 0.4, 0.1], 1, 2, [2, 1, 0, 0]),
        ([0.9, 0.5, 0.4, 0.1], 0, 0, [0, 0, 0, 0]),
        ([0.9, 0.5, 0.4, 0.1], 4, 4, [2, 2, 2, 2]),
        ([0.9, 0.5, 0.5, 0.1], 1, 2, [2, 0, 0, 0]),
        ([0.5, 0.5, 0.5, 0.5], 1, 3, [0, 0, 0, 0]),
    ],
)
def test_the_model_lights_as_many_as_the_rules_and_leaves_a_tie_too_large_out(
    probabilities: list[float], red: int, visits: int, levels: list[int]
) -> None:
    assert lights(probabilities, red, visits) == levels


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.data())
def test_no_policy_visits_more_than_the_rules(probabilities: list[float], data: st.DataObject) -> None:
    visits = data.draw(st.integers(0, len(probabilities)))
    red = data.draw(st.integers(0, visits))
    found = [level or 0 for level in lights(probabilities, red, visits)]
    assert sum(level >= 1 for level in found) <= visits
    assert sum(level == 2 for level in found) <= red
    riskiest = sorted(zip(probabilities, found, strict=True), reverse=True)
    assert [level for _, level in riskiest] == sorted((level for _, level in riskiest), reverse=True)


def test_without_a_probability_there_is_no_light() -> None:
    policy = policy_at([0.5, 0.1], 1, 1)
    missing = pl.DataFrame({"p": [None, 0.5]}, schema={"p": pl.Float64})
    assert missing.select(policy.level(pl.col("p"))).to_series().to_list() == [None, 2]


def test_a_light_stays_until_the_probability_falls_below_its_share_of_the_threshold() -> None:
    policy = Policy(0.25, 0.5, "rules_visits", keeps=0.5)
    probability = [0.5, 0.25, 0.24, 0.25, 0.125, 0.124, 0.125, None]
    was = [0, 2, 2, 0, 1, 1, 0, 2]
    frame = pl.DataFrame({"p": probability, "was": was})
    levels = frame.select(policy.level(pl.col("p"), pl.col("was"))).to_series().to_list()
    assert levels == [2, 2, 1, 1, 1, 0, 0, None]


def test_a_bank_with_thresholds_of_its_own_is_lit_by_them() -> None:
    policy = Policy(0.2, 0.5, "capacity", by="bank", groups={"b1": Thresholds(0.1, 0.3)})
    frame = pl.DataFrame({"p": [0.3, 0.3, 0.1, 0.1], "bank": ["b1", "b2", "b1", None]})
    assert frame.select(policy.level(pl.col("p"))).to_series().to_list() == [2, 1, 1, 0]


def test_thresholds_with_lights_kept_visit_no_more_rows_either() -> None:
    loans, months = pl.Series(["a", "b", "a", "b"]), pl.Series([1, 1, 2, 2])
    panel = Panel(loans, months, np.array([0.5, 0.3, 0.45, 0.1]))
    found = thresholds_at_capacity(panel, 1, 2, keeps=0.8)
    assert (found.yellow_from, found.red_from) == (0.45, NEVER)
    assert panel.flagged_rows(0.5, 0.8).tolist() == [True, False, True, False]
