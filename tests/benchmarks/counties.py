"""A province: one simulated county, copied under other names into other counties, in ledgers of a fourth and of all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from features.contract.tables import TABLES
from features.delivered_tables import DeliveredTables
from features.ledger.ledger import Ledger
from features.ledger.part_files import ALL_COUNTIES, COUNTY
from features.ledger.quarantine_files import QUARANTINE_SCHEMA
from serving.months.data_folder import DataFolder
from training.simulate.order import Order
from training.simulate.province import simulate

DELIVERED_ON = "2026-01-10"
_HOUSEHOLDS, _MONTHS, _SEED = 20_000, 48, 1
_IDENTIFIERS = (
    *("household_id", "member_id", "borrower_member_id", "loan_id", "renews_loan_id"),
    *("payment_id", "event_id", "policy_id", "claim_id"),
)
_FIRST_COUNTY = 640_323
_VILLAGES_IN_COUNTY = 1_000_000
_AT_ONCE = 25
"""Counties in memory together."""


def stores(folder: Path, loans: int, models: Path, tell: Callable[[str], None]) -> list[DataFolder]:
    """A store with a fourth of the counties (one at least), and one with them all: about `loans` loans."""
    tell(f"simulating {_HOUSEHOLDS:,} households x {_MONTHS} months")
    simulate(Order(_HOUSEHOLDS, _MONTHS, _SEED, 0), folder / "inbox")
    original = _delivered(folder / "inbox")
    shutil.rmtree(folder / "inbox")
    copies = max(round(loans / original["loans"].height), 2)
    found = []
    for name, numbers in (("few", range(max(copies // 4, 1))), ("all", range(copies))):
        store = DataFolder(folder / name)
        shutil.copytree(models, store.folder / "models")
        for some in (numbers[begin : begin + _AT_ONCE] for begin in range(0, len(numbers), _AT_ONCE)):
            tell(f"{name}: counties {some[0] + 1} to {some[-1] + 1} of {len(numbers)}")
            _commit(store, original, some)
        found.append(store)
    return found


def _delivered(inbox: Path) -> dict[str, pl.DataFrame]:
    """Each table as the ledger keeps it: with the household of every row."""
    rows = DeliveredTables.from_frames({name: pl.read_parquet(inbox / name / "*.parquet") for name in TABLES})
    return {name: rows[name].collect() for name in TABLES}


def _commit(store: DataFolder, original: dict[str, pl.DataFrame], numbers: Sequence[int]) -> None:
    """The counties' tables, each in a commit, as a province delivers them."""
    ledger = Ledger(store.folder / "ledger")
    for name, rows in original.items():
        if name == "prices" and numbers[0]:
            continue
        ledger = ledger.append_commit(
            table=name,
            file=f"{name}-{numbers[0]}.parquet",
            sha256="",
            delivered_on=DELIVERED_ON,
            rows=_of_counties(name, rows, numbers),
            quarantine=QUARANTINE_SCHEMA.empty(),
        )
    ledger.store_by_number()


def _of_counties(name: str, rows: pl.DataFrame, numbers: Sequence[int]) -> pl.DataFrame:
    if name == "prices":
        return rows.with_columns(pl.lit(ALL_COUNTIES).alias(COUNTY))
    return pl.concat(
        _renamed(rows, number).with_columns(pl.lit(str(_FIRST_COUNTY + number)).alias(COUNTY)) for number in numbers
    )


def _renamed(rows: pl.DataFrame, number: int) -> pl.DataFrame:
    """Other identifiers, and villages of another county."""
    renamed = rows.with_columns(pl.col(name) + f"-{number:03d}" for name in _IDENTIFIERS if name in rows.columns)
    if "village_code" not in rows.columns:
        return renamed
    moved = pl.col("village_code").cast(pl.Int64) + number * _VILLAGES_IN_COUNTY
    return renamed.with_columns(moved.cast(pl.String).alias("village_code"))
