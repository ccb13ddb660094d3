"""Rows for the fits that choose or check: all that went bad, and every n-th of the others with n times its weight.

Where few rows went bad, the others bring little that is new, and take most of the time.

Source: Mantel 1973, Synthetic retrospective studies and related topics.
"""

from __future__ import annotations

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.boosting import ROW_WEIGHT

_GOOD_FOR_EACH_BAD = 8
"""Rows that did not go bad, for each that did, which stay at least: an estimate from them varies by a ninth more."""
_FEW_ROWS = 20_000
"""Rows that stay at least: a county with few of them has time for all."""
THINNED_SCHEMA = FrameSchema(
    {"bad": FrameColumn(None, "Label: 1 where the loan goes bad, else 0.")},
    extra="the further columns of the rows, and the weight of a row where not all stay",
)


def good_rows_apart(rows: int, bad: int) -> int:
    """Every how many rows that did not go bad one stays, of so many rows of which so many went bad; 1 where all stay.

    >>> good_rows_apart(190_000, 5_000), good_rows_apart(190_000, 50_000), good_rows_apart(9_000, 200)
    (4, 1, 1)
    """
    return max(1, min((rows - bad) // max(_GOOD_FOR_EACH_BAD * bad, 1), rows // _FEW_ROWS))


@returns(THINNED_SCHEMA)
def thin_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that stay, in their order, with their weights; where all stay, the rows as they are.

    rows: `bad` (0 or 1), and ROW_WEIGHT where rows count differently. Sums over them, weighted, stay about what they
    were; a row that went bad keeps its weight.
    """
    apart = good_rows_apart(rows.height, int(rows["bad"].sum()))
    if apart == 1:
        return rows
    weight = pl.col(ROW_WEIGHT) if ROW_WEIGHT in rows.columns else pl.lit(1.0)
    is_bad = pl.col("bad") == 1
    is_nth = (~is_bad).cum_sum() % apart == 0
    return rows.with_columns(pl.when(is_bad).then(weight).otherwise(apart * weight).alias(ROW_WEIGHT)).filter(
        is_bad | is_nth
    )
