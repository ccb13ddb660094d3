"""Expected loss and its split, worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from models.county_policy.policy_table import shipped_policy_table
from models.expected_loss import expected_loss
from models.fund_curves import FundCurves, FundHistory

AS_OF = date(2025, 12, 31)
POLICY = shipped_policy_table().in_force(AS_OF)
TERMS = shipped_policy_table().contract_terms(date(2026, 6, 30))
HISTORY = FundHistory(
    as_of=str(AS_OF),
    term_days=60,
    begun=(100, 80),
    reached=(40, 40),
    months_past_term=100.0,
    fund=10,
    repaid=20,
    written_off=10,
)
"""0.4 of new bad loans reach the term, 0.5 of those bad for 30 days; then 0.5 are lost, the fund pays for 0.25."""
CURVES = FundCurves(HISTORY, POLICY.fund)
LOAN = {
    "probability": 0.1,
    "has_gone_bad": False,
    "bad_since": None,
    "outstanding_principal": 50_000.0,
    "household_id": "H1",
    "product": "microloan",
    "use_diverted": 0.0,
    "originated_on": date(2024, 3, 1),
}
TYPES = {
    "probability": pl.Float64,
    "product": pl.String,
    "use_diverted": pl.Float64,
    "bad_since": pl.Date,
    "originated_on": pl.Date,
}
BAD = {"has_gone_bad": True, "probability": None}


@pytest.mark.parametrize(
    ("facts", "split"),
    [
        ({}, (1_000.0, 350.0, 650.0)),
        (BAD | {"bad_since": AS_OF}, (10_000.0, 3_500.0, 6_500.0)),
        (BAD | {"bad_since": date(2025, 12, 1)}, (12_500.0, 4_375.0, 8_125.0)),
        (BAD | {"bad_since": date(2025, 11, 1)}, (25_000.0, 8_750.0, 16_250.0)),
        ({"outstanding_principal": 100_000.0}, (2_000.0, 350.0, 1_650.0)),
        ({"outstanding_principal": 100_000.0, "originated_on": date(2026, 1, 1)}, (2_000.0, 700.0, 1_300.0)),
        ({"outstanding_principal": 100_000.0, "originated_on": None}, (2_000.0, 700.0, 1_300.0)),
        ({"product": "other"}, (1_000.0, 0.0, 1_000.0)),
        ({"product": None}, (1_000.0, 0.0, 1_000.0)),
        ({"use_diverted": 1.0}, (1_000.0, 0.0, 1_000.0)),
        ({"use_diverted": None}, (1_000.0, 350.0, 650.0)),
        ({"probability": None}, (None, None, None)),
    ],
)
def test_a_loss_follows_the_curves_and_the_fund_bears_its_share_of_what_it_covers(
    facts: dict[str, Any], split: tuple[float | None, ...]
) -> None:
    loan = pl.DataFrame([LOAN | facts], schema_overrides=TYPES)
    assert expected_loss(loan, TERMS, CURVES).row(0) == split


@pytest.mark.parametrize(
    ("product", "by_fund"), [("microloan", [175.0, 175.0]), ("other", [350.0, 0.0])], ids=["covered", "not"]
)
def test_loans_of_a_household_share_the_limit_in_proportion_if_the_fund_covers_them(
    product: str, by_fund: list[float]
) -> None:
    loans = pl.DataFrame([LOAN, LOAN | {"product": product}], schema_overrides=TYPES)
    assert expected_loss(loans, TERMS, CURVES)["expected_loss_fund"].to_list() == by_fund


def test_a_loan_under_a_later_notice_is_covered_beside_an_older_one() -> None:
    older, newer = LOAN, LOAN | {"originated_on": date(2026, 1, 1)}
    loans = pl.DataFrame([older, newer], schema_overrides=TYPES)
    assert expected_loss(loans, TERMS, CURVES)["expected_loss_fund"].to_list() == [350.0, 350.0]
