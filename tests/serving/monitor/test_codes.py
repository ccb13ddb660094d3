"""Agreed codes by bank: swapped for old loans, another kind of new ones, too few to say."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from serving.monitor.bounds import load_limits
from serving.monitor.codes import check_codes

LIMITS = load_limits().codes


def book(first: int, last: int, bank: str = "X", use: str | None = None) -> pl.DataFrame:
    chance = np.random.default_rng(first)
    uses = [use or str(chance.choice(["sheep", "cattle", "grain"], p=[0.5, 0.4, 0.1])) for _ in range(first, last)]
    cells = {"product": "microloan", "repayment_method": "bullet_all", "bank": bank}
    loans = pl.DataFrame({"loan_id": [f"{bank}{number}" for number in range(first, last)], "declared_use": uses})
    return loans.with_columns(pl.lit(value).alias(name) for name, value in cells.items())


OLD = pl.concat([book(0, 100), book(0, 100, "Y")])


def codes(loans: pl.DataFrame, before: pl.DataFrame | None = OLD) -> list[str]:
    return [finding.code for finding in check_codes(loans, before, LIMITS)[1]]


def test_loans_that_keep_their_codes_and_new_ones_of_the_same_kind_are_fine() -> None:
    assert codes(pl.concat([OLD, book(100, 140)])) == []
    assert codes(OLD, None) == []


def test_a_banks_codes_swapped_are_found_where_as_many_loans_have_each() -> None:
    swapped = pl.col("declared_use").replace({"sheep": "cattle", "cattle": "sheep"})
    loans = OLD.with_columns(declared_use=pl.when(bank="X").then(swapped).otherwise("declared_use"))
    assert codes(loans) == ["codes_changed:declared_use:X"]


@pytest.mark.parametrize(("changed", "warned"), [(5, False), (6, True)])
def test_a_few_corrected_loans_are_no_swap(changed: int, warned: bool) -> None:
    is_changed = (pl.col("bank") == "X") & (pl.int_range(pl.len()) < changed)
    loans = OLD.with_columns(product=pl.when(is_changed).then(pl.lit("other")).otherwise("product"))
    assert codes(loans) == (["codes_changed:product:X"] if warned else [])


def test_loans_that_move_to_another_bank_are_told_of_the_bank_they_left() -> None:
    loans = OLD.with_columns(bank=pl.when(bank="X").then(pl.lit("Z")).otherwise("bank"))
    assert codes(loans) == ["codes_changed:bank:X"]


@pytest.mark.parametrize(("new", "warned"), [(19, False), (20, True)])
def test_new_loans_of_another_kind_are_told_of_from_twenty_on(new: int, warned: bool) -> None:
    loans = pl.concat([OLD, book(100, 100 + new, use="grain")])
    assert codes(loans) == (["new_codes:declared_use:X"] if warned else [])


def test_a_few_new_loans_of_a_code_that_is_rare_are_no_finding() -> None:
    new = book(100, 125, use="sheep").with_columns(
        product=pl.when(pl.int_range(pl.len()) < 4).then(pl.lit("other")).otherwise("product")
    )
    old = pl.concat([OLD, book(200, 300, use="sheep")])
    assert codes(pl.concat([old, new]), old) == []
