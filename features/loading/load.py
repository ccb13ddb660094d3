"""Loading of an inbox into the ledger: each file as a whole or not at all, wrong rows into quarantine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from features.contract.declarations import LINE, CellKind, ContractTable
from features.contract.pseudonym import UNCLEAR_FAULTS, Pseudonyms
from features.contract.tables import PAYMENTS, TABLES
from features.contract.validation import FAULTS_SCHEMA, HAS_KNOWN_ON, CheckedRows, check_rows, rows_from_json
from features.delivery.column_map import ColumnMap
from features.delivery.read_file import open_table
from features.delivery.table_columns import Delivery
from features.ledger.ledger import Ledger
from features.ledger.quarantine_files import QUARANTINE_SCHEMA
from features.loading.before_drawdown import reject_before_drawdown
from features.loading.file_receipt import keep_receipt
from features.loading.inbox import InboxTable, list_inbox
from features.loading.load_report import FileReport, LoadReport, file_report, refused_report, waiting_report
from features.loading.quarantine import corrected_rows, new_in_quarantine, rejected_rows, with_delivered_cells
from features.loading.reconcile import reconcile_rows
from features.loading.reused_numbers import hanging_rows
from features.messages import UserError

_DELIVERED_LINE = "line as delivered"
"""Column of the line a quarantined row had in its file, while `line` numbers the rows that are checked again."""
_ORIGIN = ("file", "delivered_on", "delivered")
"""Columns that say where a quarantined row came from."""
MAX_WRONG_SHARE = 0.05
"""Largest share of wrong rows in a file that is loaded; a file with more is refused (contract, section 1)."""


@dataclass(frozen=True)
class LoadOptions:
    """Options of a load.

    delivered_on: the day of delivery, used for rows without known_on. column_map: names of the columns of delivered
    headers. pseudonyms: replace identity numbers before anything is stored. report_progress: called with the name of
    each file. max_wrong_share: largest share of wrong rows in a file that is loaded. corrections: whether rows may move
    a fact to another owner, such as a payment to another loan.
    """

    delivered_on: date
    column_map: ColumnMap
    pseudonyms: Pseudonyms
    report_progress: Callable[[str], None]
    max_wrong_share: float = MAX_WRONG_SHARE
    corrections: bool = False


def load(folder: Path, ledger: Ledger, options: LoadOptions) -> LoadReport:
    """Load all files of an inbox into the ledger; the other files are loaded where one is refused.

    folder: the inbox, with `<table>.csv` or `<table>/*.csv` (also .parquet, .xlsx). ledger: the ledger to append to;
    the object itself stays as it is. options: the day of delivery, the column map and so on.

    Returns a report of each file. Raises UserError where the folder holds no table, another load is running, or the
    disk cannot be written.

    >>> from datetime import date
    >>> from features.delivery.column_map import read_column_map
    >>> from features.contract.pseudonym import load_pseudonyms
    >>> from features.ledger.ledger import Ledger
    >>> from features.loading.load import LoadOptions, load
    >>> options = LoadOptions(date(2026, 1, 5), read_column_map(), load_pseudonyms(tmp), lambda name: None)
    >>> report = load(inbox, Ledger(tmp / "ledger"), options)
    >>> report.has_refused_files
    False
    >>> Ledger(tmp / "ledger").data_version == report.data_version
    True
    """
    inbox = list_inbox(folder, options.column_map)
    with ledger.write_lock():
        ledger, released_rows, aside = ledger.read_later_commits(), 0, dict[str, set[str]]()
        reports = [FileReport(file, "", refused=reason) for file, reason in inbox.refused.items()]
        # Parent tables first; of each table first the rows that waited, since they were delivered earlier.
        for table in TABLES.values():
            ledger, count = _release_waiting_rows(table, ledger, options)
            released_rows += count
            for one in inbox.of(table.name):
                options.report_progress(one.label)
                ledger, report = _load_table(one, ledger, options, aside)
                reports.append(report)
        ledger.merge()
        ledger.store_by_number()
    return LoadReport(
        tuple(reports),
        tuple(inbox.unrecognised),
        released_rows,
        ledger.data_version,
        tuple(inbox.may_be.values()),
        inbox.left_out,
    )


def _load_table(
    one: InboxTable, ledger: Ledger, options: LoadOptions, aside: dict[str, set[str]]
) -> tuple[Ledger, FileReport]:
    """Load one table of a file; returns the ledger after it (unchanged where it is refused) and its report.

    aside: by table, the numbers used twice that this load has set aside so far; those of this file are added.
    """
    path, file, table = one.path, one.label, TABLES[one.table]
    try:
        delivered = open_table(path, table.name, one.sheet, options.column_map)
        checked_rows = check_delivery(delivered, options)
        if table is PAYMENTS:
            checked_rows = reject_before_drawdown(checked_rows, ledger)
    except UserError as refusal:
        return ledger, FileReport(file, table.name, refused=refusal.message)
    hanging = hanging_rows(checked_rows.rows, table, aside)
    rows = checked_rows.rows.join(hanging.select(LINE), on=LINE, how="anti", maintain_order="left")
    result = reconcile_rows(rows, table, ledger, options.corrections)
    result = replace(result, set_aside=pl.concat([result.set_aside, hanging]))
    aside.setdefault(table.name, set()).update(result.set_aside[table.key[0]].cast(pl.String))
    rejected = rejected_rows(file, table, checked_rows, result, options.delivered_on)
    report = file_report(file, checked_rows, result, delivered, rejected)
    if report.quarantined > options.max_wrong_share * report.rows:
        return ledger, refused_report(report, options.max_wrong_share)
    quarantine = new_in_quarantine(rejected, ledger)
    quarantine = with_delivered_cells(quarantine, one, delivered, options.column_map, options.pseudonyms)
    corrected = corrected_rows(table, result.new, ledger)
    if result.new.height or quarantine.height:
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        ledger = ledger.append_commit(
            table=table.name,
            file=file,
            sha256=digest,
            delivered_on=options.delivered_on.isoformat(),
            rows=result.new,
            quarantine=quarantine,
            released_ids=tuple(corrected["id"]),
        )
    keep_receipt(file, table, checked_rows.rows, ledger, options.delivered_on)
    report = replace(report, corrected=corrected.height)
    return ledger, waiting_report(report, table, options.max_wrong_share)


def check_delivery(delivered: Delivery, options: LoadOptions, most_rows: int | None = None) -> CheckedRows:
    """Read and check the rows of a table; identity numbers are replaced by pseudonyms, also in the faults.

    most_rows: how many are looked at; all where it is None.
    """
    frames, table, left = [], delivered.table, most_rows
    for batch in delivered.frames:
        frame = batch if left is None else batch.head(left)
        for column in table.columns:
            if column.kind in (CellKind.PERSON, CellKind.IDENTIFIER, CellKind.NAME):
                replacements = options.pseudonyms.replacements(frame[column.name])
                frame = frame.with_columns(pl.col(column.name).replace(replacements)) if replacements else frame
            if column.kind is CellKind.PERSON:
                delivered.faults.setdefault(column.name, {}).update(UNCLEAR_FAULTS)
        frames.append(
            check_rows(frame, table, delivered.width, options.delivered_on, delivered.faults, delivered.shares)
        )
        if left is not None and (left := left - frame.height) == 0:
            break
    kinds = {column.name: column.kind.dtype for column in table.delivered_columns}
    no_rows = pl.DataFrame(schema={LINE: pl.Int64(), HAS_KNOWN_ON: pl.Boolean(), **kinds})
    faults = pl.concat([FAULTS_SCHEMA.empty(), *(frame.faults for frame in frames)])
    # In a broken line an identity number may be in any cell.
    texts = pl.col("value", "cells").map_elements(options.pseudonyms.replace_identity_numbers, return_dtype=pl.String)
    return CheckedRows(pl.concat([no_rows, *(frame.rows for frame in frames)]), faults.with_columns(texts))


def _release_waiting_rows(table: ContractTable, ledger: Ledger, options: LoadOptions) -> tuple[Ledger, int]:
    """Load a table's quarantined rows whose household, loan or policy is stored now.

    Returns the ledger after it and the number of rows loaded.
    """
    waiting = ledger.quarantined_rows().filter(pl.col("kind") == "waiting", pl.col("table") == table.name)
    if waiting.is_empty():
        return ledger, 0
    # Rows of several files may have the same line, so they are numbered anew to be told apart.
    numbered = waiting.with_columns(pl.col(LINE).alias(_DELIVERED_LINE), pl.int_range(pl.len()).alias(LINE))
    text = rows_from_json(numbered, table)
    # They kept the bounds of rates when they were delivered, or the column map said that they may pass them.
    width, shares = len(table.column_names), table.column_names
    checked_rows = check_rows(text, table, width, options.delivered_on, shares=shares)
    if table is PAYMENTS:
        checked_rows = reject_before_drawdown(checked_rows, ledger)
    result = reconcile_rows(checked_rows.rows, table, ledger, options.corrections)
    released = numbered.join(result.waiting.select(LINE), on=LINE, how="anti", maintain_order="left")
    if released.is_empty():
        return ledger, 0
    no_longer_waiting = replace(result, waiting=result.waiting.clear())
    rejected = rejected_rows("quarantine", table, checked_rows, no_longer_waiting, options.delivered_on)
    rejected = new_in_quarantine(rejected, ledger)
    origin = numbered.select(LINE, *_ORIGIN, _DELIVERED_LINE)
    rejected = rejected.drop(_ORIGIN).join(origin, on=LINE).with_columns(pl.col(_DELIVERED_LINE).alias(LINE))
    ledger = ledger.append_commit(
        table=table.name,
        file="quarantine",
        sha256="",
        delivered_on=options.delivered_on.isoformat(),
        rows=result.new,
        quarantine=rejected.select(list(QUARANTINE_SCHEMA.columns)),
        released_ids=tuple(released["id"]),
    )
    return ledger, result.new.height
