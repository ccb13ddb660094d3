"""`python -m tests.benchmarks.features --loans 1000000`: all features against good vectorised pandas, same values.

The opponent reads with `read_parquet` and computes with `merge` and `groupby` (`pandas_features/`); the life of each
loan is walked by the same compiled loop on both sides, on arrays that each makes itself. Both compute every feature
that leaves `features_at`, codes and status included. Each run is a fresh process under the settings of `lights`; the
ratio is of medians, taken in turn. Processor seconds tell what a busy machine hides. Exits 1 where a value differs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from lights import LIBRARY_SETTINGS

_ONCE_FROM = 1_000_000
_RUNS = 3
_SIDES = ("ours", "pandas")


def main() -> None:
    asked = _arguments()
    with tempfile.TemporaryDirectory(dir=asked.scratch) as folder:
        size = _measured("build", folder, str(asked.loans))
        runs = asked.runs or (1 if asked.loans >= _ONCE_FROM else _RUNS)
        sides = _medians(folder, runs)
        agreed = _measured("agreement", folder)
        _print_table(size, sides, agreed, runs)
        if not agreed["differences"]:
            print(f"one household alone, from the ledger: p50 {_measured('household', folder)['p50_ms']:.1f} ms")
    sys.exit(1 if agreed["differences"] else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="All features against good vectorised pandas.")
    parser.add_argument("--loans", type=int, default=100_000, help="open and closed, about")
    parser.add_argument("--runs", type=int, help=f"of each side; {_RUNS}, or 1 from {_ONCE_FROM:,} loans")
    parser.add_argument("--scratch", type=Path, help="folder for the temporary ledger")
    return parser.parse_args()


def _measured(*what: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.measured", *what]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, check=True, text=True, env={**LIBRARY_SETTINGS, **os.environ}
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _medians(folder: str, runs: int) -> dict[str, dict[str, Any]]:
    """Seconds and peak memory of both sides, in turn, so that what else the machine does falls on both."""
    found: dict[str, list[dict[str, Any]]] = {side: [] for side in _SIDES}
    for run in range(runs):
        for side in _SIDES:
            print(f"{side}, run {run + 1} of {runs}", file=sys.stderr, flush=True)
            found[side].append(_measured(side, folder))
    return {
        side: each[0] | {key: median(one[key] for one in each) for key in ("seconds", "cpu_seconds", "peak_gb")}
        for side, each in found.items()
    }


def _print_table(size: dict[str, int], sides: dict[str, Any], agreed: dict[str, Any], runs: int) -> None:
    loans, opened = size["loans"], sides["ours"]["open"]
    print(f"{loans:,} loans ({opened:,} open), {size['instalments']:,} instalments; medians of {runs}")
    print(f"{'':8}{'features':>10}{'seconds':>10}{'processor':>10}{'loans/s':>10}{'peak GB':>10}")
    for side, cost in sides.items():
        rate = loans / cost["seconds"]
        spent = f"{cost['seconds']:>10.2f}{cost['cpu_seconds']:>10.2f}"
        print(f"{side:8}{cost['features']:>10}{spent}{rate:>10,.0f}{cost['peak_gb']:>10.2f}")
    ratios = (sides["pandas"][key] / sides["ours"][key] for key in ("seconds", "cpu_seconds"))
    print("against vectorised pandas: {:.2f}x by the clock, {:.2f}x of processor time".format(*ratios))
    print(f"load of the machine in the last 15 minutes: {os.getloadavg()[2]:.1f}")
    if agreed["differences"]:
        print("different values:", *agreed["differences"], sep="\n  ")
    else:
        print(f"same values on all {opened:,} open loans; largest difference {agreed['largest']:.1e}")


if __name__ == "__main__":
    main()
