"""Expected loss and its split, worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from models.county_policy.policy_table import shipped_policy_table
from models.expected_loss import expected_loss

POLICY = shipped_policy_table().in_force(date(2025, 12, 31))
LOAN = {
    "probability": 0.1,
    "has_gone_bad": False,
    "outstanding_principal": 50_000.0,
    "household_id": "H1",
    "product": "microloan",
    "use_diverted": 0.0,
}


@pytest.mark.parametrize(
    ("facts", "split"),
    [
        ({}, (5_000.0, 3_500.0, 1_500.0)),
        ({"has_gone_bad": True, "probability": None}, (50_000.0, 35_000.0, 15_000.0)),
        ({"outstanding_principal": 100_000.0}, (10_000.0, 3_500.0, 6_500.0)),
        ({"product": "other"}, (5_000.0, 0.0, 5_000.0)),
        ({"product": None}, (5_000.0, 0.0, 5_000.0)),
        ({"use_diverted": 1.0}, (5_000.0, 0.0, 5_000.0)),
        ({"use_diverted": None}, (5_000.0, 3_500.0, 1_500.0)),
        ({"probability": None}, (None, None, None)),
    ],
)
def test_the_fund_bears_its_share_of_what_it_covers(facts: dict[str, Any], split: tuple[float | None, ...]) -> None:
    schema = {"probability": pl.Float64, "product": pl.String, "use_diverted": pl.Float64}
    loan = pl.DataFrame([LOAN | facts], schema_overrides=schema)
    assert expected_loss(loan, POLICY).row(0) == split


@pytest.mark.parametrize(
    ("product", "by_fund"), [("microloan", [1_750.0, 1_750.0]), ("other", [3_500.0, 0.0])], ids=["covered", "not"]
)
def test_loans_of_a_household_share_the_limit_in_proportion_if_the_fund_covers_them(
    product: str, by_fund: list[float]
) -> None:
    loans = pl.DataFrame([LOAN, LOAN | {"product": product}])
    assert expected_loss(loans, POLICY)["expected_loss_fund"].to_list() == by_fund
