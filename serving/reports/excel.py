"""Tables as an Excel workbook: numbers and days as such, and text as text even where it looks like a formula."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import xlsxwriter
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from features.messages import Bilingual, UserError
from models.light import LIGHT_WORDS
from serving.portfolio.report_tables import ReportCellKind, ReportTable, TableColumn

_FORMATS: dict[ReportCellKind, dict[str, Any]] = {
    ReportCellKind.TEXT: {"text_wrap": True},
    ReportCellKind.WORDS: {"text_wrap": True},
    ReportCellKind.YUAN: {"num_format": "#,##0.00"},
    ReportCellKind.COUNT: {"num_format": "#,##0"},
    ReportCellKind.SHARE: {"num_format": "0.00%"},
    ReportCellKind.NUMBER: {"num_format": "0.000"},
    ReportCellKind.POINTS: {"num_format": "0.0"},
    ReportCellKind.DAY: {"num_format": "yyyy-mm-dd"},
}
TEXT_ONLY = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
"""Options of a workbook in which text stays text, also where it looks like a formula."""
_NARROWEST, _WIDEST, _WIDEST_HEADING = 8, 44, 14
"""Bounds of a column's width in characters."""
_MOST_ROWS = 1_048_000
"""A sheet has 1,048,576 rows, some of them above the table."""
_ROWS_ABOVE_HEADER = 3
"""Title, day and unit, note."""
_LINE_HEIGHT, _HIGHEST = 16.5, 400.0
"""Points of a line of Chinese text, and of the highest row that is set; Excel takes 409."""
_WIDTHS = {
    ReportCellKind.DAY: 11,
    ReportCellKind.YUAN: 12,
    ReportCellKind.SHARE: 9,
    ReportCellKind.NUMBER: 8,
    ReportCellKind.POINTS: 8,
}
_COVER_WIDTH = 110
_CHART_ROWS = 15
_LIGHT_TEXT = {"red": "#b3261e", "yellow": "#8a6100", "green": "#1e6b34"}
_SHADED = ("overdue_share", "lit_share")
"""Shares whose cells are the darker, the higher."""
_COVER = Bilingual("要点", "Findings")
_SIGNATURE = Bilingual(
    "制表：__________    审核：__________    负责人：__________    日期：______年____月____日",
    "Made by: __________    Checked by: __________    Approved by: __________    Date: ______-____-____",
)
_UNIT = Bilingual("单位：{unit}", "amounts in {unit}")


@dataclass(frozen=True)
class SheetChart:
    """A chart of a table's columns, drawn by the spreadsheet itself.

    table: the table's name. categories: the column of its labels. series: columns, each with its colour. is_stacked:
    bars on one another; else lines.
    """

    title: Bilingual
    table: str
    categories: str
    series: Mapping[str, str]
    is_stacked: bool


@dataclass(frozen=True)
class Cover:
    """The first sheet of a report: title, period and scope, findings in sentences, charts."""

    title: Bilingual
    about: Bilingual
    sentences: Sequence[Bilingual]
    charts: Sequence[SheetChart] = ()


@dataclass(frozen=True)
class _Placed:
    """Where a table was written: its sheet's name, and the positions of its columns and rows."""

    sheet: str
    columns: Mapping[str, int]
    first_row: int
    last_row: int


def workbook(
    tables: Sequence[ReportTable],
    language: str,
    made_at: datetime,
    cover: Cover | None = None,
    about: Bilingual | None = None,
) -> bytes:
    """Tables as a workbook in one language, one sheet each, with a frozen header, set up to print on A4 landscape.

    Equal tables give equal bytes. made_at: date of the workbook's properties. cover: the first sheet; none for a list.
    about: period and scope of an issued report, for the line below each title; sheets then end with a block to sign.

    Raises UserError where a table has more rows than a sheet holds.
    """
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, TEXT_ONLY) as book:
        book.set_properties({"created": made_at.replace(tzinfo=None)})
        writer = _SheetWriter(book, language, about)
        first = book.add_worksheet(getattr(_COVER, language)) if cover else None
        for table in tables:
            if table.frame.height > _MOST_ROWS:
                raise UserError(
                    f"{table.title.zh} 有 {table.frame.height} 行，一张工作表放不下；请用 --bank 或 --area 分开导出。",
                    f"{table.title.en} has {table.frame.height} rows, more than a sheet holds; ask for one bank or "
                    "area with --bank or --area.",
                )
            writer.add(table)
        if first is not None and cover is not None:
            writer.write_cover(first, cover)
    return content.getvalue()


class _SheetWriter:
    """Writes tables to sheets of a workbook, with its cell formats."""

    def __init__(self, book: Workbook, language: str, about: Bilingual | None) -> None:
        top, soft = {"valign": "top", "bottom": 4, "bottom_color": "#c4ccd4"}, {"font_color": "#5a626b"}
        self._book, self._language, self._about = book, language, about
        self._placed: dict[str, _Placed] = {}
        self._cells = {kind: book.add_format({**top, **how}) for kind, how in _FORMATS.items()}
        self._totals = {kind: book.add_format({**top, **how, "bold": True, "top": 1}) for kind, how in _FORMATS.items()}
        self._lights = {
            str(getattr(LIGHT_WORDS[code], language)): book.add_format(
                {**top, "text_wrap": True, "font_color": colour, "bold": True}
            )
            for code, colour in _LIGHT_TEXT.items()
        }
        self._title = book.add_format({"bold": True, "font_size": 14})
        self._line = book.add_format(soft)
        self._note = book.add_format({**soft, "valign": "top", "text_wrap": True, "align": "left"})
        self._sentence = book.add_format({"valign": "top", "text_wrap": True, "font_size": 12})
        self._header = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#eef1f4"}
        )
        self._missing = book.add_format({**top, **soft, "align": "right", "text_wrap": True})

    def add(self, table: ReportTable) -> None:
        """A sheet with a table: title, day and unit, note, header, rows, and the block to sign."""
        language = self._language
        name = self._free_name(getattr(table.sheet, language))
        sheet = self._book.add_worksheet(name)
        _set_up_page(sheet)
        sheet.freeze_panes(_ROWS_ABOVE_HEADER + 1, 0)
        sheet.repeat_rows(_ROWS_ABOVE_HEADER)
        headings = [column.heading(language, table.money) for column in table.columns]
        values = [table.frame[column.cell(language)].to_list() for column in table.columns]
        widths = [
            column.width or _column_width(column.kind, heading, cells)
            for column, heading, cells in zip(table.columns, headings, values, strict=True)
        ]
        for position, width in enumerate(widths):
            sheet.set_column(position, position, width)
        sheet.write_string(0, 0, getattr(table.title, language), self._title)
        self._write_line_and_note(sheet, table, sum(widths))
        for position, heading in enumerate(headings):
            sheet.write_string(_ROWS_ABOVE_HEADER, position, heading, self._header)
        sheet.set_row(_ROWS_ABOVE_HEADER, _row_height(headings, widths))
        last = _ROWS_ABOVE_HEADER + table.frame.height
        for position, (column, cells) in enumerate(zip(table.columns, values, strict=True)):
            self._write_values(sheet, position, column, cells, table)
        wrapped = [at for at, column in enumerate(table.columns) if column.kind in _WRAPPED]
        for row in range(table.frame.height):
            height = _row_height([str(values[at][row] or "") for at in wrapped], [widths[at] for at in wrapped])
            if height > _LINE_HEIGHT:
                sheet.set_row(_ROWS_ABOVE_HEADER + 1 + row, height)
        if table.frame.height:
            sheet.autofilter(_ROWS_ABOVE_HEADER, 0, last - (1 if table.has_total else 0), len(headings) - 1)
        if self._about:
            sheet.write_string(last + 2, 0, getattr(_SIGNATURE, language), self._line)
        columns = {column.name: position for position, column in enumerate(table.columns)}
        rows_end = last - (1 if table.has_total else 0)
        self._placed[table.name] = _Placed(name, columns, _ROWS_ABOVE_HEADER + 1, rows_end)

    def write_cover(self, sheet: Worksheet, cover: Cover) -> None:
        """The first sheet; its charts take their numbers from the sheets behind it."""
        language, row = self._language, 3
        _set_up_page(sheet)
        sheet.set_portrait()
        sheet.fit_to_pages(1, 1)
        sheet.set_column(0, 0, _COVER_WIDTH)
        sheet.write_string(0, 0, getattr(cover.title, language), self._title)
        sheet.write_string(1, 0, getattr(cover.about, language), self._line)
        for number, sentence in enumerate(cover.sentences, 1):
            text = f"{number}. {getattr(sentence, language)}"
            sheet.write_string(row, 0, text, self._sentence)
            sheet.set_row(row, _row_height([text], [_COVER_WIDTH * 0.8]) * 1.2)
            row += 1
        row += 1
        for chart in cover.charts:
            placed = self._placed[chart.table]
            if placed.last_row >= placed.first_row:
                sheet.insert_chart(row, 0, self._chart(chart, placed), {"x_offset": 5, "y_offset": 5})
                row += _CHART_ROWS
        sheet.write_string(row + 1, 0, getattr(_SIGNATURE, language), self._line)

    def _chart(self, chart: SheetChart, placed: _Placed) -> Any:
        kind = {"type": "bar", "subtype": "stacked"} if chart.is_stacked else {"type": "line"}
        made = self._book.add_chart(kind)
        assert made is not None  # noqa: S101 - the kind is one of xlsxwriter's

        def cells(column: str) -> list[Any]:
            at = placed.columns[column]
            return [placed.sheet, placed.first_row, at, placed.last_row, at]

        for column, colour in chart.series.items():
            style = {"fill": {"color": colour}} if chart.is_stacked else {"line": {"color": colour, "width": 2}}
            header = [placed.sheet, _ROWS_ABOVE_HEADER, placed.columns[column]]
            made.add_series({"name": header, "categories": cells(chart.categories), "values": cells(column), **style})
        made.set_title({"name": getattr(chart.title, self._language), "name_font": {"size": 12}})
        made.set_legend({"position": "bottom"})
        if chart.is_stacked:
            made.set_y_axis({"reverse": True})
            made.set_x_axis({"num_format": "#,##0", "major_gridlines": {"visible": False}})
        else:
            made.set_y_axis({"num_format": "0%", "min": 0, "major_gridlines": {"visible": True}})
            made.set_x_axis({"date_axis": True, "num_format": "yyyy-mm", "major_unit": 1, "major_unit_type": "months"})
        made.set_size({"width": 800, "height": _CHART_ROWS * 20 - 20})
        return made

    def _free_name(self, name: str) -> str:
        """A sheet's name that no other sheet has."""
        taken = {str(sheet.get_name()).casefold() for sheet in self._book.worksheets()}
        wanted, number = sheet_name(name), 2
        while wanted.casefold() in taken:
            wanted = f"{sheet_name(name)[:28]} {number}"
            number += 1
        return wanted

    def _write_line_and_note(self, sheet: Worksheet, table: ReportTable, width: float) -> None:
        language = self._language
        has_money = any(column.kind is ReportCellKind.YUAN for column in table.columns)
        unit = _UNIT.format(unit=getattr(table.money.words, language)) if has_money else None
        line = [getattr(each, language) for each in (self._about, unit) if each]
        if line:
            sheet.write_string(1, 0, " · ".join(line), self._line)
        if table.note:
            note = getattr(table.note, language)
            if len(table.columns) > 1:
                sheet.merge_range(2, 0, 2, len(table.columns) - 1, "", self._note)
            sheet.write_string(2, 0, note, self._note)
            sheet.set_row(2, _row_height([note], [width]))

    def _write_values(
        self, sheet: Worksheet, position: int, column: TableColumn, values: Sequence[Any], table: ReportTable
    ) -> None:
        """Write the cells of one column below its header; missing text stays empty."""
        kind, is_text = column.kind, column.kind in _WRAPPED
        for row, value in enumerate(values, _ROWS_ABOVE_HEADER + 1):
            is_total = table.has_total and row == _ROWS_ABOVE_HEADER + table.frame.height
            cell_format = (self._totals if is_total else self._cells)[kind]
            missing = getattr(table.missing, self._language)
            if value is None:
                if not is_text and missing:
                    sheet.write_string(row, position, missing, self._missing)
                elif is_total:
                    sheet.write_blank(row, position, None, cell_format)
            elif is_text:
                sheet.write_string(row, position, value, self._lights.get(value, cell_format))
            elif kind is ReportCellKind.DAY:
                day = datetime(value.year, value.month, value.day)  # noqa: DTZ001
                sheet.write_datetime(row, position, day, cell_format)
            else:
                shown = table.money.shown(value) if kind is ReportCellKind.YUAN else value
                sheet.write_number(row, position, shown, cell_format)
        if column.name in _SHADED and values:
            shades = {"type": "2_color_scale", "min_color": "#ffffff", "max_color": "#f5b971"}
            last = _ROWS_ABOVE_HEADER + len(values)
            sheet.conditional_format(_ROWS_ABOVE_HEADER + 1, position, last, position, shades)


_WRAPPED = (ReportCellKind.TEXT, ReportCellKind.WORDS)


def sheet_name(name: str) -> str:
    """A name that a sheet may have: at most 31 characters, with `·` in the place of forbidden ones."""
    return "".join("·" if sign in "[]:*?/\\" else sign for sign in name)[:31].strip()


def _set_up_page(sheet: Worksheet) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&R&P / &N")


def _row_height(texts: Sequence[str], widths: Sequence[float]) -> float:
    """Points that a row needs, so that every text stands in its width whole.

    Set, since not every spreadsheet fits the rows of a file when it opens it.
    """
    lines = 1
    for text, width in zip(texts, widths, strict=True):
        needed = sum(max(math.ceil(_text_width(part) / max(width - 1, 1)), 1) for part in text.split("\n"))
        lines = max(lines, needed)
    return min(_LINE_HEIGHT * lines, _HIGHEST)


def _column_width(kind: ReportCellKind, header: str, values: Sequence[Any]) -> float:
    """Width in characters, within bounds; longer text wraps."""
    longest = max((_text_width(str(value)) for value in values[:500] if value is not None), default=0)
    content_width = _WIDTHS.get(kind, longest + 2)
    header_width = min(_text_width(header) * 0.6 + 2, _WIDEST_HEADING)
    return max(_NARROWEST, min(_WIDEST, max(content_width, header_width)))


def _text_width(text: str) -> int:
    """Number of characters, Chinese ones counted twice."""
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)
