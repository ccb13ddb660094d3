"""A table as CSV that spreadsheets open as it is: UTF-8 with a mark, and no cell that would run as a formula."""

from __future__ import annotations

import csv
import io
from typing import Any

from serving.portfolio.report_tables import Table
from serving.text.page_words import Language

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula, or skips to find one."""


def csv_file(table: Table, language: Language) -> bytes:
    """Headers and words in one language; numbers and days as programs read them, an unknown value as an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_safe(getattr(column, language)) for column in table.columns])
    writer.writerows([_safe(cell) for cell in row] for row in table.rows(language))
    return text.getvalue().encode("utf-8-sig")


def _safe(cell: Any) -> Any:
    """Text that would run is led by an apostrophe; a number below nought is a number."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(_RUNS) else cell
