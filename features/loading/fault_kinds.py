"""Faults of delivered rows grouped by kind: what is wrong with which column, how often, and in which lines first."""

from __future__ import annotations

import polars as pl

from features.contract.declarations import LINE
from features.frame_schema import FrameColumn, FrameSchema, returns

LINES_SHOWN = 10
FAULT_KINDS_SCHEMA = FrameSchema(
    {
        "kind": FrameColumn(pl.String(), "As in quarantine: `broken`, `conflict`, `reused`, `renumbered`, `waiting`."),
        "column": FrameColumn(pl.String(), "Column of the contract to look at."),
        "reason_zh": FrameColumn(pl.String(), "Why the first of the rows is there, in Chinese."),
        "reason_en": FrameColumn(pl.String(), "The same in English."),
        "count": FrameColumn(pl.UInt32(), "Number of rows."),
        "lines": FrameColumn(pl.List(pl.Int64()), f"Their first {LINES_SHOWN} lines."),
    },
    extra="The columns that the rows were also grouped by.",
)
_LIKE = "reason without values"
_WITH_DIGIT = r"[^\s,;:()，；：、（）]*\d[^\s,;:()，；：、（）]*"
"""A number, a day, an identifier: what differs between rows with one kind of fault."""


@returns(FAULT_KINDS_SCHEMA)
def fault_kinds(faults: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Faults grouped by kind, column and reason, whatever numbers and days the reason names; most frequent first.

    faults: with `line`, `kind`, `column`, `reason_zh` and `reason_en`. by: further columns to group by, put first.
    """
    if faults.is_empty():
        return FAULT_KINDS_SCHEMA.empty().with_columns(pl.lit(None, pl.String).alias(name) for name in by)
    like = pl.col("reason_zh").str.replace_all(_WITH_DIGIT, "…").alias(_LIKE)
    groups = faults.sort(*by, LINE, maintain_order=True).group_by(*by, "kind", "column", like, maintain_order=True)
    counted = groups.agg(
        pl.col("reason_zh", "reason_en").first(),
        pl.len().alias("count"),
        pl.col(LINE).head(LINES_SHOWN).alias("lines"),
    )
    return counted.drop(_LIKE).sort(*by, "count", descending=[*(False for _ in by), True], maintain_order=True)
