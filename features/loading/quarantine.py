"""Quarantine: rejected rows with file, line, column, value and reason, until they are corrected or can be loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date

import polars as pl

from features.contract.declarations import LINE, ContractTable
from features.contract.pseudonym import Pseudonyms
from features.contract.validation import FAULTS_SCHEMA, HAS_KNOWN_ON, CheckedRows, cells_as_json
from features.delivery.column_map import ColumnMap
from features.delivery.read_file import delivered_cells
from features.delivery.table_columns import Delivery
from features.frame_schema import returns
from features.ledger.ledger import Ledger
from features.ledger.quarantine_files import QUARANTINE_SCHEMA
from features.loading.inbox import InboxTable
from features.loading.reconcile import CONFLICT, Reconciliation
from features.loading.reused_numbers import COLUMN, KIND, REASON, REASON_EN, REASON_ZH
from features.messages import Bilingual

_DELIVERED_CELLS = "cells as delivered"
"""Column of the row as JSON without a known_on that the load has filled in."""
WAITING_MESSAGES = {
    parent: Bilingual(f"所属{zh}尚未送达，到达后自动装入", f"its {en} is unknown so far; taken up when that arrives")
    for parent, zh, en in (
        ("households", "农户", "household"),
        ("loans", "贷款", "loan"),
        ("policies", "保单", "policy"),
    )
}


@returns(QUARANTINE_SCHEMA)
def rejected_rows(
    file: str, table: ContractTable, rows: CheckedRows, result: Reconciliation, delivered_on: date
) -> pl.DataFrame:
    """The rows of one file that are not stored, one for each fault; `delivered` is empty.

    file: name to store. rows: the file's checked rows. result: what `reconcile_rows` returned for them. delivered_on:
    the day of delivery.
    """
    if all(frame.is_empty() for frame in (rows.faults, result.conflicts, result.set_aside, result.waiting)):
        return QUARANTINE_SCHEMA.empty()
    rejected = [
        rows.faults.with_columns(pl.lit("broken").alias("kind"), pl.col("cells").alias(_DELIVERED_CELLS)),
        _with_reason(result.conflicts, table, "conflict", table.key[0], CONFLICT),
        _as_faults(result.set_aside, table),
    ]
    if table.parent:
        parent, by = table.parent
        rejected.append(_with_reason(result.waiting, table, "waiting", by, WAITING_MESSAGES[parent]))
    quarantined = pl.concat([frame.select(*FAULTS_SCHEMA.columns, "kind", _DELIVERED_CELLS) for frame in rejected])
    named = quarantined.with_columns(
        pl.lit(table.name).alias("table"),
        pl.lit(file).alias("file"),
        pl.lit(delivered_on.isoformat()).alias("delivered_on"),
        pl.lit(None, pl.String()).alias("delivered"),
    )
    # Equal where the same row is delivered again: known_on counts only if the file itself names it.
    identity = pl.concat_str(
        "table", "kind", "column", "reason_en", _DELIVERED_CELLS, separator="\x1f", ignore_nulls=True
    )
    row_id = identity.map_elements(lambda text: hashlib.sha256(text.encode()).hexdigest()[:24], return_dtype=pl.String)
    return named.with_columns(row_id.alias("id")).select(list(QUARANTINE_SCHEMA.columns))


@returns(QUARANTINE_SCHEMA)
def new_in_quarantine(rejected: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Those of the rejected rows that are not in quarantine already, each once."""
    if rejected.is_empty():
        return rejected
    distinct = rejected.unique("id", keep="first", maintain_order=True)
    return distinct.join(ledger.quarantined_rows().select("id"), on="id", how="anti", maintain_order="left")


@returns(QUARANTINE_SCHEMA)
def with_delivered_cells(
    rows: pl.DataFrame, one: InboxTable, delivery: Delivery, column_map: ColumnMap, pseudonyms: Pseudonyms
) -> pl.DataFrame:
    """Rows for quarantine with `delivered`: their cells as the file has them, under its own headings.

    one, delivery, column_map: the file's table, as it was opened. Cells that no column is read from are left out: they
    may name people.

    Raises UserError where the file cannot be read again.
    """
    if rows.is_empty():
        return rows
    lines = delivered_cells(one.path, delivery, column_map, rows[LINE].unique().to_list())
    texts = pl.Series([cell for cells in lines.values() for cell in cells if cell], dtype=pl.String)
    replaced = pseudonyms.replacements(texts)
    delivered = {line: _cells_json(cells, delivery, replaced) for line, cells in lines.items()}
    return rows.with_columns(
        pl.col(LINE).replace_strict(delivered, default=None, return_dtype=pl.String).alias("delivered")
    )


def _cells_json(cells: tuple[str | None, ...], delivery: Delivery, replaced: Mapping[str, str]) -> str:
    """The cells of a line that columns are read from, in the order of the file."""
    column_of = {position: name for name, positions in delivery.positions.items() for position in positions}
    row = [
        {
            "column": column_of[position],
            "heading": delivery.headings[position],
            "cell": cell and replaced.get(cell, cell),
        }
        for position, cell in enumerate(cells)
        if position in column_of
    ]
    return json.dumps(row, ensure_ascii=False)


@returns(QUARANTINE_SCHEMA)
def corrected_rows(table: ContractTable, stored: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """The rows in quarantine whose fact is stored by a load: corrected, and delivered no earlier than they were.

    stored: the rows to store, in the table's columns. A stored row of another loan, household, bank or policy corrects
    nothing, unless that is what was wrong. Rows that wait are not among them.
    """
    aside = ledger.quarantined_rows().filter(pl.col("table") == table.name, pl.col("kind") != "waiting")
    if aside.is_empty() or stored.is_empty():
        return QUARANTINE_SCHEMA.empty()
    names = [*dict.fromkeys((*table.key, *table.hangs_on))]
    cells = [pl.col("cells").str.json_path_match(f"$.{name}").alias(name) for name in names]
    known = pl.coalesce(
        pl.col("cells").str.json_path_match("$.known_on").str.to_date("%Y-%m-%d", strict=False),
        pl.col("delivered_on").str.to_date("%Y-%m-%d", strict=False),
    )
    newest = stored.sort("known_on").unique(table.key, keep="last")
    newest = newest.select(pl.col(names).cast(pl.String), pl.col("known_on").alias("stored known_on"))
    found = aside.with_columns(*cells, known.alias("aside known_on")).join(newest, on=list(table.key), suffix=" stored")
    is_later = (pl.col("stored known_on") >= pl.col("aside known_on")).fill_null(True)
    is_of_one_owner = [
        pl.col(name).eq_missing(pl.col(f"{name} stored")) | ((pl.col("kind") == "broken") & (pl.col("column") == name))
        for name in table.hangs_on
        if name not in table.key
    ]
    corrected = found.filter(is_later, *is_of_one_owner).select("id")
    return aside.join(corrected, on="id", how="semi", maintain_order="left")


def _with_reason(rows: pl.DataFrame, table: ContractTable, kind: str, column: str, message: Bilingual) -> pl.DataFrame:
    """Rows in the columns of FAULTS_SCHEMA, with their kind and one reason."""
    reason = zip(REASON, (kind, column, message.zh, message.en), strict=True)
    return _as_faults(rows.with_columns(pl.lit(text).alias(name) for name, text in reason), table)


def _as_faults(rows: pl.DataFrame, table: ContractTable) -> pl.DataFrame:
    """Rows with the columns of REASON in the columns of FAULTS_SCHEMA, with their kind."""
    values = [pl.when(pl.col(COLUMN) == name).then(pl.col(name).cast(pl.String)) for name in rows[COLUMN].unique()]
    without_default = rows.with_columns(pl.when(HAS_KNOWN_ON).then(pl.col("known_on")))
    delivered = without_default.select(cells_as_json(table).alias(_DELIVERED_CELLS))
    return rows.select(
        LINE,
        pl.col(COLUMN).alias("column"),
        pl.coalesce(pl.lit(None, pl.String), *values).alias("value"),
        pl.col(REASON_ZH).alias("reason_zh"),
        pl.col(REASON_EN).alias("reason_en"),
        cells_as_json(table),
        pl.col(KIND).alias("kind"),
    ).hstack(delivered)
