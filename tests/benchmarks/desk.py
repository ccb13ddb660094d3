"""`python -m tests.benchmarks.desk --data STORE`: the service under load, by two processes and fifty officers.

The store is copied and served by `lights serve --workers 2`; every officer has an account and a key of their own, and
every answer is checked, audited and counted as always. Each figure stands beside a bare FastAPI route, served and asked
in the same way in the same run. With `--loans N` the work list is asked of a month of so many loans.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, cycle, islice, product
from pathlib import Path
from statistics import median
from urllib.parse import quote

import polars as pl
import psutil

from features.console import utc_now
from serving.access import accounts as people
from serving.audit.command_line import database_of
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from tests.benchmarks import large_month
from tests.benchmarks.officers import Question, Told, asked
from tests.running_service import LIGHTS, environment, free_port, wait_for

OFFICERS, _WORKERS = 50, 2
_UNLOADED, _LOADED, _VISITS = 100, 1_500, 60
_AGAIN = 200
"""Households that both workers have worked out before they are looked at again."""
_WARMING_UP = 20
_UNLIMITED = {"LIGHTS_REQUESTS_PER_MINUTE": "100000000"}
_BARE_KEY = "none"


def main() -> None:
    asked_for = _arguments()
    print(f"load of the machine before: {', '.join(f'{each:.1f}' for each in os.getloadavg())}; {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="desk-", dir=asked_for.scratch) as scratch:
        folder = Path(scratch)
        shutil.copytree(asked_for.data, folder / "own", symlinks=True, ignore=shutil.ignore_patterns("mlflow"))
        _households(DataFolder(folder / "own"), asked_for.rounds)
        if asked_for.loans:
            month = MonthRepository(DataFolder(folder / "own")).month()
            _lists(large_month.published(month, asked_for.loans, folder / "large"), asked_for.rounds)
    print(f"load of the machine after: {', '.join(f'{each:.1f}' for each in os.getloadavg())}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The service under load.")
    parser.add_argument("--data", type=Path, required=True, help="a store with a published month")
    parser.add_argument("--loans", type=int, default=0, help="ask the work list of a month of so many loans")
    parser.add_argument("--rounds", type=int, default=3, help="ratios to the bare route; their median is told")
    parser.add_argument("--scratch", type=Path, help="folder for the copied stores")
    return parser.parse_args()


def _households(store: DataFolder, rounds: int) -> None:
    known, lit = large_month.households(store), _lit(store)[:_VISITS]
    first = [look_at(household) for household in known]
    what_if = [what_if_of(household, "hardship") for household in known]
    with served_to_officers(store) as (address, keys), _bare() as bare:
        print(f"explanation, {len(known)} households, {_WORKERS} workers")
        _warm(address, keys, what_if)
        _visits(address, keys, lit)
        _tell(f"  first look, {OFFICERS} officers", asked(address, keys, first[_UNLOADED:]))
        asked(address, keys, first[:_AGAIN] * (4 * _WORKERS))
        _compare("  looked at again", address, keys, first[:_AGAIN], bare, rounds)
        _tell("what if after a look, whatever the light, one officer", asked(address, keys[:1], what_if[:_UNLOADED]))
        _tell(
            f"what if, most of them looked at too long ago, {OFFICERS} officers",
            asked(address, keys, what_if[_UNLOADED:]),
        )
        print(f"peak memory of {_WORKERS} workers: {_peak_gb():.2f} GB")


def _visits(address: str, keys: Sequence[str], households: Sequence[str]) -> None:
    """One officer looks at one red or yellow household after another, and asks of each what if, and again what if."""
    steps = [(look_at(each), what_if_of(each, "hardship"), what_if_of(each, "income_statement")) for each in households]
    told = asked(address, keys[:1], list(chain.from_iterable(steps)))
    for place, what in enumerate(("first look", "then what if", "then what else if")):
        _tell(f"  a red or yellow household, one officer, {what}", told.every(len(steps[0]), place))


def _lit(store: DataFolder) -> list[str]:
    """Households with a red or yellow light, in a fixed order that is not the order of loans."""
    lights = pl.scan_parquet(MonthRepository(store).month().folder / "warnings" / "*.parquet")
    lit = lights.filter(pl.col("light") != "green", pl.col("probability").is_not_null())
    return sorted(set(large_month.households(store)) & set(lit.collect()["household_id"]), key=lambda each: each[::-1])


def look_at(household: str) -> Question:
    return Question(f"/api/v1/households/{household}/explanation")


def what_if_of(household: str, kind: str) -> Question:
    return Question(f"/api/v1/households/{household}/what-if", {"facts": [_FACTS[kind]]})


def _lists(store: DataFolder, rounds: int) -> None:
    pages = filtered_lists(store)
    with served_to_officers(store) as (address, keys), _bare() as bare:
        rows = MonthRepository(store).month().manifest.rows
        _tell(f"work list, {rows:,} loans, the first page of a new edition", asked(address, keys[:1], pages[:2]))
        _warm(address, keys, pages)
        _compare(f"work list, {rows:,} loans, {len(pages)} filters and orders", address, keys, pages, bare, rounds)
        print(f"peak memory of {_WORKERS} workers: {_peak_gb():.2f} GB")


_FACTS = {
    "hardship": {"kind": "hardship", "cause": "illness", "loss_amount": 5000},
    "income_statement": {"kind": "income_statement", "wage_income": 20000},
}


def filtered_lists(store: DataFolder) -> list[Question]:
    """Filters and orders as officers combine them."""
    month = MonthRepository(store).month()
    lists = month.scan("warnings").select("bank", "township_code").drop_nulls().unique().sort("bank").collect()
    banks, towns = lists["bank"].unique().sort(), lists["township_code"].unique().sort()
    lights = ("", "light=red&", "light=yellow&", "rule_light=yellow&model_light=green&")
    groups = ("", *(f"bank={quote(bank)}&" for bank in banks[:3]), *(f"area={town}&" for town in towns[:3]))
    orders = ("risk", "days_to_maturity", "outstanding_principal", "loan_id")
    return [
        Question(f"/api/v1/warnings?{light}{group}due_within_days=365&sort={order}&limit=50")
        for light, group, order in product(lights, groups, orders)
    ]


def _warm(address: str, keys: Sequence[str], questions: Sequence[Question]) -> None:
    """Both workers have read what they keep."""
    asked(address, keys, [*questions[-_WARMING_UP:]] * _WORKERS)


def _compare(
    what: str, address: str, keys: Sequence[str], questions: Sequence[Question], bare: str, rounds: int
) -> None:
    """Ours and the bare route by turns."""
    ratios, routes = [], [Question("/")] * _LOADED
    asked(address, keys, list(questions) * _WORKERS)
    _tell(f"{what}, one officer", asked(address, keys[:1], list(islice(cycle(questions), _UNLOADED * 2))))
    _tell("  the bare route, one officer", asked(bare, [_BARE_KEY], routes[: _UNLOADED * 2]))
    for _ in range(rounds):
        plain = asked(bare, [_BARE_KEY] * OFFICERS, routes)
        ours = asked(address, keys, list(islice(cycle(questions), _LOADED)))
        ratios.append(ours.per_second / plain.per_second)
    _tell(f"{what}, {OFFICERS} officers", ours)
    _tell(f"  the bare route, {OFFICERS} officers", plain)
    print(f"  of the bare route's throughput: {median(ratios):.0%} ({', '.join(f'{each:.0%}' for each in ratios)})")


def _tell(what: str, told: Told) -> None:
    p50, p95 = told.percentile(50), told.percentile(95)
    print(
        f"{what}: p50 {p50:.1f} ms, p95 {p95:.1f} ms, {told.per_second:,.0f}/s ({len(told.took)} answers)", flush=True
    )


@contextmanager
def served_to_officers(store: DataFolder) -> Iterator[tuple[str, list[str]]]:
    """The service, and a key for each officer."""
    keys = []
    with database_of(store.folder).write_session() as session:
        for number in range(OFFICERS):
            person = people.create_account(
                session, people.account_details(f"desk-{number}", "county_official"), utc_now()
            )
            keys.append(people.create_key(session, person, "benchmark", utc_now()))
    port = free_port()
    command = [*LIGHTS, "serve", "--port", str(port), "--workers", str(_WORKERS)]
    environs = {**environment(store.folder), **_UNLIMITED}
    with tempfile.TemporaryFile() as printed:  # a Python of its own, whose memory and start are the service's
        server = subprocess.Popen(command, env=environs, stdout=printed, stderr=subprocess.STDOUT)
        try:
            wait_for(f"http://127.0.0.1:{port}/health/live", lambda: server.poll() is None, printed)
            yield f"http://127.0.0.1:{port}", keys
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=30)


@contextmanager
def _bare() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.bare", str(port), str(_WORKERS)]
    with tempfile.TemporaryFile() as printed:
        server = subprocess.Popen(command, stdout=printed, stderr=subprocess.STDOUT)
        try:
            wait_for(f"http://127.0.0.1:{port}/", lambda: server.poll() is None, printed)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def service_processes() -> list[psutil.Process]:
    """The processes of the service that this process has started, and not the bare route's."""
    services = [each for each in psutil.Process().children() if "serve" in each.cmdline()]
    return [one for each in services for one in (each, *each.children(recursive=True))]


def _peak_gb() -> float:
    """The most that the service's processes have ever held, summed."""
    return sum(_high_water(one.pid) for one in service_processes()) / 1e6


def _high_water(process: int) -> int:
    """VmHWM, in kB."""
    lines = Path(f"/proc/{process}/status").read_text("utf-8").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


if __name__ == "__main__":
    main()
