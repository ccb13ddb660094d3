"""Tables written as text in tests, and the hand-worked cases as they were delivered."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

from tests.oracle.knowledge import COLUMNS, Row, Tables


def cell(column: str, word: str) -> Any:
    """A cell by its column: a day, a number or text; `-` is missing."""
    if word == "-":
        return None
    if column.endswith(("_on", "_from", "_to", "period_start", "period_end", "month")):
        return date.fromisoformat(word)
    if column == "schedule_no":
        return int(word)
    is_text = column.endswith(("_id", "_code")) or not word.removeprefix("-").replace(".", "").isdigit()
    return word if is_text else float(word)


def drawn(**texts: str) -> Tables:
    """Tables drawn as text; a column not drawn is missing, a table not drawn is absent."""
    return {table: rows_drawn(table, text) for table, text in texts.items()}


def rows_drawn(table: str, text: str) -> list[Row]:
    header, *lines = [line.split() for line in text.strip().splitlines()]
    empty: Row = dict.fromkeys(COLUMNS[table].split())
    drawn_rows = (zip(header, line, strict=True) for line in lines)
    return [empty | {name: cell(name, word) for name, word in row} for row in drawn_rows]


def delivered(case: Path) -> Tables:
    """The deliveries of a case, `1-2024-06-30` and so on: what has no known_on became known on the delivery's day."""
    tables: Tables = {table: [] for table in COLUMNS}
    for file in sorted(case.glob("*/*.csv")):
        empty: Row = dict.fromkeys(COLUMNS[file.stem].split()) | {"known_on": date.fromisoformat(file.parent.name[2:])}
        with file.open(encoding="utf-8") as lines:
            rows = [{name: cell(name, word or "-") for name, word in row.items()} for row in csv.DictReader(lines)]
        tables[file.stem] += [empty | row for row in rows]
    return tables
