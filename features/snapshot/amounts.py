"""Columns of days and amounts: days after as_of are hidden, and money is summed in whole fen."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl


def null_if_after(day: str, as_of: date) -> pl.Expr:
    """Column `day`, null where the day lies after as_of."""
    return pl.when(pl.col(day) <= as_of).then(pl.col(day)).alias(day)


@cache
def fen(yuan: str) -> pl.Expr:
    """An amount of yuan as whole fen, 0 where it is null; sums of them are exact, in whatever order rows come."""
    return (pl.col(yuan).fill_null(0) * 100).round().cast(pl.Int64).alias(yuan)


def as_yuan(amount: pl.Expr) -> pl.Expr:
    """Fen, or parts of one, as yuan, rounded to the fen and to the nearest float.

    Polars divides long columns by multiplying with the inverse, which can be off in the last bit: the fen is rounded
    before, so that the half of one goes the same way in a column of any length.
    """
    return (amount.cast(pl.Float64).round() / 100).round(2)


def yuan_sum(amount: pl.Expr) -> pl.Expr:
    """The sum of amounts in yuan, added as whole fen; null counts as 0.

    The last bits of a sum of floats depend on how many threads and pieces polars adds; those of this one do not.
    """
    return as_yuan((amount * 100).round().cast(pl.Int64).sum())
