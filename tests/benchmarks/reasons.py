"""`python -m tests.benchmarks.reasons --data var/demo`: exact reasons by pattern tables against pred_contrib.

On the champion of a store and the loans of its newest published month, drawn again until there are enough; both with
two threads, in turn, in one run. LightGBM explains every twentieth row; its rate is per row it explained.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import lightgbm as lgb
import numpy as np

from models.boosting import Floats, matrix
from models.tree_shap.explain import TableExplainer
from serving.published import Published
from serving.store import Store

_FEWER = 20
_RUNS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description="Exact reasons by pattern tables against pred_contrib.")
    parser.add_argument("--data", type=Path, default=Path("var/demo"), help="a store with a champion and a month")
    parser.add_argument("--rows", type=int, default=100_000)
    asked = parser.parse_args()
    store = Store(asked.data)
    bundle = store.models.champion
    assert bundle is not None, "the store has no champion; run ./run demo first"
    loans = matrix(Published(store).month().scan("features").collect(), bundle.trees.columns)
    rows = loans[np.random.default_rng(1).integers(0, len(loans), asked.rows)]
    fewer = np.ascontiguousarray(rows[::_FEWER])
    booster = lgb.Booster(model_str=bundle.trees.text)
    tables = TableExplainer(bundle.trees.text, len(bundle.trees.columns))
    tables.contributions(rows[:64])
    theirs = np.asarray(booster.predict(fewer, pred_contrib=True, num_threads=2))
    off = np.abs(tables.contributions(fewer) - theirs).max()
    sums = np.abs(tables.contributions(rows).sum(axis=1) - booster.predict(rows, raw_score=True)).max()
    seconds = _medians(
        lambda: tables.contributions(rows), lambda: booster.predict(fewer, pred_contrib=True, num_threads=2)
    )
    ours, lightgbm = asked.rows / seconds[0], len(fewer) / seconds[1]
    print(f"{booster.num_trees()} trees, {len(bundle.trees.columns)} columns, {asked.rows:,} rows; medians of {_RUNS}")
    print(f"pattern tables {ours:,.0f} rows/s, pred_contrib {lightgbm:,.0f} rows/s: {ours / lightgbm:.1f}x")
    print(f"largest difference of a part {off:.1e}, of a row's sum from its score {sums:.1e} (log-odds)")


def _medians(*works: Callable[[], Floats]) -> list[float]:
    """Seconds of each, in turn, so that what else the machine does falls on all."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(_RUNS):
        for work, seconds in zip(works, taken, strict=True):
            begun = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - begun)
    return [median(seconds) for seconds in taken]


if __name__ == "__main__":
    main()
