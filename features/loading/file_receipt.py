"""The receipt that a load keeps of each file that it reads."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.contract.declarations import ContractTable
from features.ledger.ledger import Ledger
from features.ledger.receipts import Receipt, append_receipt


def keep_receipt(file: str, table: ContractTable, rows: pl.DataFrame, ledger: Ledger, delivered_on: date) -> None:
    """Add the receipt of one table of a file, after its rows are stored.

    file: name to store. rows: its good rows, new or not. ledger: with the rows of the file.

    Raises UserError where the disk cannot be written.
    """
    banks = _banks_of(rows, table, ledger)
    append_receipt(ledger.folder, Receipt(delivered_on.isoformat(), file, table.name, banks, rows.height))


def _banks_of(rows: pl.DataFrame, table: ContractTable, ledger: Ledger) -> tuple[str, ...]:
    """The banks of the loans in the rows, sorted; none where the table's rows belong to no loan."""
    if "bank" in rows.columns:
        banks = rows["bank"]
    elif table.parent == ("loans", "loan_id") and rows.height:
        loans = ledger.scan("loans").join(rows.lazy().select("loan_id").unique(), on="loan_id", how="semi")
        banks = loans.select("bank").unique().collect().to_series()
    else:
        return ()
    return tuple(banks.drop_nulls().unique().sort())
