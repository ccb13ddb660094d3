"""What a load would read from a delivery: its first rows, what was done to read them, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from features.contract.declarations import LINE
from features.contract.tables import TABLES
from features.delivery.read_file import open_table
from features.loading.fault_kinds import fault_kinds
from features.loading.inbox import InboxTable, list_inbox
from features.loading.load import LoadOptions, check_delivery
from features.messages import Bilingual, UserError

ROWS_LOOKED_AT = 20_000
"""Rows of a table that a preview checks; a load checks all."""
_ROWS_SHOWN = 5


@dataclass(frozen=True)
class TablePreview:
    """What a load would read from one table of a delivery; the fields are JSON keys of a stored preview.

    file: as the load's report calls it. table: of the contract. rows: how many were looked at. is_whole: whether these
    are all. columns: the contract's columns that are read, each with the heading it is read from, or empty where it is
    set by the map. first: the first good rows, as text, in the order of `columns`. done, ignored, faults, refused: as
    in FileReport. wrong: rows with a fault. too_many_wrong: whether a load would refuse the file for them.
    """

    file: str
    table: str
    rows: int = 0
    is_whole: bool = True
    columns: tuple[tuple[str, str], ...] = ()
    first: tuple[tuple[str, ...], ...] = ()
    done: tuple[dict[str, object], ...] = ()
    ignored: tuple[str, ...] = ()
    faults: tuple[dict[str, object], ...] = ()
    wrong: int = 0
    too_many_wrong: bool = False
    refused: Mapping[str, str] | None = None


@dataclass(frozen=True)
class DeliveryPreview:
    """What a load would read from a delivery; the fields are JSON keys of a stored preview.

    tables: parent tables first. refused: by file, why it cannot be read. may_be: by file, what to do with one that
    could be a table. left_out: by file, sheets that are no table. unrecognised: files that are no table.
    """

    tables: tuple[TablePreview, ...] = ()
    refused: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    may_be: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    left_out: Mapping[str, tuple[Mapping[str, str], ...]] = field(default_factory=dict)
    unrecognised: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> DeliveryPreview:
        """The preview of a stored JSON object."""
        return cls(**{**stored, "tables": tuple(TablePreview(**table) for table in stored["tables"])})


def preview_delivery(folder: Path, options: LoadOptions) -> DeliveryPreview:
    """Read the first rows of a delivery as a load would, without the ledger: nothing is stored.

    folder: the delivery. options: as of a load.

    Returns the preview. Whether numbers of households and loans are known is told by the load alone.

    Raises UserError where the folder holds nothing that could be a table.

    >>> from datetime import date
    >>> from features.contract.pseudonym import load_pseudonyms
    >>> from features.delivery.column_map import read_column_map
    >>> from features.loading.load import LoadOptions
    >>> from features.loading.preview import preview_delivery
    >>> options = LoadOptions(date(2026, 1, 5), read_column_map(), load_pseudonyms(tmp), lambda name: None)
    >>> first = preview_delivery(inbox, options).tables[0]
    >>> first.table, first.wrong, first.columns[0]
    ('households', 0, ('household_id', 'household_id'))
    """
    inbox = list_inbox(folder, options.column_map)
    tables = tuple(preview_table(one, options) for table in TABLES for one in inbox.of(table))
    return DeliveryPreview(
        tables,
        {file: _words(reason) for file, reason in inbox.refused.items()},
        {file: _words(hint) for file, hint in inbox.may_be.items()},
        {file: tuple(map(_words, left)) for file, left in inbox.left_out.items()},
        tuple(inbox.unrecognised),
    )


def preview_table(one: InboxTable, options: LoadOptions) -> TablePreview:
    """What a load would read from one table of a delivery; why it would be refused, where it cannot be read."""
    try:
        delivered = open_table(one.path, one.table, one.sheet, options.column_map)
        checked = check_delivery(delivered, options, ROWS_LOOKED_AT)
    except UserError as refusal:
        return TablePreview(one.label, one.table, refused=_words(refusal.message))
    table, rows = TABLES[one.table], checked.rows
    wrong = checked.faults[LINE].n_unique()
    read = [column.name for column in table.delivered_columns if delivered.heading(column.name)]
    constants = [source.column.name for source in delivered.sources if source.constant is not None]
    columns = [*read, *constants]
    first = rows.head(_ROWS_SHOWN).select(columns)
    faults = fault_kinds(checked.faults.with_columns(pl.lit("broken").alias("kind")))
    return TablePreview(
        one.label,
        one.table,
        rows.height + wrong,
        rows.height + wrong < ROWS_LOOKED_AT,
        tuple((name, delivered.heading(name) or "") for name in columns),
        tuple(tuple("" if cell is None else str(cell) for cell in row) for row in first.rows()),
        tuple({"zh": done.zh, "en": done.en, "count": count} for done, count in delivered.done.items()),
        delivered.ignored,
        tuple({**kind, "heading": delivered.heading(kind["column"])} for kind in faults.to_dicts()),
        wrong,
        wrong > options.max_wrong_share * (rows.height + wrong),
    )


def _words(message: Bilingual) -> dict[str, str]:
    return {"zh": message.zh, "en": message.en}
