"""What a delivered table is: its columns, its key, the table its rows hang on, the day its facts happened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import polars as pl

from features.messages import did_you_mean


class Kind(Enum):
    """What a cell holds, and how it is kept."""

    NAME = "name"  # free text or an identifier
    PERSON = "person"  # an identifier that might be somebody's identity number
    VILLAGE = "village"  # twelve digits: county 6, township 3, village 3
    CODE = "code"  # one of the column's codes
    DATE = "date"  # a calendar day
    MONEY = "money"  # yuan, never negative
    NUMBER = "number"  # a count, area or rate, never negative
    SHARE = "share"  # 0 to 1
    POINTS = "points"  # 0 to 100
    WHOLE = "whole"  # a whole number from 1

    @property
    def dtype(self) -> pl.DataType:
        """The type the ledger keeps it in."""
        return _DTYPES.get(self, pl.Float64())


_DTYPES: dict[Kind, pl.DataType] = {
    Kind.NAME: pl.String(),
    Kind.PERSON: pl.String(),
    Kind.VILLAGE: pl.String(),
    Kind.CODE: pl.String(),
    Kind.DATE: pl.Date(),
    Kind.WHOLE: pl.Int64(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what its cells hold, whether a row without it is refused."""

    name: str
    kind: Kind
    required: bool = False
    codes: tuple[str, ...] = ()
    default: int | None = None


@dataclass(frozen=True)
class Table:
    """One table of the contract, section 1.

    key: the columns that name a fact; rows with the same key are versions of it, told apart by known_on.
    parent: the table that must know the row's household, loan or policy, and the column that names it.
    happened: the column with the day the fact happened; known_on cannot lie before it.
    ordered: pairs of columns (earlier, later) that cannot stand the other way round.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    parent: tuple[str, str] | None = None
    happened: str | None = None
    ordered: tuple[tuple[str, str], ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @cached_property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)

    @cached_property
    def schema(self) -> dict[str, pl.DataType]:
        """Column name to the type the ledger keeps."""
        return {column.name: column.kind.dtype for column in self.columns}

    def __post_init__(self) -> None:
        mentioned = {*self.key, *(name for pair in self.ordered for name in pair)}
        mentioned |= {self.happened} if self.happened else set()
        for name in mentioned - set(self.names):
            raise TypeError(f"Table {self.name} has no column {name!r}. {did_you_mean(name, self.names)}")
