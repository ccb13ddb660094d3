"""Quarantine: rejected rows with file, line, column, value and reason, until they are corrected or can be loaded."""

from __future__ import annotations

import hashlib

import polars as pl

from features.contract.declarations import LINE, ContractTable
from features.contract.validation import FAULTS_SCHEMA, HAS_KNOWN_ON, CheckedRows, cells_as_json
from features.frame_schema import returns
from features.ledger.ledger import Ledger
from features.ledger.quarantine_files import QUARANTINE_SCHEMA
from features.loading.reconcile import CONFLICT, Reconciliation
from features.loading.reused_numbers import COLUMN, KIND, REASON, REASON_EN, REASON_ZH
from features.messages import Bilingual

_DELIVERED_CELLS = "cells as delivered"
"""Column of the row as JSON without a known_on that the load has filled in."""
WAITING_MESSAGES = {
    parent: Bilingual(f"所属{zh}尚未送达, 到达后自动装入", f"its {en} is unknown so far; taken up when that arrives")
    for parent, zh, en in (
        ("households", "农户", "household"),
        ("loans", "贷款", "loan"),
        ("policies", "保单", "policy"),
    )
}


@returns(QUARANTINE_SCHEMA)
def quarantine_rows(
    file: str, table: ContractTable, rows: CheckedRows, result: Reconciliation, ledger: Ledger
) -> pl.DataFrame:
    """The rows of one file that go to quarantine, without those that are there already.

    file: name to store. rows: the file's checked rows. result: what `reconcile_rows` returned for them.
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
    named = quarantined.with_columns(pl.lit(table.name).alias("table"), pl.lit(file).alias("file"))
    # Equal where the same row is delivered again: known_on counts only if the file itself names it.
    identity = pl.concat_str(
        "table", "kind", "column", "reason_en", _DELIVERED_CELLS, separator="\x1f", ignore_nulls=True
    )
    row_id = identity.map_elements(lambda text: hashlib.sha256(text.encode()).hexdigest()[:24], return_dtype=pl.String)
    distinct = (
        named.with_columns(row_id.alias("id"))
        .select(list(QUARANTINE_SCHEMA.columns))
        .unique("id", keep="first", maintain_order=True)
    )
    return distinct.join(ledger.quarantined_rows().select("id"), on="id", how="anti", maintain_order="left")


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
