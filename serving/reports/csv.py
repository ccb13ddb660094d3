"""Tables as CSV for spreadsheets: UTF-8 with a byte order mark, and no cell that would run as a formula."""

from __future__ import annotations

import csv
import io
from typing import Any

from serving.portfolio.report_tables import ReportTable
from serving.text.page_words import Language

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Characters that begin a formula, or that a spreadsheet skips to find one."""


def csv_file(table: ReportTable, language: Language) -> bytes:
    """A table with headers and words in one language; numbers and days in plain form, missing values as empty cells."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_safe(column.heading(language, table.money)) for column in table.columns])
    writer.writerows([_safe(cell) for cell in row] for row in table.rows(language))
    return text.getvalue().encode("utf-8-sig")


def _safe(cell: Any) -> Any:
    """A cell with an apostrophe before text that would run as a formula; numbers, also negative ones, are unchanged."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA_STARTS) else cell
