"""A table of a report: declared columns and a typed frame; it knows no format."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import polars as pl

from features.messages import Words, did_you_mean


class Kind(Enum):
    """What the cells of a column hold, and so how a writer formats them."""

    TEXT = "text"  # the same in both languages
    WORDS = "words"  # the frame holds it twice, as <name>_zh and <name>_en
    YUAN = "yuan"
    COUNT = "count"
    SHARE = "share"  # 0 to 1
    NUMBER = "number"
    DAY = "day"


_TYPES: dict[Kind, tuple[type[pl.DataType], ...]] = {
    Kind.TEXT: (pl.String,),
    Kind.WORDS: (pl.String,),
    Kind.YUAN: (pl.Float64,),
    Kind.COUNT: (pl.Int64, pl.Int32, pl.UInt32, pl.Int8),
    Kind.SHARE: (pl.Float64,),
    Kind.NUMBER: (pl.Float64,),
    Kind.DAY: (pl.Date,),
}
LANGUAGES = ("zh", "en")
NOT_KNOWN = Words("无数据", "no data")


@dataclass(frozen=True)
class Column:
    """One column: its name in the frame, what it is called, what it holds."""

    name: str
    zh: str
    en: str
    kind: Kind

    @property
    def words(self) -> Words:
        return Words(self.zh, self.en)

    def cell(self, language: str) -> str:
        """The frame's column that is shown in a language."""
        return f"{self.name}_{language}" if self.kind is Kind.WORDS else self.name

    @property
    def cells(self) -> tuple[str, ...]:
        """All columns of the frame that belong to it."""
        return tuple(dict.fromkeys(self.cell(language) for language in LANGUAGES))


@dataclass(frozen=True)
class Table:
    """A titled table. note: how to read it. missing: what stands where a cell has no value.

    sheet: its short name, in both languages at once.
    """

    name: str
    sheet: str
    title: Words
    columns: tuple[Column, ...]
    frame: pl.DataFrame
    note: Words | None = None
    missing: Words = NOT_KNOWN

    def __post_init__(self) -> None:
        schema = self.frame.schema
        for column in self.columns:
            for cell in column.cells:
                if cell not in schema:
                    raise TypeError(f"Table {self.name} has no column {cell!r}. {did_you_mean(cell, schema)}")
                if not isinstance(schema[cell], _TYPES[column.kind]):
                    raise TypeError(f"Table {self.name}: {cell} is {schema[cell]}, not {column.kind.value}.")

    def rows(self, language: str) -> list[tuple[Any, ...]]:
        """The cells in the order of the columns."""
        return self.frame.select(column.cell(language) for column in self.columns).rows()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON: codes, both titles, days as text."""
        cells = [cell for column in self.columns for cell in column.cells]
        days = pl.selectors.date().cast(pl.String)
        return {
            "title_zh": self.title.zh,
            "title_en": self.title.en,
            "rows": self.frame.select(cells).with_columns(days).to_dicts(),
        }


def text(name: str, zh: str, en: str) -> Column:
    return Column(name, zh, en, Kind.TEXT)


def words(name: str, zh: str, en: str) -> Column:
    return Column(name, zh, en, Kind.WORDS)


def yuan(name: str, zh: str, en: str) -> Column:
    return Column(name, f"{zh} (元)", f"{en} (yuan)", Kind.YUAN)


def count(name: str, zh: str, en: str) -> Column:
    return Column(name, zh, en, Kind.COUNT)


def share(name: str, zh: str, en: str) -> Column:
    return Column(name, zh, en, Kind.SHARE)


def number(name: str, zh: str, en: str) -> Column:
    return Column(name, zh, en, Kind.NUMBER)


def on_day(name: str, zh: str, en: str) -> Column:
    return Column(name, zh, en, Kind.DAY)


def in_words(code: str, name: str, found: dict[str, Words]) -> list[pl.Expr]:
    """The two columns of a WORDS column, from a column of codes; a code without words stands for itself."""
    return [
        pl.col(code)
        .replace_strict(
            {key: getattr(said, language) for key, said in found.items()},
            default=pl.col(code),
            return_dtype=pl.String,
        )
        .alias(f"{name}_{language}")
        for language in LANGUAGES
    ]
