"""`python -m tests.benchmarks.reasons --data var/demo`: exact reasons by pattern tables against pred_contrib.

The model of a store, where it is one of trees, and models of other sizes that learn its score from the same rows
(`--sizes 300x15 300x31`: trees x leaves), each on the loans of the newest published month, drawn again until there are
enough; both ways with one thread (`--threads N`), in turn, in one run. LightGBM explains every twentieth row; its rate
is per row it explained. Beside them the processor seconds in which tables are built, and read from where another
process kept them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import lightgbm as lgb
import numpy as np

from models.boosting import Trees, matrix
from models.raw_score import Floats
from models.tree_shap.explainer import TableExplainer
from models.tree_shap.kernel import has_permutations
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from tests.benchmarks.grown import grown

_FEWER = 20
_RUNS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description="Exact reasons by pattern tables against pred_contrib.")
    parser.add_argument("--data", type=Path, default=Path("var/demo"), help="a store with a model and a month")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--sizes", nargs="*", default=["300x15", "300x31"], help="trees x leaves of other models")
    parser.add_argument("--threads", type=int, default=1, help="of either side")
    asked = parser.parse_args()
    store = DataFolder(asked.data)
    bundle = store.models.in_use
    assert bundle is not None, "the store has no model; run ./run demo first"
    columns = bundle.columns
    month = MonthRepository(store).month().scan("features").collect()
    loans, scores = matrix(month, columns), bundle.score.log_odds(month)
    rows = loans[np.random.default_rng(1).integers(0, len(loans), asked.rows)]
    looked_up = "permuted registers" if has_permutations() else "one look-up after the other"
    print(f"{len(columns)} columns, {asked.rows:,} rows, {asked.threads} threads of either side, {looked_up}")
    print(f"medians of {_RUNS}; largest differences in log-odds")
    print(
        f"{'model':<28}{'tables rows/s':>14}{'pred_contrib':>14}{'ratio':>8}{'part off':>10}{'sum off':>10}"
        f"{'built s':>9}{'read s':>9}"
    )
    if isinstance(bundle.score, Trees):
        own = lgb.Booster(model_str=bundle.score.text)
        _told(f"the store's, {_size(own)}", own, rows, asked.threads)
    for size in asked.sizes:
        other = grown(size, loans, scores, columns)
        _told(_size(other), other, rows, asked.threads)


def _size(booster: lgb.Booster) -> str:
    most = max(tree["num_leaves"] for tree in booster.dump_model()["tree_info"])
    return f"{booster.num_trees()} trees x {most} leaves"


def _told(name: str, booster: lgb.Booster, rows: Floats, threads: int) -> None:
    fewer = np.ascontiguousarray(rows[::_FEWER])
    text = booster.model_to_string()
    TableExplainer(text, rows.shape[1]).explain(rows[:64])  # compiled
    with TemporaryDirectory() as kept:
        built, read = (_processor_seconds(lambda: TableExplainer(text, rows.shape[1], Path(kept))) for _ in range(2))
    tables = TableExplainer(text, rows.shape[1])
    theirs = np.asarray(booster.predict(fewer, pred_contrib=True, num_threads=threads))
    off = np.abs(tables.explain(fewer)[0] - theirs).max()
    sums = np.abs(tables.explain(rows)[0].sum(axis=1) - booster.predict(rows, raw_score=True)).max()
    ours, lightgbm = _medians(
        lambda: tables.explain(rows, threads), lambda: booster.predict(fewer, pred_contrib=True, num_threads=threads)
    )
    fast, slow = len(rows) / ours, len(fewer) / lightgbm
    print(
        f"{name:<28}{fast:>14,.0f}{slow:>14,.0f}{fast / slow:>7.1f}x{off:>10.1e}{sums:>10.1e}{built:>9.2f}{read:>9.3f}",
        flush=True,
    )


def _processor_seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _medians(*works: Callable[[], object]) -> list[float]:
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
