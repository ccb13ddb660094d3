"""Rows for the fits that choose or check: all that went bad, and one of n of the others with n times its weight.

Where few rows went bad, the others bring little that is new, and take most of the time.

Source: Mantel 1973, Synthetic retrospective studies and related topics.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.boosting import ROW_WEIGHT

_GOOD_FOR_EACH_BAD = 5
"""Rows that did not go bad, for each that did, which stay at least: the efficiency of an estimate falls by a sixth."""
_FEW_ROWS = 6_000
"""Rows that stay at least: a county with few of them has time for all."""
_SEED = 20260101
"""Of the rows that are drawn, so that equal rows are thinned alike."""
THINNED_SCHEMA = FrameSchema(
    {"bad": FrameColumn(None, "Label: 1 where the loan goes bad, else 0.")},
    extra="the further columns of the rows, and the weight of a row where not all stay",
)


def good_rows_apart(rows: int, bad: int) -> int:
    """Of how many rows that did not go bad one stays, of so many rows of which so many went bad; 1 where all stay.

    >>> good_rows_apart(190_000, 5_000), good_rows_apart(190_000, 50_000), good_rows_apart(9_000, 200)
    (7, 1, 1)
    """
    return max(1, min((rows - bad) // max(_GOOD_FOR_EACH_BAD * bad, 1), rows // _FEW_ROWS))


@returns(THINNED_SCHEMA)
def thin_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that stay, in their order, with their weights; where all stay, the rows as they are.

    Of each n rows that did not go bad, one after the other, one is drawn: they are spread over all months, and a cohort
    that stays the same is not thinned to the same loans each month. Sums over the rows that stay, weighted, are about
    what they were over all.

    rows: `bad` (0 or 1), and ROW_WEIGHT where rows count differently; a row that went bad keeps its weight.
    """
    apart = good_rows_apart(rows.height, int(rows["bad"].sum()))
    if apart == 1:
        return rows
    weight = pl.col(ROW_WEIGHT) if ROW_WEIGHT in rows.columns else pl.lit(1.0)
    is_bad = (rows["bad"] == 1).to_numpy()
    number = np.cumsum(~is_bad) - 1
    draws = np.random.default_rng(_SEED).integers(apart, size=rows.height // apart + 1)
    is_kept = is_bad | (number % apart == draws[number // apart])
    weights = pl.when(pl.col("bad") == 1).then(weight).otherwise(apart * weight)
    return rows.with_columns(weights.alias(ROW_WEIGHT)).filter(is_kept)
