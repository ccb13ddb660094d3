"""Delivered rows, table by table: every version and every day, as the ledger or a caller holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from features.sources.table import Table
from features.sources.tables import TABLES

FirstKnown = Mapping[str, Mapping[str, date]]


def kept_schema(table: Table) -> dict[str, pl.DataType]:
    """A table's columns as kept: the contract's, and the household that every row belongs to."""
    return table.schema if table.name == "prices" else table.schema | {"household_id": pl.String()}


@dataclass(frozen=True)
class Rows:
    """The tables that features are computed from; a table nobody delivered is an empty one.

    known_from: for each table and county, the first day on which anything of it was known there.
    revised: the tables in which some fact has more than one version.
    """

    frames: Mapping[str, pl.LazyFrame]
    known_from: FirstKnown
    revised: frozenset[str]

    def __getitem__(self, table: str) -> pl.LazyFrame:
        schema = kept_schema(TABLES[table])
        frame = self.frames.get(table)
        return pl.LazyFrame(schema=schema) if frame is None else frame.select(list(schema))

    def counties_with(self, table: str, known_by: date) -> list[str]:
        """The counties in which anything of a table was known by a day."""
        return sorted(county for county, day in self.known_from.get(table, {}).items() if day <= known_by)

    def of_household(self, household: str) -> Rows:
        """One household's own rows, with the prices; what the county had delivered stays known."""
        mine = {
            name: frame if name == "prices" else frame.filter(pl.col("household_id") == household)
            for name, frame in self.frames.items()
        }
        return Rows(mine, self.known_from, self.revised)

    def of_households(self, households: pl.LazyFrame) -> Rows:
        """The rows of the households in a column `household_id`, with the prices.

        Rows of a loan go with the loan: a correction may have given it to another household since.
        """
        loans = self["loans"].join(households, on="household_id", how="semi").select("loan_id").unique().collect()
        kept = {"household_id": households, "loan_id": loans.lazy()}
        theirs = {
            name: frame.join(kept[by], on=by, how="semi") if (by := _goes_by(name)) else frame
            for name, frame in self.frames.items()
        }
        return Rows(theirs, self.known_from, self.revised)

    @staticmethod
    def of(tables: Mapping[str, pl.DataFrame]) -> Rows:
        """Rows held in memory, in the contract's columns; each is told the household it belongs to."""
        frames: dict[str, pl.LazyFrame] = {}
        for name, table in TABLES.items():
            if name in tables:
                frame = tables[name].lazy().select(table.names).cast(pl.Schema(table.schema))
                frames[name] = _with_household(frame, table, frames)
        revised = {name for name, frame in tables.items() if frame.select(TABLES[name].key).is_duplicated().any()}
        return Rows(frames, _known_from(frames), frozenset(revised))


def _goes_by(table: str) -> str | None:
    """The column that says whose a row is; None where it is everybody's."""
    if table == "prices":
        return None
    return "loan_id" if TABLES[table].parent == ("loans", "loan_id") else "household_id"


def _with_household(frame: pl.LazyFrame, table: Table, parents: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    if table.parent is None or "household_id" in table.names:
        return frame
    parent, by = table.parent
    known = parents.get(parent, pl.LazyFrame(schema={by: pl.String(), "household_id": pl.String()}))
    return frame.join(known.select(by, "household_id").unique(by, keep="last"), on=by, how="left")


def _known_from(frames: Mapping[str, pl.LazyFrame]) -> dict[str, dict[str, date]]:
    """A household's county is the one that knew it first, as in the ledger."""
    households = frames.get("households", pl.LazyFrame(schema=kept_schema(TABLES["households"])))
    homes = households.sort("known_on").unique("household_id", keep="first")
    county = homes.select("household_id", pl.col("village_code").str.head(6).alias("county"))
    return {
        name: dict(
            frame.join(county, on="household_id").group_by("county").agg(pl.col("known_on").min()).collect().rows()
        )
        for name, frame in frames.items()
        if name != "prices"
    }
