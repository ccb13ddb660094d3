"""Ledgers of many commits: each brings one price, which hangs on nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl

from features.ledger.ledger import Ledger
from features.ledger.part_files import ALL_COUNTIES, COUNTY
from features.ledger.quarantine_files import QUARANTINE_SCHEMA

FIRST_DAY = date(2000, 1, 31)


def price(number: int, product: str = "sheep") -> pl.DataFrame:
    """The price of a month, one month later for each number."""
    month = date(2000 + number // 12, number % 12 + 1, 1)
    cells = {"product": product, "month": month, "price": float(number), "known_on": FIRST_DAY + timedelta(number)}
    return pl.DataFrame({name: [cell] for name, cell in (cells | {COUNTY: ALL_COUNTIES}).items()})


def rejected_row(number: int, kind: str = "broken") -> pl.DataFrame:
    """A row in quarantine, with the number as its id."""
    cells = {name: str(number) for name in QUARANTINE_SCHEMA.columns} | {"kind": kind, "line": number}
    return pl.DataFrame([cells], schema=QUARANTINE_SCHEMA.dtypes)


def append_price(
    ledger: Ledger,
    rows: pl.DataFrame | None = None,
    quarantine: pl.DataFrame | None = None,
    released_ids: tuple[str, ...] = (),
    file: str = "prices.csv",
) -> Ledger:
    """The ledger with one more commit, as a load makes it; of the next price where none is given."""
    return ledger.append_commit(
        table="prices",
        file=file,
        sha256="",
        delivered_on="2024-06-30",
        rows=price(len(ledger.commits)) if rows is None else rows,
        quarantine=QUARANTINE_SCHEMA.empty() if quarantine is None else quarantine,
        released_ids=released_ids,
    )


def ledger_of(folder: Path, commits: int, product: str = "sheep") -> Ledger:
    """A ledger of so many commits, each of a price."""
    ledger = Ledger(folder)
    while (number := len(ledger.commits)) < commits:
        ledger = append_price(ledger, price(number, product))
    return ledger
