"""Both matrices at every bound and a day beyond it."""

from __future__ import annotations

import pytest

from models.five_classes import CLASS_WORDS, MATRICES

RULE_2023 = {
    0: "normal",
    1: "special_mention",
    90: "special_mention",
    91: "substandard",
    270: "substandard",
    271: "doubtful",
    360: "doubtful",
    361: "loss",
}
UNSECURED_SMALL = {
    0: "normal",
    1: "special_mention",
    30: "special_mention",
    31: "substandard",
    90: "substandard",
    91: "doubtful",
    360: "doubtful",
    361: "loss",
}


@pytest.mark.parametrize(("name", "table"), [("rule_2023", RULE_2023), ("unsecured_small", UNSECURED_SMALL)])
def test_a_class_begins_the_day_after_its_bound(name: str, table: dict[int, str]) -> None:
    assert {days: MATRICES[name].class_of(days) for days in table} == table


@pytest.mark.parametrize("name", MATRICES)
def test_a_matrix_never_gets_better_as_days_pass(name: str) -> None:
    order = list(CLASS_WORDS)
    ranks = [order.index(MATRICES[name].class_of(days)) for days in range(500)]
    assert ranks == sorted(ranks)
    assert set(ranks) == set(range(5))
