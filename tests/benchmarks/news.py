"""`python -m tests.benchmarks.news --households 3300`: the news of one day beside the run of the whole month.

A county is simulated, loaded and scored by a small model; the day is the first on which about a thousand households
have a new fact. In each round the news of that day are made by a new process, then the next month end is scored
likewise; then again by a process that has made the news of the day before. Told are clock and processor seconds.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

from features.contract.pseudonym import load_pseudonyms
from features.delivery.column_map import read_column_map
from features.ledger.ledger import Ledger
from features.ledger.new_facts import new_facts
from features.loading.load import LoadOptions, load
from models.bundle import write
from serving.batch.news_run import watch
from serving.batch.run import score
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from tests.models.frames import fitted_bundle
from training.simulate.order import Order
from training.simulate.province import simulate

_BEFORE, _NEXT = date(2025, 11, 30), date(2025, 12, 31)
_TOUCHED = 1_000
_AT = datetime(2026, 1, 10, 8, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description="The news of a day beside the run of a month.")
    parser.add_argument("--households", type=int, default=3_300)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="news-") as scratch:
        store = scored_county(Path(scratch), asked.households)
        day, touched = first_day_with(store, _TOUCHED)
        took: dict[str, list[tuple[float, float]]] = {}
        for _ in range(asked.rounds):
            for after in (None, day - timedelta(days=1)):
                for what, as_of in (("news", day), ("month", _NEXT)):
                    name = f"{what}, {'in a new process' if after is None else 'after the news of the day before'}"
                    took.setdefault(name, []).append(measured(what, store.folder, as_of, after))
        loans = MonthRepository(store).month().manifest.rows
        print(f"{loans:,} open loans, {touched:,} households with new facts on {day}; medians of {asked.rounds}")
        for name, each in took.items():
            clock, processor = (median(times) for times in zip(*each, strict=True))
            print(f"{name}: {clock:.2f} s by the clock, {processor:.2f} s of processor")


def scored_county(folder: Path, households: int) -> DataFolder:
    """A county with everything delivered and the month before the last one published."""
    simulate(Order(households, 36, 3, 0), folder / "inbox")
    store = DataFolder(folder / "var")
    loading = LoadOptions(
        date(2026, 1, 10), read_column_map(), load_pseudonyms(store.folder), report_progress=lambda _: None
    )
    load(folder / "inbox", store.ledger, loading)
    write(fitted_bundle(), store.folder / "models" / "1")
    store.models.record({"alias": "champion", "number": 1})
    score(store, _BEFORE, "benchmark", _AT, lambda *_: None, incomplete="a benchmark")
    return store


def first_day_with(store: DataFolder, households: int) -> tuple[date, int]:
    """The first day after the month by which so many households have a new fact, and how many have."""
    ledger, month = Ledger(store.folder / "ledger"), MonthRepository(store).month()
    for days in range(1, 31):
        day = month.as_of + timedelta(days=days)
        touched = new_facts(ledger, month.manifest.data_version, month.as_of, day)["household_id"].n_unique()
        if touched >= households:
            break
    return day, touched


def measured(what: str, data: Path, as_of: date, after: date | None) -> tuple[float, float]:
    """Clock and processor seconds of one run in a new process, without its start; what it wrote is removed.

    after: a day whose news the process has made before.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(run, (what, data, as_of, after))


def run(what: str, data: Path, as_of: date, after: date | None) -> tuple[float, float]:
    """The seconds of one run in this process."""
    store = DataFolder(data)
    if after is not None:
        watch(store, after, "benchmark", _AT, lambda *_: None)
    clock, processor = time.monotonic(), time.process_time()
    if what == "news":
        watch(store, as_of, "benchmark", _AT, lambda *_: None)
    else:
        score(store, as_of, "benchmark", _AT, lambda *_: None, incomplete="a benchmark")
    took = time.monotonic() - clock, time.process_time() - processor
    for folder in (store.news, store.news_days, store.judged_days):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in (store.warnings, store.editions):
        path = folder / f"month={_NEXT:%Y-%m}"
        path.unlink() if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)
    return took


if __name__ == "__main__":
    main()
