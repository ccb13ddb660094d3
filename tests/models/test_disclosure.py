"""Figures of others: random loans against the rule counted one reader at a time, and what a neighbour could compute."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from models.disclosure import LEAST_OTHERS, DisclosureRows, tellable_groups, without_few_others
from models.explain import township_medians

READERS = (("bank", None), ("village_code", None), ("township_code", None), ("township_code", 6))
"""The columns by which readers have their loans, and how many of the first digits count."""


def random_loans(seed: int) -> pl.DataFrame:
    """Few banks, townships and villages, households with loans in several, and missing values."""
    chance = np.random.default_rng(seed)
    rows = int(chance.integers(1, 60))
    townships = chance.choice(["640323100", "640323101", "640324100"], rows, p=[0.7, 0.2, 0.1])
    villages = [
        f"{township}00{number}" for township, number in zip(townships, chance.integers(1, 4, rows), strict=True)
    ]
    banks = chance.choice(["one", "two", "three"], rows, p=[0.8, 0.15, 0.05])
    return pl.DataFrame(
        {
            "household_id": [f"H{number}" for number in chance.integers(0, max(rows // 2, 1), rows)],
            "bank": [
                None if missing else bank for bank, missing in zip(banks, chance.random(rows) < 0.05, strict=True)
            ],
            "township_code": townships,
            "village_code": [
                None if missing else village
                for village, missing in zip(villages, chance.random(rows) < 0.05, strict=True)
            ],
            "value": [None if missing else 1.0 for missing in chance.random(rows) < 0.3],
        },
        schema_overrides={"bank": pl.String, "village_code": pl.String, "value": pl.Float64},
    )


def may_be_told(loans: pl.DataFrame) -> bool:
    """The rule, one reader after the other."""
    if loans["household_id"].n_unique() <= LEAST_OTHERS:
        return False
    for column, digits in READERS:
        own = loans[column] if digits is None else loans[column].str.head(digits)
        for value in own.drop_nulls().unique():
            others = loans.filter(~(own == value).fill_null(False))["household_id"].n_unique()
            if 0 < others < LEAST_OTHERS:
                return False
    return True


@pytest.mark.parametrize("seed", range(150))
def test_groups_are_told_as_the_rule_counts(seed: int) -> None:
    loans = random_loans(seed)
    by_township = DisclosureRows(loans, pl.col("township_code"))
    for frame, told in (
        (loans, by_township.tellable(loans["bank"].fill_null(""))),
        (loans.drop_nulls("value"), by_township.tellable(loans["value"])),
    ):
        expected = [code for (code,), rows in frame.group_by("township_code") if may_be_told(rows)]
        assert told.to_list() == sorted(str(code) for code in expected)


@pytest.mark.parametrize("seed", range(150))
def test_what_is_left_to_compare_with_may_be_told(seed: int) -> None:
    loans = random_loans(seed)
    left = without_few_others(loans)
    assert left.is_empty() or may_be_told(left)
    assert left.is_empty() == tellable_groups(left, pl.lit(0)).is_empty()
    if may_be_told(loans):
        assert left.equals(loans)


def village(rows: int, **columns: pl.Expr) -> pl.DataFrame:
    """Loans of as many households in one village, at one bank."""
    place = {"bank": pl.lit("one"), "township_code": pl.lit("640323100"), "village_code": pl.lit("640323100001")}
    frame = pl.DataFrame({"household_id": [f"H{number}" for number in range(rows)]})
    return frame.with_columns(value.alias(name) for name, value in {**place, **columns}.items())


def test_the_value_of_the_one_household_that_has_any_is_not_the_median() -> None:
    loans = village(8, savings=pl.when(pl.int_range(8) == 3).then(12_345.0), sheep=pl.lit(10.0))
    [row] = township_medians(loans).to_dicts()
    assert (row["savings"], row["sheep"]) == (None, 10.0)


def test_of_loans_without_a_township_nothing_is_told() -> None:
    elsewhere = village(3, township_code=pl.lit(None, pl.String), savings=pl.lit(7.0))
    told = township_medians(pl.concat([village(8, savings=pl.lit(1.0)), elsewhere], how="vertical_relaxed"))
    assert dict(told.select("township_code", "savings").rows()) == {"640323100": 1.0, None: None}


def test_a_loan_at_another_bank_of_a_household_of_ones_own_is_another_loan() -> None:
    both = pl.concat([village(6), village(1, bank=pl.lit("two"))])
    assert tellable_groups(both, pl.col("township_code")).is_empty()
