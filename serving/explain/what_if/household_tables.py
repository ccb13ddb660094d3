"""One household's rows as a request brings them, validated like a delivery; nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl

from features.contract.declarations import CELL_COUNT, LINE, CellKind, ContractTable
from features.contract.pseudonym import load_pseudonyms
from features.contract.tables import REQUIRED_TABLES, TABLES
from features.contract.validation import check_rows
from features.delivered_tables import DeliveredTables
from features.messages import spelling_hint
from serving.explain.what_if.facts import ImpossibleFactsError

CellValue = str | float | int | None
RowsByTable = Mapping[str, list[dict[str, CellValue]]]
"""Rows by table of the contract, each row by column."""
_FAULTS_NAMED = 5
"""Faults of a table that the error names."""
_COUNTY_DIGITS = 6


def read_household_tables(tables: RowsByTable, folder: Path, as_of: date) -> tuple[str, DeliveredTables]:
    """The household's id, and its rows as delivered tables; identity numbers are replaced by pseudonyms first.

    tables: rows of the contract's tables; a row without `known_on` was known at as_of. A table left out was not
    delivered; an empty one was delivered without rows. folder: the data folder, which has the pseudonyms' key.
    Raises ImpossibleFactsError where a table or column is not the contract's, a row breaks its table, or the rows are
    not those of one household.
    """
    _check_names(tables)
    frames = {name: _validated_frame(TABLES[name], tables[name], folder, as_of) for name in TABLES if name in tables}
    ids = {name for frame in frames.values() if "household_id" in frame.columns for name in frame["household_id"]}
    households = set(frames["households"]["household_id"])
    if len(households) != 1 or ids != households:
        raise ImpossibleFactsError(
            "所给各表须属于同一农户，且该农户在 households 表中。",
            "All rows must be of one household, and that one in the table households.",
        )
    _check_parents(frames)
    delivered = DeliveredTables.from_frames(frames)
    county = str(frames["households"]["village_code"][0])[:_COUNTY_DIGITS]
    first_known = {**delivered.first_known, **{name: {county: date.min} for name in frames}}
    return str(households.pop()), replace(delivered, first_known=first_known)


def _check_names(tables: RowsByTable) -> None:
    """Check that all required tables are there, and no table or column that the contract does not have."""
    missing = [name for name in REQUIRED_TABLES if name not in tables]
    if missing:
        names = ", ".join(missing)
        raise ImpossibleFactsError(f"缺少表：{names}。", f"These tables are needed too: {names}.")
    for name, rows in tables.items():
        if name not in TABLES:
            hint = spelling_hint(name, TABLES)
            raise ImpossibleFactsError(f"没有表 '{name}'。{hint.zh}", f"There is no table {name!r}. {hint.en}")
        columns = TABLES[name].column_names
        for column in sorted({column for row in rows for column in row} - set(columns)):
            hint = spelling_hint(column, columns)
            raise ImpossibleFactsError(
                f"表 {name} 没有列 '{column}'。{hint.zh}", f"{name} has no column {column!r}. {hint.en}"
            )


def _validated_frame(table: ContractTable, rows: list[dict[str, CellValue]], folder: Path, as_of: date) -> pl.DataFrame:
    pseudonyms, names = load_pseudonyms(folder), [column.name for column in table.delivered_columns]
    texts_of_people = (CellKind.PERSON, CellKind.IDENTIFIER, CellKind.NAME)
    replaced = {column.name for column in table.columns if column.kind in texts_of_people}
    lines = []
    for row in rows:
        texts = {name: str(cell) for name in names if (cell := row.get(name)) is not None}
        lines.append(
            {name: pseudonyms.pseudonym(text) if name in replaced else text for name, text in texts.items() if text}
        )
    frame = pl.DataFrame(lines, schema=dict.fromkeys(names, pl.String)).with_columns(
        pl.int_range(1, pl.len() + 1).alias(LINE), pl.lit(len(names), pl.Int64).alias(CELL_COUNT)
    )
    validated = check_rows(frame, table, len(names), as_of)
    if validated.faults.height:
        # Row, column and reason, never the value, which might identify a person.
        faults = validated.faults.head(_FAULTS_NAMED).to_dicts()
        zh = "；".join(f"{table.name} 第 {each['line']} 行 {each['column']}：{each['reason_zh']}" for each in faults)
        en = "; ".join(f"{table.name} row {each['line']}, {each['column']}: {each['reason_en']}" for each in faults)
        raise ImpossibleFactsError(f"{zh}。", f"{en}.")
    return validated.rows.select(table.column_names)


def _check_parents(frames: Mapping[str, pl.DataFrame]) -> None:
    """Check that the parent of each row is among the rows: a payment's loan, a claim's policy."""
    for name, frame in frames.items():
        parent, by = TABLES[name].parent or (name, TABLES[name].key[0])
        parent_ids = frames[parent][by] if parent in frames else pl.Series(dtype=pl.String)
        if frame.filter(~pl.col(by).is_in(parent_ids.implode())).height:
            raise ImpossibleFactsError(
                f"表 {name} 中有 {by} 不在表 {parent} 中。", f"{name} names a {by} that {parent} does not hold."
            )
