"""Tables of reports: declared columns and a typed frame, without any file format."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import polars as pl

from features.messages import Bilingual, did_you_mean


class ReportCellKind(Enum):
    """The kind of a column's cells, by which a writer formats them."""

    TEXT = "text"  # the same in both languages
    WORDS = "words"  # the frame holds it twice, as <name>_zh and <name>_en
    YUAN = "yuan"
    COUNT = "count"
    SHARE = "share"  # 0 to 1
    NUMBER = "number"
    POINTS = "points"
    DAY = "day"


_TYPES: dict[ReportCellKind, tuple[type[pl.DataType], ...]] = {
    ReportCellKind.TEXT: (pl.String,),
    ReportCellKind.WORDS: (pl.String,),
    ReportCellKind.YUAN: (pl.Float64,),
    ReportCellKind.COUNT: (pl.Int64, pl.Int32, pl.UInt32, pl.Int8),
    ReportCellKind.SHARE: (pl.Float64,),
    ReportCellKind.NUMBER: (pl.Float64,),
    ReportCellKind.POINTS: (pl.Float64,),
    ReportCellKind.DAY: (pl.Date,),
}
LANGUAGES = ("zh", "en")
NO_DATA = Bilingual("无数据", "no data")


class MoneyUnit(Enum):
    """The unit that the amounts of a table are shown in; frames hold yuan."""

    YUAN = 1
    TEN_THOUSAND = 10_000

    @property
    def words(self) -> Bilingual:
        """The unit in Chinese and English."""
        return _MONEY_WORDS[self]

    def shown(self, yuan: float) -> float:
        """An amount in the unit."""
        return yuan / self.value


_MONEY_WORDS = {
    MoneyUnit.YUAN: Bilingual("元", "yuan"),
    MoneyUnit.TEN_THOUSAND: Bilingual("万元", "10,000 yuan"),
}


@dataclass(frozen=True)
class TableColumn:
    """One column: its name in the frame, its headings in Chinese and English, and the kind of its cells.

    width: in characters, a Chinese one counted twice; None for one by the cells. Longer text wraps.
    """

    name: str
    zh: str
    en: str
    kind: ReportCellKind
    width: int | None = None

    @property
    def words(self) -> Bilingual:
        """The heading in Chinese and English, without a unit."""
        return Bilingual(self.zh, self.en)

    def heading(self, language: str, money: MoneyUnit) -> str:
        """The heading in a language; over amounts with the unit that they are shown in."""
        words = str(getattr(self, language))
        if self.kind is not ReportCellKind.YUAN:
            return words
        unit = getattr(money.words, language)
        return f"{words}（{unit}）" if language == "zh" else f"{words} ({unit})"

    def cell(self, language: str) -> str:
        """The name of the frame's column that is shown in a language."""
        return f"{self.name}_{language}" if self.kind is ReportCellKind.WORDS else self.name

    @property
    def cells(self) -> tuple[str, ...]:
        """The names of all columns of the frame that belong to this one."""
        return tuple(dict.fromkeys(self.cell(language) for language in LANGUAGES))


@dataclass(frozen=True)
class ReportTable:
    """A table with a title.

    name: its key in JSON. sheet: its short name. frame: the rows, with the cells of `columns` and perhaps more
    columns; amounts in yuan. note: how to read the table. missing: the text of a missing cell. money: the unit that
    amounts are shown in. has_total: whether the last row is the total.
    """

    name: str
    sheet: Bilingual
    title: Bilingual
    columns: tuple[TableColumn, ...]
    frame: pl.DataFrame
    note: Bilingual | None = None
    missing: Bilingual = NO_DATA
    money: MoneyUnit = MoneyUnit.YUAN
    has_total: bool = False

    def __post_init__(self) -> None:
        schema = self.frame.schema
        for column in self.columns:
            for cell in column.cells:
                if cell not in schema:
                    raise TypeError(f"Table {self.name} has no column {cell!r}. {did_you_mean(cell, schema)}")
                if not isinstance(schema[cell], _TYPES[column.kind]):
                    raise TypeError(f"Table {self.name}: {cell} is {schema[cell]}, not {column.kind.value}.")

    def as_issued(self) -> ReportTable:
        """The table as it is handed upward: amounts in 万元, no codes beside names, the total last."""
        if "code" not in self.frame.columns:
            return replace(self, money=MoneyUnit.TEN_THOUSAND)
        is_total = pl.col("code").is_null()
        frame = pl.concat([self.frame.filter(~is_total), self.frame.filter(is_total)])
        has_names = any(column.name == "name" for column in self.columns)
        columns = tuple(column for column in self.columns if column.name != "code" or not has_names)
        has_total = bool(frame["code"].null_count())
        return replace(self, columns=columns, frame=frame, money=MoneyUnit.TEN_THOUSAND, has_total=has_total)

    def with_note(self, note: Bilingual | None) -> ReportTable:
        """The table with a further note before its own; None for the table itself."""
        if note is None:
            return self
        own = self.note or Bilingual("", "")
        return replace(self, note=Bilingual(f"{note.zh} {own.zh}".strip(), f"{note.en} {own.en}".strip()))

    def rows(self, language: str) -> list[tuple[Any, ...]]:
        """The rows in a language, their cells in the order of the columns."""
        return self.frame.select(column.cell(language) for column in self.columns).rows()

    def as_dict(self) -> dict[str, Any]:
        """The table in JSON values: codes, titles in both languages, days as text."""
        cells = [cell for column in self.columns for cell in column.cells]
        days = pl.selectors.date().cast(pl.String)
        return {
            "title_zh": self.title.zh,
            "title_en": self.title.en,
            "rows": self.frame.select(cells).with_columns(days).to_dicts(),
        }


def text(name: str, zh: str, en: str) -> TableColumn:
    """A column of text that is the same in both languages."""
    return TableColumn(name, zh, en, ReportCellKind.TEXT)


def words(name: str, zh: str, en: str, width: int | None = None) -> TableColumn:
    """A column of words; the frame has them as `<name>_zh` and `<name>_en`."""
    return TableColumn(name, zh, en, ReportCellKind.WORDS, width)


def yuan(name: str, zh: str, en: str) -> TableColumn:
    """A column of amounts in yuan."""
    return TableColumn(name, zh, en, ReportCellKind.YUAN)


def count(name: str, zh: str, en: str) -> TableColumn:
    """A column of whole numbers."""
    return TableColumn(name, zh, en, ReportCellKind.COUNT)


def share(name: str, zh: str, en: str) -> TableColumn:
    """A column of shares, 0 to 1."""
    return TableColumn(name, zh, en, ReportCellKind.SHARE)


def number(name: str, zh: str, en: str) -> TableColumn:
    """A column of other numbers."""
    return TableColumn(name, zh, en, ReportCellKind.NUMBER)


def points(name: str, zh: str, en: str) -> TableColumn:
    """A column of points, with one decimal."""
    return TableColumn(name, zh, en, ReportCellKind.POINTS)


def day(name: str, zh: str, en: str) -> TableColumn:
    """A column of days."""
    return TableColumn(name, zh, en, ReportCellKind.DAY)


def code_word_columns(code: str, name: str, words_by_code: dict[str, Bilingual]) -> list[pl.Expr]:
    """The two cells of a WORDS column `name`, from a column of codes; a code without words is shown itself.

    Columns `<name>_zh` and `<name>_en`.
    """
    return [
        pl.col(code)
        .replace_strict(
            {key: getattr(text, language) for key, text in words_by_code.items()},
            default=pl.col(code),
            return_dtype=pl.String,
        )
        .alias(f"{name}_{language}")
        for language in LANGUAGES
    ]
