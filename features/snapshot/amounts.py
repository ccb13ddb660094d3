"""Days still to come are hidden; money is summed in whole fen."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl


def hidden_after(day: str, as_of: date) -> pl.Expr:
    """A day that had come by as_of; one still to come is hidden."""
    return pl.when(pl.col(day) <= as_of).then(pl.col(day)).alias(day)


@cache
def fen(yuan: str) -> pl.Expr:
    """Money in whole fen: sums are exact, so the order of rows cannot move them; a missing amount is nothing."""
    return (pl.col(yuan).fill_null(0) * 100).round().cast(pl.Int64).alias(yuan)


def as_yuan(amount: pl.Expr) -> pl.Expr:
    """Fen as yuan, the nearest float: polars divides long columns by multiplying, and would be off by a bit."""
    return (amount.cast(pl.Float64) / 100).round(2)
