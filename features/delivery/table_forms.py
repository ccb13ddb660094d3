"""What a table of the contract wants in each column, in words: for the page of tables and for empty workbooks."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from features.contract.declarations import CellKind, ContractColumn
from features.contract.tables import TABLES
from features.contract.validation import EARLIEST_DAY, YEARS_ON, most_of
from features.delivery.code_words import words_of_codes
from features.delivery.file_tables import table_names
from features.delivery.headings import shipped_headings_of
from features.messages import Bilingual

_IDENTIFIER = Bilingual(
    "编号，1 至 64 个字符，不含空格和 /", "an identifier of 1 to 64 characters without white space and /"
)
_EXPECTED: Mapping[CellKind, Bilingual] = {
    CellKind.NAME: Bilingual("文字", "text"),
    CellKind.IDENTIFIER: _IDENTIFIER,
    CellKind.PERSON: Bilingual(
        f"{_IDENTIFIER.zh}；身份证号码在装载时换成代号",
        f"{_IDENTIFIER.en}; an identity number becomes a pseudonym as it is loaded",
    ),
    CellKind.VILLAGE: Bilingual("12 位数字", "twelve digits"),
    CellKind.CODE: Bilingual("所列各值之一", "one of the values listed"),
    CellKind.DATE: Bilingual(
        "日期，如 2024-01-31；{since} 至交付后 {years} 年",
        "a day such as 2024-01-31; from {since} to {years} years after the delivery",
    ),
    CellKind.MONEY: Bilingual("元，{least} 至 {most}", "yuan, {least} to {most}"),
    CellKind.NUMBER: Bilingual("数，0 至 {most}", "a number from 0 to {most}"),
    CellKind.RATE: Bilingual(
        "年利率，如 0.0345 或 3.45%，至多 {most}", "a yearly rate such as 0.0345 or 3.45%, at most {most}"
    ),
    CellKind.SHARE: Bilingual("比例，0 至 1，如 1 或 100%", "a share from 0 to 1, such as 1 or 100%"),
    CellKind.POINTS: Bilingual("0 至 {most} 分", "0 to {most} points"),
    CellKind.WHOLE: Bilingual("整数，1 至 {most}", "a whole number from 1 to {most}"),
}
_EXAMPLES: Mapping[CellKind, str] = {
    CellKind.MONEY: "5000.00",
    CellKind.NUMBER: "40",
    CellKind.RATE: "3.45%",
    CellKind.SHARE: "100%",
    CellKind.POINTS: "85",
    CellKind.WHOLE: "1",
}
"""Examples of the kinds whose columns need none of their own."""


@dataclass(frozen=True)
class ColumnForm:
    """What a column wants.

    headings: the Chinese headings that are read as it, the one to be written first. meaning: of the column. expected:
    what a cell may hold, with unit and bounds. example: of a cell, invented, empty where the cell would be; those of
    all tables make one small delivery. words: each code value with its words, the one to be written first.
    """

    column: ContractColumn
    headings: tuple[str, ...]
    meaning: Bilingual
    expected: Bilingual
    example: str
    words: Mapping[str, list[str]]

    @property
    def heading(self) -> str:
        """The heading to be written, with the unit of money."""
        return f"{self.headings[0]}（元）" if self.column.kind is CellKind.MONEY else self.headings[0]


@dataclass(frozen=True)
class TableForm:
    """What a table wants. called: its name as people say it. meaning: what a row is."""

    name: str
    called: Bilingual
    meaning: Bilingual
    columns: tuple[ColumnForm, ...]


@lru_cache
def table_form(table: str) -> TableForm:
    """The form of a table of the contract.

    Args:
        table: a name in TABLES.

    Returns:
        Its meaning, and what each of its columns wants, in their order.

    Raises:
        KeyError: the contract has no such table.

    Example:
        >>> from features.delivery.table_forms import table_form
        >>> rate = next(each for each in table_form("loans").columns if each.column.name == "annual_rate")
        >>> rate.heading, rate.expected.en
        ('年利率', 'a yearly rate such as 0.0345 or 3.45%, at most 0.36')
    """
    meanings = {**_meanings()["every_table"], **_meanings()[table]}
    return TableForm(
        table,
        table_names()[table],
        Bilingual(*meanings["_table"]),
        tuple(
            ColumnForm(
                column,
                shipped_headings_of(table, column.name),
                Bilingual(*meanings[column.name]),
                _expected(column),
                _example(table, column),
                words_of_codes(table, column.name),
            )
            for column in TABLES[table].columns
        ),
    )


@lru_cache(maxsize=1)
def _meanings() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(files("features.delivery").joinpath("words/meanings.toml").read_text("utf-8"))


def _expected(column: ContractColumn) -> Bilingual:
    most = most_of(column) or 0
    least = -most if column.signed else column.least or 0
    bounds = {"least": f"{least:,.10g}", "most": f"{most:,.10g}"}
    return _EXPECTED[column.kind].format(**bounds, since=column.since or EARLIEST_DAY, years=YEARS_ON)


def _example(table: str, column: ContractColumn) -> str:
    if column.kind is CellKind.CODE:
        return next(iter(words_of_codes(table, column.name).values()))[0]
    example: str = _meanings()["examples"].get(column.name, _EXAMPLES.get(column.kind, ""))
    return example
