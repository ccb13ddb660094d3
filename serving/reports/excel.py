"""Tables as an Excel workbook: numbers and days as such, and text as text even where it looks like a formula."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from features.messages import Bilingual, UserError
from serving.portfolio.report_tables import ReportCellKind, ReportTable

_FORMATS: dict[ReportCellKind, dict[str, Any]] = {
    ReportCellKind.TEXT: {},
    ReportCellKind.WORDS: {"text_wrap": True},
    ReportCellKind.YUAN: {"num_format": "#,##0.00"},
    ReportCellKind.COUNT: {"num_format": "#,##0"},
    ReportCellKind.SHARE: {"num_format": "0.00%"},
    ReportCellKind.NUMBER: {"num_format": "0.000"},
    ReportCellKind.DAY: {"num_format": "yyyy-mm-dd"},
}
TEXT_ONLY = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
"""Options of a workbook in which text stays text, also where it looks like a formula."""
_NARROWEST, _WIDEST = 8, 44
"""Bounds of a column's width in characters."""
_MOST_ROWS = 1_048_000
"""A sheet has 1,048,576 rows, some of them above the table."""
_ROWS_ABOVE_HEADER = 3
"""Title, note, and an empty row."""


def workbook(tables: Sequence[ReportTable], languages: Sequence[str], made_at: datetime) -> bytes:
    """Tables as a workbook, one sheet each, with a frozen header, set up to print on A4 landscape.

    Equal tables give equal bytes. languages: of headers and words; a column of words becomes one column a language.
    made_at: date of the workbook's properties.

    Raises UserError where a table has more rows than a sheet holds.
    """
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, TEXT_ONLY) as book:
        book.set_properties({"created": made_at.replace(tzinfo=None)})
        sheets = _SheetWriter(book)
        for table in tables:
            if table.frame.height > _MOST_ROWS:
                raise UserError(
                    f"{table.title.zh} 有 {table.frame.height} 行, 一张工作表放不下; 请用 --bank 或 --area 分开导出。",
                    f"{table.title.en} has {table.frame.height} rows, more than a sheet holds; ask for one bank or "
                    "area with --bank or --area.",
                )
            sheets.add(table, languages)
    return content.getvalue()


class _SheetWriter:
    """Writes tables to sheets of a workbook, with its cell formats."""

    def __init__(self, book: Workbook) -> None:
        top = {"valign": "top"}
        self._book = book
        self._cells: dict[ReportCellKind, Format] = {
            kind: book.add_format({**top, **how}) for kind, how in _FORMATS.items()
        }
        self._title = book.add_format({"bold": True, "font_size": 14})
        self._note = book.add_format({"font_color": "#5a626b"})
        self._header = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#eef1f4"}
        )
        self._missing = book.add_format({"font_color": "#5a626b", "align": "right", "valign": "top"})

    def add(self, table: ReportTable, languages: Sequence[str]) -> None:
        sheet = self._book.add_worksheet(sheet_name(table.sheet))
        sheet.freeze_panes(_ROWS_ABOVE_HEADER + 1, 0)
        sheet.repeat_rows(_ROWS_ABOVE_HEADER)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&L&A&R&P / &N")
        sheet.write_string(0, 0, _join_languages(table.title, languages), self._title)
        if table.note:
            sheet.write_string(1, 0, _join_languages(table.note, languages), self._note)
        missing = _join_languages(table.missing, languages)
        position = 0
        for column in table.columns:
            is_words = column.kind is ReportCellKind.WORDS
            for language in languages if is_words else languages[:1]:
                header = _join_languages(column.words, (language,) if is_words else languages, "\n")
                sheet.write_string(_ROWS_ABOVE_HEADER, position, header, self._header)
                values = table.frame[column.cell(language)].to_list()
                self._write_values(sheet, position, column.kind, values, missing)
                sheet.set_column(position, position, _column_width(column.kind, header, values))
                position += 1
        if table.frame.height:
            sheet.autofilter(_ROWS_ABOVE_HEADER, 0, _ROWS_ABOVE_HEADER + table.frame.height, position - 1)

    def _write_values(
        self, sheet: Worksheet, position: int, kind: ReportCellKind, values: Sequence[Any], missing: str
    ) -> None:
        """Write the cells of one column below its header; missing text stays empty."""
        cell_format, is_text = self._cells[kind], kind in (ReportCellKind.TEXT, ReportCellKind.WORDS)
        for row, value in enumerate(values, _ROWS_ABOVE_HEADER + 1):
            if value is None:
                if not is_text:
                    sheet.write_string(row, position, missing, self._missing)
            elif is_text:
                sheet.write_string(row, position, value, cell_format)
            elif kind is ReportCellKind.DAY:
                day = datetime(value.year, value.month, value.day)  # noqa: DTZ001
                sheet.write_datetime(row, position, day, cell_format)
            else:
                sheet.write_number(row, position, value, cell_format)


def sheet_name(name: str) -> str:
    """A name that a sheet may have: at most 31 characters, with `·` in the place of forbidden ones."""
    return "".join("·" if sign in "[]:*?/\\" else sign for sign in name)[:31].strip()


def _join_languages(words: Bilingual, languages: Sequence[str], separator: str = " / ") -> str:
    """Words in each of the languages; once where they are equal."""
    return separator.join(dict.fromkeys(getattr(words, language) for language in languages))


def _column_width(kind: ReportCellKind, header: str, values: Sequence[Any]) -> float:
    """Width in characters, within bounds; longer text wraps."""
    longest = max((_text_width(str(value)) for value in values[:500] if value is not None), default=0)
    content_width = {ReportCellKind.DAY: 11, ReportCellKind.YUAN: 16}.get(kind, longest + 2)
    header_width = max(_text_width(line) for line in header.split("\n")) * 0.6 + 2
    return max(_NARROWEST, min(_WIDEST, max(content_width, header_width)))


def _text_width(text: str) -> int:
    """Number of characters, Chinese ones counted twice."""
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)
