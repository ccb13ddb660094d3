"""The policy: as many visits as the rules make, never more, whatever the ties."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.policy import policy_at_visits


def lights(probabilities: list[float], red: int, visits: int) -> list[int | None]:
    policy = policy_at_visits(np.array(probabilities), red, visits)
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
    policy = policy_at_visits(np.array([0.5, 0.1]), 1, 1)
    missing = pl.DataFrame({"p": [None, 0.5]}, schema={"p": pl.Float64})
    assert missing.select(policy.level(pl.col("p"))).to_series().to_list() == [None, 2]
