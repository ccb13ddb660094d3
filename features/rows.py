"""Delivered rows, table by table: every version and every day, as the ledger or a caller holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from features.sources.table import Table
from features.sources.tables import TABLES


def kept_schema(table: Table) -> dict[str, pl.DataType]:
    """A table's columns as kept: the contract's, and the household that every row belongs to."""
    return table.schema if table.name == "prices" else table.schema | {"household_id": pl.String()}


@dataclass(frozen=True)
class Rows:
    """The tables that features are computed from; a table nobody delivered is an empty one."""

    frames: Mapping[str, pl.LazyFrame]

    def __getitem__(self, table: str) -> pl.LazyFrame:
        schema = kept_schema(TABLES[table])
        frame = self.frames.get(table)
        return pl.LazyFrame(schema=schema) if frame is None else frame.select(list(schema))

    @staticmethod
    def of(tables: Mapping[str, pl.DataFrame]) -> Rows:
        """Rows held in memory, in the contract's columns; each is told the household it belongs to."""
        frames: dict[str, pl.LazyFrame] = {}
        for name, table in TABLES.items():
            if name in tables:
                frame = tables[name].lazy().select(table.names).cast(pl.Schema(table.schema))
                frames[name] = _with_household(frame, table, frames)
        return Rows(frames)


def _with_household(frame: pl.LazyFrame, table: Table, parents: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    if table.parent is None or "household_id" in table.names:
        return frame
    parent, by = table.parent
    known = parents.get(parent, pl.LazyFrame(schema={by: pl.String(), "household_id": pl.String()}))
    return frame.join(known.select(by, "household_id").unique(by, keep="last"), on=by, how="left")
