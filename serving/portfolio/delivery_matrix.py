"""Deliveries as a matrix: for each table and bank, what came in each month, what is set aside, waits or is missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import polars as pl

from features.contract.tables import REQUIRED_TABLES, TABLES
from features.delivery.file_tables import table_names
from features.ledger.ledger import Ledger
from features.ledger.receipts import Receipt, read_receipts
from features.loading.quarantine_list import list_quarantine
from features.messages import Bilingual
from features.months import month_end, month_end_after
from features.runs import RefusedFile

MONTHS_SHOWN = 6
"""Months of delivery that the matrix looks back."""
_BANK_TABLES = ("loans", "instalments", "payments")
"""Needed tables that each bank brings: the households come from the county."""


class DeliveryState(StrEnum):
    """What a month brought of a table.

    aside: nothing but rows that are set aside or wait. refused: nothing but a file that was refused as a whole.
    """

    IN = "in"
    ASIDE = "aside"
    REFUSED = "refused"
    MISSING = "missing"
    NONE = "none"


STATE_WORDS: Mapping[DeliveryState, Bilingual] = {
    DeliveryState.IN: Bilingual("已到", "in"),
    DeliveryState.ASIDE: Bilingual("全部未装入", "none loaded"),
    DeliveryState.REFUSED: Bilingual("被退回", "refused"),
    DeliveryState.MISSING: Bilingual("缺", "missing"),
    DeliveryState.NONE: Bilingual("–", "–"),
}


@dataclass(frozen=True)
class DeliveryCell:
    """One table of one bank in one month.

    rows: good rows of the files that brought some of the bank's, also rows that were known already; a file may hold
    those of several banks. set_aside: rows in quarantine. waiting:
    rows that wait for a household or loan. last_on: the newest day of delivery (ISO).
    """

    state: DeliveryState
    rows: int = 0
    set_aside: int = 0
    waiting: int = 0
    last_on: str | None = None


@dataclass(frozen=True)
class DeliveryRow:
    """A table, of one bank or of the county, with a cell for each month.

    bank: None for tables that belong to no bank, and for the rows of the others whose bank is not known.
    """

    table: str
    name: Bilingual
    bank: str | None
    is_needed: bool
    cells: tuple[DeliveryCell, ...]


@dataclass(frozen=True)
class DeliveryMatrix:
    """The matrix. months: month ends by day of delivery, oldest first. rows: needed tables first."""

    months: tuple[date, ...]
    rows: tuple[DeliveryRow, ...]

    @property
    def missing(self) -> int:
        """Needed tables, counted by bank, of which the newest month has brought nothing that was taken in."""
        nothing = (DeliveryState.MISSING, DeliveryState.REFUSED)
        return sum(row.is_needed and row.cells[-1].state in nothing for row in self.rows)


def delivery_matrix(ledger: Ledger, today: date, refused: Sequence[RefusedFile] = ()) -> DeliveryMatrix:
    """What came in the last months, by table and bank.

    Args:
        ledger: with its receipts and its quarantine.
        today: the newest month is the one of this day.
        refused: files that were refused and not loaded since; which bank's they are is not known.

    Returns:
        The matrix. Banks are those of the loans and receipts. A needed table is missing in a month of which nothing of
        it came; other tables may come when they do.

    Example:
        >>> from datetime import date
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.portfolio.delivery_matrix import delivery_matrix
        >>> matrix = delivery_matrix(DataFolder(data).ledger, date(2026, 1, 10))
        >>> str(matrix.months[-1]), matrix.rows[0].table, matrix.rows[0].cells[-1].state.value
        ('2026-01-31', 'households', 'in')
    """
    newest = month_end(today)
    months = tuple(month_end_after(newest, -back) for back in reversed(range(MONTHS_SHOWN)))
    receipts = read_receipts(ledger.folder)
    refusals = {(file.table, file.on[:7]) for file in refused if file.table}
    aside = _set_aside(ledger)
    known = ledger.scan("loans").select("bank").unique().collect()["bank"].drop_nulls()
    banks = sorted({*known, *(bank for receipt in receipts for bank in receipt.banks)})
    with_banks = {receipt.table for receipt in receipts if receipt.banks} | set(_BANK_TABLES)
    order = sorted(TABLES, key=lambda table: (table not in REQUIRED_TABLES, list(TABLES).index(table)))
    names = table_names()
    rows = []
    for table in order:
        for bank in banks if table in with_banks and banks else [None]:
            cells = tuple(_cell(table, bank, month, receipts, aside, refusals) for month in months)
            is_needed = table in REQUIRED_TABLES
            if is_needed or any(cell.state is not DeliveryState.NONE for cell in cells):
                rows.append(DeliveryRow(table, names[table], bank, is_needed, cells))
        of_no_bank = tuple(_cell_of_no_bank(table, month, aside) for month in months)
        if table in with_banks and any(cell.state is not DeliveryState.NONE for cell in of_no_bank):
            rows.append(DeliveryRow(table, names[table], None, False, of_no_bank))
    return DeliveryMatrix(months, tuple(rows))


_Aside = Mapping[tuple[str, str | None, str], tuple[int, int]]
"""Rows set aside and waiting, by table, bank and month of delivery (`2026-01`)."""


def _set_aside(ledger: Ledger) -> _Aside:
    rows = list_quarantine(ledger).unique("id").with_columns(pl.col("delivered_on").str.head(7).alias("month"))
    is_waiting = pl.col("kind") == "waiting"
    counts = rows.group_by("table", "bank", "month").agg(
        (~is_waiting).sum().alias("aside"), is_waiting.sum().alias("waits")
    )
    return {(table, bank, month): (aside, waits) for table, bank, month, aside, waits in counts.rows()}


def _cell_of_no_bank(table: str, month: date, aside: _Aside) -> DeliveryCell:
    """Rows of a bank's table whose bank is not known, since their loan is not."""
    set_aside, waiting = aside.get((table, None, f"{month:%Y-%m}"), (0, 0))
    state = DeliveryState.ASIDE if set_aside or waiting else DeliveryState.NONE
    return DeliveryCell(state, 0, set_aside, waiting)


def _cell(
    table: str,
    bank: str | None,
    month: date,
    receipts: Sequence[Receipt],
    aside: _Aside,
    refusals: Collection[tuple[str, str]],
) -> DeliveryCell:
    """refusals: tables and months (`2026-01`) of refused files."""
    label = f"{month:%Y-%m}"
    came = [
        receipt
        for receipt in receipts
        if receipt.table == table and receipt.delivered_on[:7] == label and (bank is None or bank in receipt.banks)
    ]
    set_aside, waiting = aside.get((table, bank, label), (0, 0))
    rows = sum(receipt.rows for receipt in came)
    last_on = max((receipt.delivered_on for receipt in came), default=None)
    if rows:
        state = DeliveryState.IN
    elif set_aside or waiting or came:
        state = DeliveryState.ASIDE
    elif (table, label) in refusals:
        state = DeliveryState.REFUSED
    else:
        state = DeliveryState.MISSING if table in REQUIRED_TABLES else DeliveryState.NONE
    return DeliveryCell(state, rows, set_aside, waiting, last_on)
