"""A county's rows by whole numbers in place of identifiers, with the day on which a later version replaces each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from features.contract.declarations import ContractTable
from features.contract.tables import TABLES

SUPERSEDED_ON = "superseded_on"
"""Column of the day on which a later version of the row's fact became known; null for the newest."""
NUMBER_COLUMNS = {"loan": "loan_id", "household": "household_id"}
"""The numbers by column, with the identifiers that they stand for."""
NUMBERED_TABLES = tuple(name for name in TABLES if name not in ("loans", "prices"))
"""Loans are read by their identifiers, prices belong to nobody."""


@dataclass(frozen=True)
class NumberedTables:
    """Tables of a county in the order of their loans or households, then of days and keys.

    identifiers: for each of NUMBER_COLUMNS its identifiers, one of each; the row is the number. rows: all versions of a
    table's rows, in the contract's columns with a number in the place of the identifiers, and SUPERSEDED_ON.
    """

    identifiers: Mapping[str, pl.LazyFrame]
    rows: Mapping[str, pl.LazyFrame]

    def in_memory(self) -> NumberedTables:
        """The same rows in memory, for many queries of all of them."""
        collected = {
            name: frame.lazy() for name, frame in zip(self.rows, pl.collect_all(self.rows.values()), strict=True)
        }
        return NumberedTables(self.identifiers, collected)


def number_column(table: ContractTable) -> str:
    """Whether a table's rows belong to a `loan` or to a `household`."""
    return "loan" if table.parent == ("loans", "loan_id") else "household"


def identifiers_of(number: str, tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """The identifiers of all loans or households of some tables, sorted; loans by their household first."""
    if number == "loan":
        newest = tables["loans"].sort("known_on").group_by("loan_id").agg(pl.col("household_id").last())
        return newest.sort("household_id", "loan_id").select("loan_id")
    households = [tables[table].select("household_id") for table in ("households", "loans")]
    return pl.concat(households).unique().sort("household_id")


def numbered_rows(
    table: ContractTable, rows: pl.LazyFrame, identifiers: pl.LazyFrame, is_revised: bool
) -> pl.LazyFrame:
    """All versions of a table's rows in the columns and order of `NumberedTables`.

    rows: as delivered, with `household_id`. identifiers: of `number_column`. is_revised: whether a fact has several
    versions. Rows of other loans or households are left out.
    """
    number = number_column(table)
    name = NUMBER_COLUMNS[number]
    replaced = pl.lit(None, pl.Date()).alias(SUPERSEDED_ON)
    dated = _with_superseded_on(rows, table) if is_revised else rows.with_columns(replaced)
    numbers = identifiers.with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias(number))
    days = (table.event_day,) if table.event_day else ()
    order = [
        column for column in dict.fromkeys((*days, *table.key, "known_on")) if column not in ("household_id", name)
    ]
    return dated.join(numbers, on=name).drop({"household_id", name}).sort(number, *order)


def _with_superseded_on(rows: pl.LazyFrame, table: ContractTable) -> pl.LazyFrame:
    """Rows with SUPERSEDED_ON: the next day on which a version of the same fact became known."""
    key = table.version_key
    versions = rows.select(*key, "known_on")
    if table.whole:
        versions = versions.unique()
    few = versions.filter(pl.struct(key).is_duplicated()).unique().sort(*key, "known_on")
    following = few.with_columns(pl.col("known_on").shift(-1).over(key).alias(SUPERSEDED_ON))
    return rows.join(following, on=[*key, "known_on"], how="left")
