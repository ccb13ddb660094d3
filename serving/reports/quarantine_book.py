"""Rows in quarantine as an Excel workbook to send back: a sheet for each bank, the rows as they were delivered."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from features.delivery.file_tables import table_names
from features.delivery.headings import shipped_heading
from features.loading.quarantine_list import KIND_WORDS, delivered_row
from serving.reports.excel import TEXT_ONLY, sheet_name

_OF_NO_BANK = "其他 other"
_BEFORE = ("文件 file", "行 line", "类别 kind", "问题列 column", "原因", "reason", "更正或答复 answer")
_WIDTHS = (24, 7, 14, 20, 44, 44, 20)
_WIDTH_OF_CELL = 18


@dataclass(frozen=True)
class _Block:
    """Rows of one table that were delivered under the same headings."""

    table: str
    headings: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def quarantine_book(rows: pl.DataFrame, made_at: datetime) -> bytes:
    """The rows of `list_quarantine` as a workbook.

    Each sheet has, for each table and its headings, a block: one row for each delivered row with its file, line,
    reasons, an empty cell for an answer, and its cells under their own headings. Equal rows give equal bytes.

    made_at: date of the workbook's properties.
    """
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, TEXT_ONLY) as book:
        book.set_properties({"created": made_at.replace(tzinfo=None)})
        bold = book.add_format({"bold": True})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        names: set[str] = set()
        for (bank,), of_bank in rows.group_by("bank", maintain_order=True):
            name = _unused_name(sheet_name(str(bank or _OF_NO_BANK)) or _OF_NO_BANK, names)
            _write_sheet(book.add_worksheet(name), _blocks(of_bank), bold, wrapped)
        if not names:
            book.add_worksheet("空 empty").write_string(0, 0, "隔离区为空 / nothing is in quarantine")
    return content.getvalue()


def _unused_name(name: str, names: set[str]) -> str:
    """The name, with a number where another sheet has it already in any case; added to the names."""
    candidate, number = name, 1
    while candidate.casefold() in names:
        number += 1
        candidate = f"{name[:27]} {number}"
    names.add(candidate.casefold())
    return candidate


def _blocks(rows: pl.DataFrame) -> Sequence[_Block]:
    blocks: dict[tuple[str, tuple[str, ...]], _Block] = {}
    for (table, file, line, _), faults in rows.group_by("table", "file", "line", "cells", maintain_order=True):
        first = faults.row(0, named=True)
        cells = delivered_row(first)
        columns = dict.fromkeys(faults["column"])
        named = {name: next((one["heading"] for one in cells if one["column"] == name), None) for name in columns}
        headings = tuple(str(one["heading"]) for one in cells)
        block = blocks.setdefault((str(table), headings), _Block(str(table), headings, []))
        about = (
            str(file),
            line,
            "; ".join(str(KIND_WORDS[kind]) for kind in dict.fromkeys(faults["kind"])),
            "; ".join(heading or shipped_heading(str(table), name) for name, heading in named.items()),
            "；".join(dict.fromkeys(faults["reason_zh"])),
            "; ".join(dict.fromkeys(faults["reason_en"])),
            None,
        )
        block.rows.append((*about, *(one["cell"] for one in cells)))
    return list(blocks.values())


def _write_sheet(sheet: Worksheet, blocks: Sequence[_Block], bold: Format, wrapped: Format) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    most = max(len(block.headings) for block in blocks)
    for position, width in enumerate((*_WIDTHS, *[_WIDTH_OF_CELL] * most)):
        sheet.set_column(position, position, width)
    at = 0
    for block in blocks:
        words = table_names()[block.table]
        sheet.write_string(at, 0, f"{words.zh} {words.en} ({len(block.rows)})", bold)
        for position, heading in enumerate((*_BEFORE, *block.headings)):
            sheet.write_string(at + 1, position, heading, bold)
        for number, row in enumerate(block.rows, at + 2):
            for position, cell in enumerate(row):
                if isinstance(cell, int):
                    sheet.write_number(number, position, cell, wrapped)
                elif cell is not None:
                    sheet.write_string(number, position, cell, wrapped)
        at += len(block.rows) + 3
