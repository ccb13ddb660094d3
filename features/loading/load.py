"""Load an inbox: each file wholly or not at all, wrong rows set aside, rows that waited taken up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from features.contract.column_map import ColumnMap
from features.contract.declarations import Kind, Table
from features.contract.pseudonym import Pseudonyms
from features.contract.reading import LINE, Delivery, delivery
from features.contract.tables import TABLES
from features.contract.validation import DATED, FAULT_SCHEMA, Checked, checked, from_cells
from features.ledger.ledger import Ledger
from features.loading.inbox import inbox
from features.loading.load_report import FileReport, LoadReport, file_report, too_many_wrong
from features.loading.quarantine import set_aside
from features.loading.reconcile import Arrivals, arrivals
from features.messages import Refused

_DELIVERED = "line as delivered"
BAD_SHARE = 0.05
"""The share of a file's rows that may be wrong; above it nothing of the file is loaded (contract, section 1)."""


@dataclass(frozen=True)
class Loading:
    """What a load needs to know besides the files; delivered_on stands in for a missing known_on."""

    delivered_on: date
    column_map: ColumnMap
    pseudonyms: Pseudonyms
    tell: Callable[[str], None]
    bad_share: float = BAD_SHARE


def load(folder: Path, ledger: Ledger, loading: Loading) -> LoadReport:
    """Take in all files of an inbox; a refused file stops none of the others.

    Raises Refused where there is no inbox, another load is running, or the disk takes no more.
    """
    found = inbox(folder)
    with ledger.exclusively():
        ledger, reports, taken_up = Ledger(ledger.folder), list[FileReport](), 0
        for table in TABLES.values():  # parents first, and what has waited before what comes now
            ledger, came = _take_up(table, ledger, loading)
            taken_up += came
            for path in found.of(table.name):
                loading.tell(path.name)
                ledger, report = _load_file(path, table, ledger, loading)
                reports.append(report)
        ledger.merge()
    return LoadReport(tuple(reports), found.strangers, taken_up, ledger.data_version)


def _load_file(path: Path, table: Table, ledger: Ledger, loading: Loading) -> tuple[Ledger, FileReport]:
    file = f"{path.parent.name}/{path.name}" if path.parent.name == table.name else path.name
    try:
        delivered = delivery(path, table, loading.column_map)
        rows = _checked_file(delivered, table, loading)
    except Refused as refusal:
        return ledger, FileReport(file, table.name, refused=refusal.words)
    found = arrivals(rows.rows, table, ledger)
    report = file_report(file, table.name, rows, found, delivered.ignored)
    if report.quarantined > loading.bad_share * report.rows:
        return ledger, too_many_wrong(report, loading.bad_share)
    aside = set_aside(file, table, rows, found, ledger)
    if found.new.height or aside.height:
        ledger = ledger.with_commit(
            table=table.name,
            file=file,
            sha256=_digest(path),
            delivered_on=loading.delivered_on.isoformat(),
            rows=found.new,
            quarantine=aside,
        )
    return ledger, report


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checked_file(delivered: Delivery, table: Table, loading: Loading) -> Checked:
    frames = [
        checked(_pseudonymised(frame, table, loading.pseudonyms), table, delivered.width, loading.delivered_on)
        for frame in delivered.frames
    ]
    none = pl.DataFrame(schema={LINE: pl.Int64(), DATED: pl.Boolean(), **table.schema})
    return Checked(
        pl.concat([none, *(frame.rows for frame in frames)]),
        pl.concat(
            [pl.DataFrame(schema=FAULT_SCHEMA), *(_hidden(frame.faults, loading.pseudonyms) for frame in frames)]
        ),
    )


def _hidden(faults: pl.DataFrame, pseudonyms: Pseudonyms) -> pl.DataFrame:
    """In a broken line an identity number may stand in any cell."""
    return faults.with_columns(pl.col("value", "cells").map_elements(pseudonyms.hidden, return_dtype=pl.String))


def _pseudonymised(frame: pl.DataFrame, table: Table, pseudonyms: Pseudonyms) -> pl.DataFrame:
    """With a pseudonym in the place of every identity number."""
    for column in table.columns:
        if column.kind is Kind.PERSON:
            renamed = pseudonyms.renamed(frame[column.name].drop_nulls().unique())
            if renamed:
                frame = frame.with_columns(pl.col(column.name).replace(renamed))
    return frame


def _take_up(table: Table, ledger: Ledger, loading: Loading) -> tuple[Ledger, int]:
    """Bring in a table's rows that waited for a household, loan or policy that is known by now."""
    waiting = ledger.quarantined().filter(pl.col("kind") == "waiting", pl.col("table") == table.name)
    if waiting.is_empty():
        return ledger, 0
    numbered = waiting.with_columns(pl.col(LINE).alias(_DELIVERED), pl.int_range(pl.len()).alias(LINE))
    rows = checked(from_cells(numbered, table), table, len(table.names), loading.delivered_on)
    found = arrivals(rows.rows, table, ledger)
    came = numbered.join(found.waiting.select(LINE), on=LINE, how="anti", maintain_order="left")
    if came.is_empty():
        return ledger, 0
    settled = Arrivals(found.new, found.known, found.conflicts, found.waiting.clear())
    after = ledger.with_commit(
        table=table.name,
        file="quarantine",
        sha256="",
        delivered_on=loading.delivered_on.isoformat(),
        rows=found.new,
        quarantine=_as_delivered(set_aside("quarantine", table, rows, settled, ledger), numbered),
        taken_up=tuple(came["id"]),
    )
    return after, found.new.height


def _as_delivered(aside: pl.DataFrame, numbered: pl.DataFrame) -> pl.DataFrame:
    """Rows set aside again, under the file and line they were once delivered in."""
    origin = numbered.select(LINE, "file", _DELIVERED)
    return aside.drop("file").join(origin, on=LINE).with_columns(pl.col(_DELIVERED).alias(LINE)).select(aside.columns)
