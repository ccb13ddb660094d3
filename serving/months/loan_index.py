"""What lists are filtered and sorted by: a few columns of all loans of an edition, in memory."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import polars as pl

from models.light import CODES
from models.traffic_light.evaluate import as_levels
from serving.concurrency.single_flight import remembered

if TYPE_CHECKING:
    from serving.months.repository import Month

_KEPT = 4
"""Editions in memory at once, and of each once more as analysts see it; about 100 MB for a million loans."""
_SEARCHES_KEPT = 64
"""A bit for each loan of each: a list, its counts and its next pages look through the numbers once."""
_LIGHT = pl.Enum(CODES)
_COLUMNS = (
    *(pl.col(name) for name in ("loan_id", "household_id", "village_code")),
    *(pl.col(name).cast(pl.Categorical()) for name in ("bank", "county_code", "township_code")),
    *(pl.col(name).cast(_LIGHT) for name in ("light", "rule_light", "model_light", "previous_light")),
    *(pl.col(name).cast(pl.Int32) for name in ("score_rank", "days_to_maturity", "days_past_due")),
    *(pl.col(name) for name in ("outstanding_principal", "probability")),
)
_NUMBERS = "numbers"
"""The loan's number and its household's in one text: looked through once, which is twice as fast."""
PLACE = "place"
"""Where a loan's row stands in the edition's files."""


class Sort(StrEnum):
    """How a list is ordered; loan_id breaks every tie. The name with `order_` before it is a column of the index."""

    RISK = "risk"
    MATURITY = "days_to_maturity"
    AMOUNT = "outstanding_principal"
    LOAN = "loan_id"

    @property
    def order(self) -> str:
        return f"order_{self.value}"


_BY = {
    Sort.RISK: [-as_levels(pl.col("light")), pl.col("score_rank").fill_null(0)],
    Sort.MATURITY: [pl.col("days_to_maturity")],
    Sort.AMOUNT: [-pl.col("outstanding_principal")],
    Sort.LOAN: [],
}


@remembered(_KEPT)
def index_of(month: Month) -> pl.DataFrame:
    """One row for each loan that exists in the month: _COLUMNS, _NUMBERS, PLACE, and its number in each order."""
    numbers = pl.concat_str("loan_id", "household_id", separator="\n").alias(_NUMBERS)
    rows = month.scan("warnings").with_row_index(PLACE).sort("loan_id").select(PLACE, numbers, *_COLUMNS).collect()
    return rows.with_columns(_numbers(rows, sort) for sort in Sort).rechunk()


def holding(month: Month, text: str | None) -> pl.LazyFrame:
    """The index; of it the loans whose number, or whose household's, holds a text, where one is given."""
    rows = index_of(month).lazy()
    return rows.filter(pl.lit(_holds(month, text))) if text else rows


@remembered(_SEARCHES_KEPT)
def _holds(month: Month, text: str) -> pl.Series:
    return index_of(month).select(pl.col(_NUMBERS).str.contains(text, literal=True)).to_series()


def _numbers(rows: pl.DataFrame, sort: Sort) -> pl.Series:
    """The rows stand by loan_id already, and the sort is stable."""
    by = _BY[sort]
    order = rows.select(pl.arg_sort_by(*by, maintain_order=True) if by else pl.int_range(pl.len())).to_series()
    return order.arg_sort().cast(pl.UInt32).alias(sort.order)
