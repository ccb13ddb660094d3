"""An empty workbook for a table of the contract, to be handed to whoever delivers it."""

from __future__ import annotations

import io
import zipfile

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from features.contract.declarations import CellKind
from features.contract.tables import TABLES
from features.delivery.sheets import NOTES_SHEET
from features.delivery.table_forms import ColumnForm, TableForm, table_form

_ROWS_PREPARED = 5000
"""Rows whose cells offer the code values."""
_TEXT_KINDS = frozenset({CellKind.IDENTIFIER, CellKind.PERSON, CellKind.VILLAGE})
_TEXT, _DAY = "@", "yyyy-mm-dd"
_REQUIRED, _OPTIONAL = PatternFill("solid", fgColor="FFE699"), PatternFill("solid", fgColor="E7E6E6")
_WIDTH = 18
_NOTE_WIDTHS = (20, 20, 10, 48, 48, 18, 48, 60)
_NOTE_HEADINGS = (
    *("栏目", "Column", "必填", "含义", "填写", "示例", "可填的值"),
    "Meaning and what is expected",
)


def template_workbook(form: TableForm) -> bytes:
    """The empty workbook of a table, as an XLSX file.

    The first sheet has the headings alone, those that have to be filled in another colour; numbers of loans and people
    are text, so that none is rounded, and code values are offered. The second says what each column means.

    Example:
        >>> import io
        >>> import openpyxl
        >>> from features.delivery.table_forms import table_form
        >>> from features.delivery.template_workbook import template_workbook
        >>> book = openpyxl.load_workbook(io.BytesIO(template_workbook(table_form("prices"))))
        >>> book.sheetnames, [cell.value for cell in book.worksheets[0][1]]
        (['价格', '填写说明 Notes'], ['产品', '月份', '价格（元）', '知悉日'])
    """
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = form.called.zh
    for at, column in enumerate(form.columns, start=1):
        _prepare_column(sheet, at, column)
    sheet.freeze_panes = "A2"
    _write_notes(book.create_sheet(NOTES_SHEET), form)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def template_name(form: TableForm) -> str:
    """The file name of a table's empty workbook, which tells the table when it is delivered."""
    return f"{form.called.zh}_{form.name}.xlsx"


def template_archive() -> bytes:
    """The empty workbooks of all tables, as a ZIP file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for form in map(table_form, TABLES):
            archive.writestr(template_name(form), template_workbook(form))
    return content.getvalue()


def _prepare_column(sheet: Worksheet, at: int, column: ColumnForm) -> None:
    """Write a column's heading and prepare the cells below it."""
    letter, required = get_column_letter(at), column.column.required
    heading = sheet.cell(1, at, column.heading)
    heading.fill, heading.font = _REQUIRED if required else _OPTIONAL, Font(bold=required)
    dimension = sheet.column_dimensions[letter]
    dimension.width = _WIDTH
    if column.column.kind in _TEXT_KINDS:
        dimension.number_format = _TEXT
    if column.column.kind is CellKind.DATE:
        dimension.number_format = _DAY
    if column.words:
        offered = ",".join(words[0] for words in column.words.values())
        choice = DataValidation(type="list", formula1=f'"{offered}"', allow_blank=not required)
        sheet.add_data_validation(choice)
        choice.add(f"{letter}2:{letter}{_ROWS_PREPARED}")


def _write_notes(sheet: Worksheet, form: TableForm) -> None:
    """Write what the table is, and a row for each of its columns."""
    sheet.append([f"{form.called.zh}（{form.name}）：{form.meaning.zh}"])
    sheet.append([form.meaning.en])
    sheet.append(_NOTE_HEADINGS)
    for column in form.columns:
        required = "必填" if column.column.required else ""
        offered = "、".join(words[0] for words in column.words.values())
        told = f"{column.meaning.en}: {column.expected.en}"
        cells = (column.heading, column.column.name, required, column.meaning.zh, column.expected.zh)
        sheet.append([*cells, column.example, offered, told])
    for at, width in enumerate(_NOTE_WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(at)].width = width
    for row in sheet.iter_rows(min_row=3):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    for row in sheet.iter_rows(max_row=3):
        for cell in row:
            cell.font = Font(bold=True)
