"""The newest version of every fact that was known by a day (contract, sections 1 and 2)."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.rows import Rows
from features.sources.tables import TABLES


def newest_known(rows: Rows, table: str, known_by: date | None) -> pl.LazyFrame:
    """One row a key: the version with the latest known_on not after `known_by` (None: by all data)."""
    known = rows[table] if known_by is None else rows[table].filter(pl.col("known_on") <= known_by)
    if table not in rows.revised:
        return known
    return known.filter(pl.col("known_on") == pl.col("known_on").max().over(TABLES[table].key))


def hidden_after(day: str, as_of: date) -> pl.Expr:
    """A day that had come by as_of; one still to come is hidden."""
    return pl.when(pl.col(day) <= as_of).then(pl.col(day)).alias(day)


def fen(yuan: str) -> pl.Expr:
    """Money in whole fen: sums are exact, so the order of rows cannot move them; a missing amount is nothing."""
    return (pl.col(yuan).fill_null(0) * 100).round().cast(pl.Int64).alias(yuan)


def as_yuan(amount: pl.Expr) -> pl.Expr:
    """Fen as yuan, the nearest float: polars divides long columns by multiplying, and would be off by a bit."""
    return (amount.cast(pl.Float64) / 100).round(2)
