"""How long `lights train` takes in two trees of the code, side by side on one store.

`python -m tests.benchmarks.training_time BEFORE AFTER [--plan NAME] [--households N] [--rounds N] [--folder DIR]`

BEFORE, AFTER: folders with a tree of the code each, such as `git worktree add BEFORE <commit>`. The store is simulated
and loaded once, and copied for each run; each tree trains once untimed, which compiles its code, and then in turns.
Printed are the medians of processor time and clock with their ratio, and the judgement of both beside its intervals.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

PYTHON = sys.executable


@dataclass(frozen=True)
class TimedRun:
    """One training run: processor seconds of it and its children, seconds by the clock, and its judgement."""

    cpu: float
    clock: float
    report: dict[str, Any]


def run_lights(tree: Path, *words: object) -> tuple[float, float]:
    """Run a command of a tree's code to its end; processor seconds and seconds by the clock."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONUTF8": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # each command would compile the libraries again
    began = time.perf_counter()
    command = [PYTHON, "-m", "lights", *map(str, words)]
    running = subprocess.Popen(
        command, cwd=tree, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    said = running.stderr.read()
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise SystemExit(said)
    return used.ru_utime + used.ru_stime, time.perf_counter() - began


def timed_run(tree: Path, store: Path, plan: str | None) -> TimedRun:
    """Train on a copy of the store, which has no model and no MLflow database yet."""
    copy = store.with_name("training")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(store, copy)
    cpu, clock = run_lights(tree, "train", "--data", copy, "--json", *(["--plan", plan] if plan else []))
    report = json.loads((copy / "models" / "1" / "judgement.json").read_text("utf-8"))
    shutil.rmtree(copy)
    return TimedRun(cpu, clock, report)


def judgement_lines(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """AUC, calibration error and recall of both; of the recall, whether each lies in the other's interval."""
    lines = []
    for title, path in (("AUC", ("ranking", "model", "auc")), ("ECE", ("calibration", "ece"))):
        values = []
        for report in (before, after):
            value: Any = report
            for key in path:
                value = value[key]
            values.append(f"{value:.4f}")
        lines.append(f"{title}: {values[0]} -> {values[1]}")
    old, new = (report["everyone"]["contenders"]["model"]["recall"] for report in (before, after))
    holds = old["low"] <= new["value"] <= old["high"] and new["low"] <= old["value"] <= new["high"]
    spans = [f"{each['value']:.3f} ({each['low']:.3f} - {each['high']:.3f})" for each in (old, new)]
    return [*lines, f"recall: {spans[0]} -> {spans[1]}: {'within' if holds else 'OUTSIDE OF'} both intervals"]


def main() -> None:
    """Print the ratios of two trees."""
    parser = argparse.ArgumentParser()
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--plan", default=None)
    parser.add_argument("--households", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("training_time"))
    asked = parser.parse_args()
    before, after, folder = asked.before.resolve(), asked.after.resolve(), asked.folder.resolve()
    inbox, store = folder / "inbox", folder / "store"
    if not store.exists():
        size = ("--households", asked.households, "--months", 48, "--seed", 1, "--replicates", 0)
        run_lights(after, "simulate", *size, "--out", inbox)
        run_lights(after, "load", inbox, "--data", store)
    for tree in (before, after):
        timed_run(tree, store, asked.plan)
    pairs = [[timed_run(tree, store, asked.plan) for tree in (before, after)] for _ in range(asked.rounds)]
    for name in ("cpu", "clock"):
        old, new = (median(getattr(pair[side], name) for pair in pairs) for side in (0, 1))
        print(f"{name}: {old:.1f} s -> {new:.1f} s, ratio {new / old:.2f}")
    print("\n".join(judgement_lines(pairs[0][0].report, pairs[0][1].report)))


if __name__ == "__main__":
    main()
