"""Tables as an Excel workbook: numbers as numbers, days as days, text as text whatever it begins with."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from features.messages import Refused
from serving.portfolio.report_tables import LANGUAGES, Column, Kind, Table

_FORMATS: dict[Kind, dict[str, Any]] = {
    Kind.TEXT: {},
    Kind.WORDS: {"text_wrap": True},
    Kind.YUAN: {"num_format": "#,##0.00"},
    Kind.COUNT: {"num_format": "#,##0"},
    Kind.SHARE: {"num_format": "0.00%"},
    Kind.NUMBER: {"num_format": "0.000"},
    Kind.DAY: {"num_format": "yyyy-mm-dd"},
}
_LEAST_WIDTH, _MOST_WIDTH = 8, 44
_MOST_ROWS = 1_048_000
"""A sheet has 1,048,576."""
_HEAD = 3
"""Rows above the header: title, note, an empty one."""


def workbook(tables: Sequence[Table], languages: Sequence[str], made_at: datetime) -> bytes:
    """One sheet a table, frozen below its header, printed on A4 across.

    languages: of headers and words; both stand side by side where there are two. The same tables give the same bytes.

    Raises Refused where a table has more rows than a sheet holds.
    """
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"created": made_at.replace(tzinfo=None)})
        sheets = _Sheets(book)
        for table in tables:
            _check_fits(table)
            sheets.add(table, languages)
    return content.getvalue()


def _check_fits(table: Table) -> None:
    if table.frame.height > _MOST_ROWS:
        raise Refused(
            f"{table.title.zh} 有 {table.frame.height} 行, 一张工作表放不下; 请用 --bank 或 --area 分开导出。",
            f"{table.title.en} has {table.frame.height} rows, more than a sheet holds; ask for one bank or area with "
            "--bank or --area.",
        )


class _Sheets:
    """A workbook being written, with its formats."""

    def __init__(self, book: Workbook) -> None:
        top = {"valign": "top"}
        self._book = book
        self._cells: dict[Kind, Format] = {kind: book.add_format({**top, **how}) for kind, how in _FORMATS.items()}
        self._title = book.add_format({"bold": True, "font_size": 14})
        self._note = book.add_format({"font_color": "#5a626b"})
        self._header = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#eef1f4"}
        )
        self._missing = book.add_format({"font_color": "#5a626b", "align": "right", "valign": "top"})

    def add(self, table: Table, languages: Sequence[str]) -> None:
        sheet = self._book.add_worksheet(sheet_name(table.sheet))
        _set_up(sheet)
        sheet.write_string(0, 0, _both(table.title.zh, table.title.en, languages), self._title)
        if table.note:
            sheet.write_string(1, 0, _both(table.note.zh, table.note.en, languages), self._note)
        place = 0
        for column in table.columns:
            for language in languages if column.kind is Kind.WORDS else languages[:1]:
                self._write(sheet, place, table, column, language, languages)
                place += 1
        if table.frame.height:
            sheet.autofilter(_HEAD, 0, _HEAD + table.frame.height, place - 1)

    def _write(
        self, sheet: Worksheet, place: int, table: Table, column: Column, language: str, languages: Sequence[str]
    ) -> None:
        called = (language,) if column.kind is Kind.WORDS else languages
        header = _both(column.zh, column.en, called, "\n")
        sheet.write_string(_HEAD, place, header, self._header)
        values = table.frame[column.cell(language)].to_list()
        missing = _both(table.missing.zh, table.missing.en, languages)
        for row, value in enumerate(values, _HEAD + 1):
            self._cell(sheet, row, place, column.kind, value, missing)
        sheet.set_column(place, place, _width(column.kind, header, values))

    def _cell(self, sheet: Worksheet, row: int, place: int, kind: Kind, value: Any, missing: str) -> None:
        how = self._cells[kind]
        if value is None:
            if kind not in (Kind.TEXT, Kind.WORDS):
                sheet.write_string(row, place, missing, self._missing)
        elif kind in (Kind.TEXT, Kind.WORDS):
            sheet.write_string(row, place, value, how)
        elif kind is Kind.DAY:
            sheet.write_datetime(row, place, datetime(value.year, value.month, value.day), how)  # noqa: DTZ001
        else:
            sheet.write_number(row, place, value, how)


def _set_up(sheet: Worksheet) -> None:
    sheet.freeze_panes(_HEAD + 1, 0)
    sheet.repeat_rows(_HEAD)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&R&P / &N")


def sheet_name(name: str) -> str:
    """At most 31 characters, and none that a sheet's name may not have."""
    return "".join("·" if sign in "[]:*?/\\" else sign for sign in name)[:31].strip()


def _both(zh: str, en: str, languages: Sequence[str], between: str = " / ") -> str:
    said = dict(zip(LANGUAGES, (zh, en), strict=True))
    return between.join(dict.fromkeys(said[language] for language in languages))


def _width(kind: Kind, header: str, values: Sequence[Any]) -> float:
    """Chinese signs are two wide; what is longer than the widest column is wrapped."""
    longest = max((_wide(str(value)) for value in values[:500] if value is not None), default=0)
    written = {Kind.DAY: 11, Kind.YUAN: 16}.get(kind, longest + 2)
    return max(_LEAST_WIDTH, min(_MOST_WIDTH, max(written, max(_wide(line) for line in header.split("\n")) * 0.6 + 2)))


def _wide(text: str) -> int:
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)
