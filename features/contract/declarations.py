"""The form of a delivered table: its columns, its key, its parent table, and the days its rows must keep to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cached_property

import polars as pl

from features.messages import did_you_mean

LINE = "line"
"""Column of a delivered row's line in its file, the first line being 1."""
CELL_COUNT = "cells_found"
"""Column of the number of cells that a delivered line has."""


class CellKind(Enum):
    """The kind of value that the cells of a column hold."""

    NAME = "name"  # free text
    IDENTIFIER = "identifier"  # the number of a loan, payment, event, policy or claim
    PERSON = "person"  # an identifier that might be somebody's identity number
    VILLAGE = "village"  # twelve digits: county 6, township 3, village 3
    CODE = "code"  # one of the column's codes
    DATE = "date"  # a calendar day
    MONEY = "money"  # yuan, not negative unless the column is signed
    NUMBER = "number"  # a count or area, never negative
    RATE = "rate"  # a yearly rate as a share, 0.0345
    SHARE = "share"  # 0 to 1
    POINTS = "points"  # 0 to 100
    WHOLE = "whole"  # a whole number from 1

    @property
    def dtype(self) -> pl.DataType:
        """The type in which the ledger stores it."""
        return _DTYPES.get(self, pl.Float64())


_DTYPES: dict[CellKind, pl.DataType] = {
    CellKind.NAME: pl.String(),
    CellKind.IDENTIFIER: pl.String(),
    CellKind.PERSON: pl.String(),
    CellKind.VILLAGE: pl.String(),
    CellKind.CODE: pl.String(),
    CellKind.DATE: pl.Date(),
    CellKind.WHOLE: pl.Int64(),
}


@dataclass(frozen=True, slots=True)
class ContractColumn:
    """One column of a table.

    required: a row with an empty cell is wrong. codes: the values of a code column. default: the value of empty cells.
    least, most: the bounds of plausible values, in the column's unit; a row beyond them is wrong. since: the earliest
    plausible day of a date. signed: whether a number may be below zero.
    """

    name: str
    kind: CellKind
    required: bool = False
    codes: tuple[str, ...] = ()
    default: int | None = None
    least: float | None = None
    most: float | None = None
    since: date | None = None
    signed: bool = False


CORRECTS = ContractColumn("corrects", CellKind.CODE, codes=("true", "false"))
"""Column that any table may be delivered with: `true` where a row may move a fact to another owner; not stored."""


@dataclass(frozen=True)
class ContractTable:
    """One table of the contract, section 1.

    key: the columns that name a fact; rows with the same key are versions of it, each with its own known_on.
    parent: the table of the row's household, loan or policy, and the column that names it.
    event_day: the column of the day on which the fact happened; known_on cannot be earlier.
    ordered_days: pairs of columns (earlier, later); a row whose days have the other order is wrong.
    hangs_on: the columns that a later version may not change unless it is declared a correction: with another value
    the key is a number used twice. whole: columns that name what is always delivered whole, such as a schedule; of its
    rows those with the newest known_on count alone.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[ContractColumn, ...]
    parent: tuple[str, str] | None = None
    event_day: str | None = None
    ordered_days: tuple[tuple[str, str], ...] = ()
    hangs_on: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in the contract's order."""
        return tuple(column.name for column in self.columns)

    @property
    def version_key(self) -> tuple[str, ...]:
        """The columns that name what a later version replaces: the key, or what is delivered whole."""
        return self.whole or self.key

    @cached_property
    def delivered_columns(self) -> tuple[ContractColumn, ...]:
        """The columns that a file is read for: the table's own, and `corrects`."""
        return (*self.columns, CORRECTS)

    @cached_property
    def delivered_names(self) -> tuple[str, ...]:
        """The names of the columns that a file is read for."""
        return tuple(column.name for column in self.delivered_columns)

    def column(self, name: str) -> ContractColumn:
        """The column of a name."""
        return next(column for column in self.columns if column.name == name)

    @cached_property
    def required_columns(self) -> tuple[str, ...]:
        """The names of the columns in which an empty cell is wrong."""
        return tuple(column.name for column in self.columns if column.required)

    @cached_property
    def schema(self) -> dict[str, pl.DataType]:
        """The columns with the types in which the ledger stores them."""
        return {column.name: column.kind.dtype for column in self.columns}

    def __post_init__(self) -> None:
        mentioned = {*self.key, *self.hangs_on, *self.whole, *(name for pair in self.ordered_days for name in pair)}
        mentioned |= {self.event_day} if self.event_day else set()
        for name in mentioned - set(self.column_names):
            raise TypeError(f"Table {self.name} has no column {name!r}. {did_you_mean(name, self.column_names)}")
