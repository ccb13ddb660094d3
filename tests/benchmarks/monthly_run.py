"""`python -m tests.benchmarks.monthly_run --loans 100000`: the whole monthly run against the naive pipeline.

The naive pipeline: features in pandas, LightGBM's predict, shap.TreeExplainer on a sample whose time is scaled up to
all rows (and said so), the rows as one Parquet file. Both tell what changed since the month before, which is there as
published: they explain its facts, too, by the model of today. What the naive one would take had it kept the parts of
then is printed besides; it could not tell a change of the model from one of the facts. Both in processes of their own,
on the same ledger and model, in one run. Memory is the peak of the process with all its children, looked at ten times
a second. The run is repeated on a fourth of the counties, to show whether memory stays flat; with `--workers N`, by
one worker and by N, each of one thread. `--size 300x31` judges by a model of so many trees and leaves.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

import psutil

from serving.months.data_folder import DataFolder
from serving.months.published_editions import month_folder_name
from serving.months.repository import MonthRepository
from tests.benchmarks import counties
from tests.benchmarks.grown import models_of_size
from tests.benchmarks.measured import AS_OF, BEFORE

_LOOKS = 0.1  # seconds
_MODEL_HOUSEHOLDS, _MODEL_MONTHS = 2_000, 48
_LIGHTS = (sys.executable, "-m", "lights")
_INCOMPLETE = "the ledger is written without receipts"


@dataclass(frozen=True)
class Cost:
    """What a command took; processor: seconds of all cores; printed: the last line it wrote."""

    seconds: float
    processor: float
    peak_gb: float
    printed: str


def main() -> None:
    asked = _arguments()
    with tempfile.TemporaryDirectory(dir=asked.scratch, prefix="monthly-run-") as scratch:
        folder = Path(scratch)
        judging = DataFolder(asked.model or _trained(folder / "model"))
        models = models_of_size(asked.size, judging, folder / "sized")
        stores = counties.stores(folder, asked.loans, models, _tell)
        lines = [_scored_after_another(store) for store in stores]
        if asked.workers:
            _compare_workers(stores[-1], asked.workers, asked.rounds)
        if not asked.alone:
            _against(lines[len(stores) - 1], stores[-1], asked.sample)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The whole monthly run against the naive pipeline.")
    parser.add_argument("--loans", type=int, default=100_000, help="open and closed, about")
    parser.add_argument("--sample", type=int, default=2_000, help="rows that shap.TreeExplainer explains")
    parser.add_argument("--workers", type=int, help="compare one worker with so many")
    parser.add_argument("--rounds", type=int, default=3, help="so often they are compared; the median is told")
    parser.add_argument("--model", type=Path, help="a data folder whose model judges; else one is trained")
    parser.add_argument(
        "--size",
        default="300x31",
        help="trees x leaves, as 300x31, of a model that learns the champion's score and judges",
    )
    parser.add_argument("--alone", action="store_true", help="leave the naive pipeline out")
    parser.add_argument("--scratch", type=Path, help="folder for the temporary ledgers")
    return parser.parse_args()


def _tell(line: str) -> None:
    print(f"… {line}", file=sys.stderr, flush=True)


def _trained(data: Path) -> Path:
    """A store with a model and a month, of a county simulated and learnt from as a user does."""
    _tell(f"training a model on {_MODEL_HOUSEHOLDS:,} households x {_MODEL_MONTHS} months")
    size = ("--households", str(_MODEL_HOUSEHOLDS), "--months", str(_MODEL_MONTHS), "--replicates", "0")
    _watched((*_LIGHTS, "simulate", *size, "--out", str(data / "inbox")))
    load = ("load", str(data / "inbox"), "--delivered-on", counties.DELIVERED_ON)
    for command in (load, ("train",), ("score", "--as-of", str(AS_OF))):
        _watched((*_LIGHTS, *command, "--data", str(data)))
    return data


def _watched(command: Sequence[str]) -> Cost:
    """Run a command to its end and watch what memory it and its children hold."""
    began, used, peak = time.perf_counter(), _processor_of_children(), 0
    with tempfile.TemporaryFile() as printed:
        running = subprocess.Popen(command, stdout=printed, stderr=subprocess.DEVNULL)
        while running.poll() is None:
            peak = max(peak, _held(running.pid))
            time.sleep(_LOOKS)
        seconds = time.perf_counter() - began
        printed.seek(0)
        lines = printed.read().decode().splitlines()
    if running.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {running.returncode}")
    return Cost(seconds, _processor_of_children() - used, peak / 1e9, lines[-1] if lines else "")


def _processor_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _held(process: int) -> int:
    held = 0
    try:
        parent = psutil.Process(process)
        for one in (parent, *parent.children(recursive=True)):
            held += one.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return held


def _scored_after_another(store: DataFolder) -> Cost:
    """Score the month, with the one before published already."""
    _watched(_score(store, BEFORE))
    return _scored(store, ())


def _score(store: DataFolder, as_of: date) -> tuple[str, ...]:
    return (*_LIGHTS, "score", "--as-of", str(as_of), "--data", str(store.folder), "--incomplete", _INCOMPLETE)


def _scored(store: DataFolder, words: Sequence[str]) -> Cost:
    """Score the month anew: what was published of it is taken away."""
    shutil.rmtree(store.editions / month_folder_name(AS_OF), ignore_errors=True)
    (store.warnings / month_folder_name(AS_OF)).unlink(missing_ok=True)
    cost = _watched((*_score(store, AS_OF), *words))
    manifest = json.loads((MonthRepository(store).month(AS_OF).folder / "manifest.json").read_text("utf-8"))
    who = " ".join(words) or "one process"
    split = ", ".join(f"{name} {took:.1f} s" for name, took in manifest["seconds"].items())
    print(
        f"{manifest['rows']:>9,} open loans, {len(store.ledger.counties)} counties, {who}: "
        f"{cost.seconds:.1f} s ({split}; processor {cost.processor:.1f} s), "
        f"{manifest['rows'] / cost.seconds:,.0f} rows/s, peak {cost.peak_gb:.2f} GB",
        flush=True,
    )
    return cost


def _compare_workers(store: DataFolder, workers: int, rounds: int) -> None:
    """One worker and so many, by turns."""
    ratios = []
    for _ in range(rounds):
        one, many = (_scored(store, ("--workers", str(number))) for number in (1, workers))
        ratios.append(one.seconds / many.seconds)
    told = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"{workers} workers against one: {median(ratios):.2f}x ({told})", flush=True)


def _against(ours: Cost, store: DataFolder, sample: int) -> None:
    naive = _watched((sys.executable, "-m", "tests.benchmarks.naive_run", str(store.folder), str(sample)))
    told = json.loads(naive.printed)
    short = told["features"] + told["predict"] + told["explain_all"] + told["write"]
    whole = short + told["read"] + told["change_all"]
    stages = ", ".join(f"{name} {told[name]:.1f} s" for name in ("features", "predict", "read", "write"))
    print(
        f"naive: {stages}, shap.TreeExplainer {told['explain']:.1f} s on {told['sample']:,} of {told['rows']:,} rows, "
        f"scaled up to {told['explain_all']:.1f} s, on the month before {told['change']:.1f} s, scaled up to "
        f"{told['change_all']:.1f} s; together {whole:.1f} s, peak {naive.peak_gb:.2f} GB "
        f"(processor {naive.processor:.1f} s, not scaled up)"
    )
    print(
        f"ratio: {whole / ours.seconds:.1f}x, {short / ours.seconds:.1f}x had it kept the parts of the month before "
        "(start of the program included on our side only)"
    )


if __name__ == "__main__":
    main()
