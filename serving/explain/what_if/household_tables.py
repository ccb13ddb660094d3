"""One household's rows as a request gives them: checked by the door that deliveries go through, nothing stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl

from features.contract.declarations import Kind, Table
from features.contract.pseudonym import pseudonyms
from features.contract.reading import CELLS_FOUND, LINE
from features.contract.tables import REQUIRED_TABLES, TABLES
from features.contract.validation import checked
from features.delivered_tables import Rows
from features.messages import meant
from serving.explain.what_if.facts import Impossible

Cell = str | float | int | None
Tables = Mapping[str, list[dict[str, Cell]]]
_FAULTS_TOLD = 5


def rows_given(tables: Tables, folder: Path, as_of: date) -> tuple[str, Rows]:
    """The household, and its rows; an identity number is replaced by its pseudonym before anything looks at it.

    tables: the contract's rows by table; a row without known_on was known at as_of. A table left out was not
    delivered; of an empty one nothing has happened.
    Raises Impossible where a table or column is none of the contract's, a row breaks its table, or the rows are not
    those of one household.
    """
    _check_names(tables)
    frames = {name: _checked(TABLES[name], tables[name], folder, as_of) for name in TABLES if name in tables}
    household = _household(frames)
    _check_parents(frames)
    rows = Rows.of(frames)
    county = str(frames["households"]["village_code"][0])[:6]
    return household, replace(rows, known_from={**rows.known_from, **{name: {county: date.min} for name in frames}})


def _check_names(tables: Tables) -> None:
    lacking = [name for name in REQUIRED_TABLES if name not in tables]
    if lacking:
        raise Impossible(f"缺少表: {', '.join(lacking)}。", f"These tables are needed too: {', '.join(lacking)}.")
    for name, rows in tables.items():
        if name not in TABLES:
            near = meant(name, TABLES)
            raise Impossible(f"没有表 '{name}'。{near.zh}", f"There is no table {name!r}. {near.en}")
        for column in sorted({column for row in rows for column in row} - set(TABLES[name].names)):
            near = meant(column, TABLES[name].names)
            raise Impossible(f"表 {name} 没有列 '{column}'。{near.zh}", f"{name} has no column {column!r}. {near.en}")


def _checked(table: Table, rows: list[dict[str, Cell]], folder: Path, as_of: date) -> pl.DataFrame:
    hidden = pseudonyms(folder)
    people = {column.name for column in table.columns if column.kind is Kind.PERSON}
    lines = [
        {name: hidden.of(text) if name in people else text for name in table.names if (text := _text(row.get(name)))}
        for row in rows
    ]
    frame = pl.DataFrame(lines, schema=dict.fromkeys(table.names, pl.String)).with_columns(
        pl.int_range(1, pl.len() + 1).alias(LINE), pl.lit(len(table.names), pl.Int64).alias(CELLS_FOUND)
    )
    found = checked(frame, table, len(table.names), as_of)
    if found.faults.height:
        raise _faulty(table, found.faults)
    return found.rows.select(table.names)


def _text(cell: Cell) -> str:
    return "" if cell is None else str(cell)


def _faulty(table: Table, faults: pl.DataFrame) -> Impossible:
    """Which row and column, and why; never the value, which might be a person's."""
    told = faults.head(_FAULTS_TOLD).to_dicts()
    zh = "; ".join(f"{table.name} 第 {each['line']} 行 {each['column']}: {each['reason_zh']}" for each in told)
    en = "; ".join(f"{table.name} row {each['line']}, {each['column']}: {each['reason_en']}" for each in told)
    return Impossible(f"{zh}。", f"{en}.")


def _household(frames: Mapping[str, pl.DataFrame]) -> str:
    named = {name for frame in frames.values() if "household_id" in frame.columns for name in frame["household_id"]}
    known = set(frames["households"]["household_id"])
    if len(known) != 1 or named != known:
        raise Impossible(
            "所给各表须属于同一农户, 且该农户在 households 表中。",
            "All rows must be of one household, and that one in the table households.",
        )
    return str(known.pop())


def _check_parents(frames: Mapping[str, pl.DataFrame]) -> None:
    """Every payment, instalment and event of a loan that is given, every claim of a policy."""
    for name, frame in frames.items():
        parent, by = TABLES[name].parent or (name, TABLES[name].key[0])
        known = frames[parent][by] if parent in frames else pl.Series(dtype=pl.String)
        if frame.filter(~pl.col(by).is_in(known.implode())).height:
            raise Impossible(
                f"表 {name} 中有 {by} 不在表 {parent} 中。", f"{name} names a {by} that {parent} does not hold."
            )
