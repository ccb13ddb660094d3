"""Missing data of a feature frame: tables not delivered, and features without any value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from features.catalog import OUTPUT_FEATURES
from features.contract.tables import REQUIRED_TABLES, TABLES
from features.delivered_tables import DeliveredTables
from features.ledger.part_files import ALL_COUNTIES
from features.messages import Bilingual


def missing_data_lines(frame: pl.DataFrame, tables: DeliveredTables, as_of: date) -> Iterator[Bilingual]:
    """Lines that say what is missing, for a person to read beside the frame.

    Args:
        frame: features as `features_at` returns them.
        tables: the delivered rows they were computed from.
        as_of: the day they were computed for.

    Yields:
        A line for each county that had not delivered all optional tables by then, and a line with the features that
        no loan has a value of; no line where nothing is missing.

    Example:
        >>> from datetime import date
        >>> from features.compute import features_at
        >>> from features.ledger.ledger import Ledger
        >>> from features.missing_data import missing_data_lines
        >>> tables, day = Ledger(data / "ledger").tables(), date(2025, 12, 31)
        >>> [line.en for line in missing_data_lines(features_at(day, tables), tables, day) if "every" in line.en]
        []
    """
    optional = [table for table in TABLES if table not in REQUIRED_TABLES]
    delivered = {table: tables.counties_with(table, as_of) for table in optional}
    for county in frame["county_code"].drop_nulls().unique().sort():
        if absent := [table for table in optional if {county, ALL_COUNTIES}.isdisjoint(delivered[table])]:
            names = ", ".join(absent)
            yield Bilingual(f"  {county}：未送达的表：{names}", f"  {county}: tables not delivered: {names}")
    if frame.height and (empty := [each.name for each in OUTPUT_FEATURES if frame[each.name].is_null().all()]):
        names = ", ".join(empty)
        yield Bilingual(
            f"  所有贷款均缺失（{len(empty)}）：{names}", f"  missing for every loan ({len(empty)}): {names}"
        )
