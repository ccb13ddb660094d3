"""A large county: one simulated county, copied under other names into other townships, kept as a real ledger."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from features.contract.tables import TABLES
from features.delivered_tables import DeliveredTables
from features.ledger.ledger import Ledger
from features.ledger.part_files import ALL_COUNTIES, COUNTY
from features.ledger.quarantine_files import QUARANTINE_SCHEMA
from training.simulate.order import Order
from training.simulate.province import simulate

HOUSEHOLDS, MONTHS, SEED = 20_000, 48, 1
DELIVERED_ON = "2026-01-10"
_IDENTIFIERS = (
    *("household_id", "member_id", "borrower_member_id", "loan_id", "renews_loan_id"),
    *("payment_id", "event_id", "policy_id", "claim_id"),
)
_TOWNSHIPS_APART = 10
"""Between a township and its copy, in township numbers; the simulation settles fewer than that."""
_MOST_COPIES = 90
_VILLAGES_IN_TOWNSHIP = 1000


@dataclass(frozen=True)
class Size:
    """How many rows of the two largest kinds a ledger holds."""

    loans: int
    instalments: int


def build(folder: Path, loans: int, tell: Callable[[str], None]) -> Size:
    """Write a ledger of about that many loans, open and closed, under `folder`/ledger."""
    tell(f"simulating {HOUSEHOLDS:,} households x {MONTHS} months")
    simulate(Order(HOUSEHOLDS, MONTHS, SEED), folder / "inbox")
    original = _delivered(_simulated(folder / "inbox"))
    copies = min(max(round(loans / original["loans"].height), 1), _MOST_COPIES)
    return replicate(original, copies, Ledger(folder / "ledger"), tell)


def replicate(original: dict[str, pl.DataFrame], copies: int, ledger: Ledger, tell: Callable[[str], None]) -> Size:
    """Commit each table of each copy on its own, so that no more than one copy is held in memory."""
    for number in range(copies):
        tell(f"copy {number + 1} of {copies}")
        for name, rows in original.items():
            if name != "prices" or number == 0:
                ledger = _committed(ledger, name, number, _renamed(rows, number))
    ledger.merge()
    ledger.store_by_number()
    return Size(copies * original["loans"].height, copies * original["instalments"].height)


def small_ledger(folder: Path, households: int, months: int, without: Collection[str] = ()) -> Ledger:
    """A simulated county as it is, for a test. without: tables that nobody delivered."""
    simulate(Order(households, months, SEED), folder / "inbox")
    tables = {name: rows for name, rows in _simulated(folder / "inbox").items() if name not in without}
    return stored_ledger(folder / "ledger", tables)


def stored_ledger(folder: Path, tables: Mapping[str, pl.DataFrame]) -> Ledger:
    """The tables of some counties, kept as a ledger."""
    replicate(_delivered(tables), 1, Ledger(folder), lambda _: None)
    return Ledger(folder)


def _simulated(inbox: Path) -> dict[str, pl.DataFrame]:
    return {name: pl.read_parquet(inbox / name / "*.parquet") for name in TABLES}


def _delivered(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Each table as the ledger keeps it: with the household of every row, and its county."""
    rows = DeliveredTables.from_frames(tables)
    county = pl.col("village_code").first().str.head(6).alias(COUNTY)
    counties = rows["households"].group_by("household_id").agg(county)
    return {
        name: (
            rows[name].with_columns(pl.lit(ALL_COUNTIES).alias(COUNTY))
            if name == "prices"
            else rows[name].join(counties, on="household_id", maintain_order="left")
        ).collect()
        for name in TABLES
        if name in tables
    }


def _renamed(rows: pl.DataFrame, number: int) -> pl.DataFrame:
    names = [pl.col(name) + f"-{number:02d}" for name in _IDENTIFIERS if name in rows.columns]
    renamed = rows.with_columns(names)
    return renamed.with_columns(_moved(number)) if "village_code" in rows.columns else renamed


def _moved(number: int) -> pl.Expr:
    """Twelve digits still, the same county, other townships."""
    away = number * _TOWNSHIPS_APART * _VILLAGES_IN_TOWNSHIP
    return (pl.col("village_code").cast(pl.Int64) + away).cast(pl.String).alias("village_code")


def _committed(ledger: Ledger, table: str, number: int, rows: pl.DataFrame) -> Ledger:
    return ledger.append_commit(
        table=table,
        file=f"{table}-{number:02d}.parquet",
        sha256="",
        delivered_on=DELIVERED_ON,
        rows=rows,
        quarantine=QUARANTINE_SCHEMA.empty(),
    )
