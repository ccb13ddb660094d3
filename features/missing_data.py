"""What a feature frame could not know, so that nobody takes it for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from features.catalog import KEPT
from features.contract.tables import REQUIRED_TABLES, TABLES
from features.delivered_tables import Rows
from features.ledger.part_files import EVERYWHERE


def gap_lines(frame: pl.DataFrame, rows: Rows, as_of: date) -> Iterator[str]:
    """Tables that a county had not delivered by then, and features that no loan has a value of."""
    for county in frame["county_code"].drop_nulls().unique().sort():
        if absent := [table for table in TABLES if _is_absent(table, county, rows, as_of)]:
            yield f"  {county}: 未送达的表 / tables not delivered: {', '.join(absent)}"
    if frame.height and (empty := [each.name for each in KEPT if frame[each.name].is_null().all()]):
        yield f"  所有贷款均缺失 / missing for every loan ({len(empty)}): {', '.join(empty)}"


def _is_absent(table: str, county: str, rows: Rows, as_of: date) -> bool:
    delivered = rows.counties_with(table, as_of)
    return table not in REQUIRED_TABLES and county not in delivered and EVERYWHERE not in delivered
