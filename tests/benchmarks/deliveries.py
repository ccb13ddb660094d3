"""`python -m tests.benchmarks.deliveries`: what many deliveries cost against few, both sides in one run.

First a county's data in 36 monthly loads against the same data in one load. Then a load of some 700 payments into a
ledger of 10,000 commits, each of as many payments, against one into a ledger of 100 commits; and how long the larger
one takes to open. Loads are taken in turn, so that what else the machine does falls on both; processor seconds tell
what a busy machine hides. Exits 1 where the months together hold other rows than the one load.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import TypeVar

import polars as pl

from features.contract.pseudonym import load_pseudonyms
from features.contract.tables import TABLES
from features.delivery.column_map import read_column_map
from features.ledger.ledger import Ledger, ledger_in
from features.ledger.part_files import COUNTY
from features.ledger.quarantine_files import QUARANTINE_SCHEMA
from features.loading.load import LoadOptions, load
from training.simulate.order import Order
from training.simulate.province import simulate

Result = TypeVar("Result")
MONTHS, SEED = 36, 1
FEW_COMMITS = 100
_DELIVERED_ON = date(2026, 1, 10)
_PAYMENTS = 700
_LOADS = 7
_OPENINGS = 20


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock and of the processor."""

    clock: float
    processor: float

    def ratios(self, other: Cost) -> str:
        """This cost as a multiple of another."""
        return (
            f"{self.clock / other.clock:.2f}x by the clock, {self.processor / other.processor:.2f}x of processor time"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Many deliveries against few.")
    parser.add_argument("--households", type=int, nargs="*", default=[2_000, 20_000], help="of the counties in months")
    parser.add_argument("--commits", type=int, default=10_000, help="of the larger ledger; 0 leaves it out")
    parser.add_argument("--scratch", type=Path, help="folder for the temporary ledgers")
    asked = parser.parse_args()
    agree = True
    with tempfile.TemporaryDirectory(dir=asked.scratch) as name:
        for households in asked.households:
            agree &= _compare_months(Path(name) / str(households), households)
        if asked.commits:
            _compare_ledgers(Path(name) / "ledgers", asked.commits)
    print(f"load of the machine in the last 15 minutes: {os.getloadavg()[2]:.1f}")
    sys.exit(0 if agree else 1)


def _compare_months(folder: Path, households: int) -> bool:
    """Print what monthly loads cost against one; returns whether both hold the same rows."""
    simulate(Order(households, MONTHS, SEED), folder / "sim")
    tables = {name: pl.read_parquet(folder / "sim" / name / "*.parquet") for name in TABLES}
    years = range(_DELIVERED_ON.year - MONTHS // 12, _DELIVERED_ON.year)
    months = [f"{year}-{month:02}" for year in years for month in range(1, 13)]
    for month in months:
        known_in = pl.col("known_on").dt.strftime("%Y-%m")
        of_month = known_in <= month if month == months[0] else known_in == month
        _deliver({name: rows.filter(of_month) for name, rows in tables.items()}, folder / "inbox" / month)
    _deliver(tables, folder / "inbox" / "all")
    _load(folder / "inbox" / months[0], folder / "warm-up")
    together = _load(folder / "inbox" / "all", folder / "one")
    loads = [_load(folder / "inbox" / month, folder / "monthly") for month in months]
    apart = Cost(sum(one.clock for one in loads), sum(one.processor for one in loads))
    one, monthly = Ledger(folder / "one" / "ledger"), Ledger(folder / "monthly" / "ledger")
    rows, commits = sum(one.row_count(name) for name in TABLES), len(monthly.commits)
    print(f"{households:,} households, {rows:,} rows: {MONTHS} monthly loads ({commits} commits) against one load")
    print(f"  one {together.clock:.2f} s, monthly {apart.clock:.2f} s: {apart.ratios(together)}")
    files = {name: max(len(monthly.file_paths(name, county)) for county in monthly.counties) for name in TABLES}
    print(f"  most files of a table and county: {max(files.values())}", flush=True)
    agree = all(_sorted_rows(one, name).equals(_sorted_rows(monthly, name)) for name in TABLES)
    shutil.rmtree(folder)
    return agree


def _sorted_rows(ledger: Ledger, table: str) -> pl.DataFrame:
    return ledger.scan(table).collect().sort(pl.all())


def _deliver(tables: dict[str, pl.DataFrame], inbox: Path) -> None:
    inbox.mkdir(parents=True)
    for name, rows in tables.items():
        if rows.height:
            rows.write_csv(inbox / f"{name}.csv")


def _load(inbox: Path, data: Path) -> Cost:
    options = LoadOptions(_DELIVERED_ON, read_column_map(None), load_pseudonyms(data), lambda _: None, 1.0)
    report, cost = _timed(lambda: load(inbox, Ledger(data / "ledger"), options))
    assert not report.has_refused_files, report
    return cost


def _timed(work: Callable[[], Result]) -> tuple[Result, Cost]:
    began, used = time.perf_counter(), time.process_time()
    result = work()
    return result, Cost(time.perf_counter() - began, time.process_time() - used)


def _compare_ledgers(folder: Path, many_commits: int) -> None:
    """Print what a load into a ledger of many commits costs against one of few, and how long that takes to open."""
    simulate(Order(2_000, MONTHS, SEED), folder / "sim")
    tables = {name: pl.read_parquet(folder / "sim" / name / "*.parquet") for name in TABLES}
    _deliver({name: rows for name, rows in tables.items() if name != "payments"}, folder / "inbox")
    _load(folder / "inbox", folder / "many")
    payments = tables["payments"].sample(_PAYMENTS, seed=SEED)
    _append_payments(folder / "many" / "ledger", payments, FEW_COMMITS)
    shutil.copytree(folder / "many", folder / "few")
    _append_payments(folder / "many" / "ledger", payments, many_commits)
    costs: dict[str, list[Cost]] = {"few": [], "many": []}
    for number in range(_LOADS):
        inbox = folder / f"inbox-{number}"
        _deliver({"payments": _renamed(payments, f"load-{number}")}, inbox)
        for side, taken in costs.items():
            taken.append(_load(inbox, folder / side))
    few, many = (_median(taken[1:]) for taken in costs.values())
    print(f"a load of {_PAYMENTS} payments at {many_commits:,} commits against one at {FEW_COMMITS}")
    print(f"  {few.clock * 1000:.0f} ms and {many.clock * 1000:.0f} ms: {many.ratios(few)}; medians of {_LOADS - 1}")
    _print_opening(folder / "many" / "ledger")


def _append_payments(ledger_folder: Path, payments: pl.DataFrame, until: int) -> None:
    """Commit the payments under new numbers until there are so many commits, as loads would."""
    ledger = Ledger(ledger_folder)
    loans = ledger.scan("loans").select("loan_id", "household_id", COUNTY).unique("loan_id").collect()
    rows = payments.join(loans, on="loan_id", maintain_order="left")
    while (number := len(ledger.commits)) < until:
        ledger = ledger.append_commit(
            table="payments",
            file=f"payments-{number}.csv",
            sha256="",
            delivered_on=_DELIVERED_ON.isoformat(),
            rows=_renamed(rows, str(number)),
            quarantine=QUARANTINE_SCHEMA.empty(),
        )
        ledger.merge()
        if number % 500 == 0:
            print(f"{number:,} of {until:,} commits", file=sys.stderr, flush=True)


def _renamed(payments: pl.DataFrame, name: str) -> pl.DataFrame:
    return payments.with_columns(pl.col("payment_id") + f"-{name}")


def _median(costs: list[Cost]) -> Cost:
    return Cost(median(one.clock for one in costs), median(one.processor for one in costs))


def _print_opening(ledger_folder: Path) -> None:
    opened = _median([_timed(lambda: Ledger(ledger_folder))[1] for _ in range(_OPENINGS)])
    again = _median([_timed(lambda: ledger_in(ledger_folder))[1] for _ in range(_OPENINGS)])
    ledger = Ledger(ledger_folder)
    tail = len(ledger.commits.newer)
    print(f"opening {len(ledger.commits):,} commits, {tail} of them after the checkpoint: {opened.clock * 1000:.1f} ms")
    print(f"asking for the ledger again where nothing changed: {again.clock * 1000:.3f} ms")
    print(f"files of payments in the county: {len(ledger.file_paths('payments', ledger.counties[0]))}")


if __name__ == "__main__":
    main()
