"""`python -m tests.benchmarks.one_explanation --data var/demo`: one household explained and supposed about, in ms.

On the newest published month of a store, households drawn alike for all: the parts of one loan from its stored facts,
the whole explanation (with what would turn it green, computed the first time it is asked), a what-if, and LightGBM's
pred_contrib on one row of a model of 300 trees that learns the same scores, in turn, in one run; medians.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import polars as pl

from models.boosting import matrix
from serving.explain.household import household_explanation
from serving.explain.loaded_models import loaded_model
from serving.explain.what_if.facts import NewHardship
from serving.explain.what_if_answers import what_if
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from tests.benchmarks.grown import grown

_RUNS, _WARMING_UP = 60, 5
_OPPONENT = "300x31"
"""Trees x leaves of the model that pred_contrib explains."""


def main() -> None:
    parser = argparse.ArgumentParser(description="One explanation and one what-if against pred_contrib on one row.")
    parser.add_argument("--data", type=Path, default=Path("var/demo"), help="a store with a model and a month")
    asked = parser.parse_args()
    store = DataFolder(asked.data)
    month = MonthRepository(store).month()
    bundle = loaded_model(month, store.models)
    judged, columns = month.scan("features").filter(~pl.col("has_gone_bad")).collect(), bundle.columns
    booster = grown(_OPPONENT, matrix(judged, columns), bundle.score.log_odds(judged), columns)
    drawn = random.Random(1).sample(judged["household_id"].unique().sort().to_list(), _RUNS + _WARMING_UP)
    hit = [NewHardship(kind="hardship", cause="illness", loss_amount=5000)]

    def facts_of(household: str) -> pl.DataFrame:
        return judged.filter(pl.col("household_id") == household).head(1)

    works: dict[str, Callable[[str], object]] = {
        "pred_contrib, one row": lambda name: booster.predict(matrix(facts_of(name), columns), pred_contrib=True),
        "parts of one loan from stored facts": lambda name: bundle.explain(facts_of(name)),
        "explanation, asked first": lambda name: household_explanation(month, store, name),
        "explanation, asked again": lambda name: household_explanation(month, store, name),
        "what-if": lambda name: what_if(month, store, name, hit),
    }
    found = _medians(works, drawn)
    for name, milliseconds in found.items():
        print(f"{name}: {milliseconds:.2f} ms")
    lit = month.scan("warnings").filter(pl.col("light") != "green", pl.col("probability").is_not_null()).collect()
    households = sorted(set(lit["household_id"]) - set(drawn))[: _RUNS + _WARMING_UP]
    took = [_processor_ms(partial(household_explanation, month, store, name)) for name in households]
    print(
        f"a red or yellow household, asked first: {median(took[_WARMING_UP:]):.2f} ms of processor, "
        f"median of {len(took) - _WARMING_UP}"
    )
    print(
        f"pred_contrib of {booster.num_trees()} trees, {len(columns)} columns; "
        f"medians of {_RUNS} households, each by all in turn"
    )


def _medians(works: dict[str, Callable[[str], object]], households: list[str]) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in works}
    for household in households:
        for name, work in works.items():
            begun = time.perf_counter()
            work(household)
            taken[name].append(1000 * (time.perf_counter() - begun))
    return {name: median(times[_WARMING_UP:]) for name, times in taken.items()}


def _processor_ms(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return (time.process_time() - begun) * 1000


if __name__ == "__main__":
    main()
