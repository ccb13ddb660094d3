"""Quarantine: rows set aside with file, line, column, value and reason, until they are corrected or can come in."""

from __future__ import annotations

import hashlib

import polars as pl

from features.contract.declarations import Table
from features.contract.reading import LINE
from features.contract.validation import DATED, FAULT_SCHEMA, Checked, as_cells
from features.ledger.ledger import QUARANTINE_SCHEMA, Ledger
from features.loading.reconcile import CONFLICT, Arrivals
from features.messages import Words

_SAID = "cells as the file said them"
_WAITING = {
    parent: Words(f"所属{zh}尚未送达, 到达后自动装入", f"its {en} is unknown so far; taken up when that arrives")
    for parent, zh, en in (
        ("households", "农户", "household"),
        ("loans", "贷款", "loan"),
        ("policies", "保单", "policy"),
    )
}


def set_aside(file: str, table: Table, rows: Checked, found: Arrivals, ledger: Ledger) -> pl.DataFrame:
    """The rows of one file that go to quarantine and are not there yet, as QUARANTINE_SCHEMA."""
    waits_for, by = table.parent or ("households", "household_id")
    parts = [
        rows.faults.with_columns(pl.lit("broken").alias("kind"), pl.col("cells").alias(_SAID)),
        _with_reason(found.conflicts, table, "conflict", table.key[0], CONFLICT),
    ]
    if table.parent:
        parts.append(_with_reason(found.waiting, table, "waiting", by, _WAITING[waits_for]))
    together = pl.concat([part.select(*FAULT_SCHEMA, "kind", _SAID) for part in parts])
    named = together.with_columns(pl.lit(table.name).alias("table"), pl.lit(file).alias("file"))
    return _unseen(named.with_columns(_identity().alias("id")).select(list(QUARANTINE_SCHEMA)), ledger)


def _with_reason(rows: pl.DataFrame, table: Table, kind: str, column: str, words: Words) -> pl.DataFrame:
    said = rows.with_columns(pl.when(DATED).then(pl.col("known_on"))).select(as_cells(table).alias(_SAID))
    return rows.select(
        LINE,
        pl.lit(column).alias("column"),
        pl.col(column).cast(pl.String).alias("value"),
        pl.lit(words.zh).alias("reason_zh"),
        pl.lit(words.en).alias("reason_en"),
        as_cells(table),
        pl.lit(kind).alias("kind"),
    ).hstack(said)


def _identity() -> pl.Expr:
    """What makes a row set aside the same one when its file comes again: its table, its fault, what it said.

    A file that does not say known_on says the same on every day it is delivered.
    """
    text = pl.concat_str("table", "kind", "column", "reason_en", _SAID, separator="\x1f", ignore_nulls=True)
    return text.map_elements(_digest, return_dtype=pl.String)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _unseen(aside: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    first = aside.unique("id", keep="first", maintain_order=True)
    return first.join(ledger.quarantined().select("id"), on="id", how="anti", maintain_order="left")
