"""Fits two at a time: the same results in the same order, with one thread of BLAS each."""

from __future__ import annotations

import threading

import numpy as np
import polars as pl
import pytest
from threadpoolctl import threadpool_limits

from models.boosting import TreeParams
from tests.training.test_search import FIT, PLAN
from tests.training.test_thinned_rows import COLUMNS, rows_with_few_bad
from tests.training.test_training_costs import blas_threads
from training import concurrent_fits
from training.candidates import Candidate, ModelSpec, choose_candidate, mean_losses_by_strength, out_of_fold_scores
from training.concurrent_fits import fits_at_a_time, map_concurrently
from training.plan import SearchPlan
from training.search import search_tree_params

SAMPLE = (
    rows_with_few_bad(5, 6_000)
    .with_row_index("row")
    .with_columns(
        pl.format("H{}", pl.col("row") // len(FIT)).alias("household_id"),
        pl.Series("as_of", [FIT[row % len(FIT)] for row in range(6_000)], pl.Date),
    )
)
PARAMS = TreeParams(num_iterations=20, min_data_in_leaf=50, lambda_l2=5.0)


def test_many_rows_are_fitted_two_at_a_time() -> None:
    assert [fits_at_a_time(rows) for rows in (0, 49_999, 50_000, 10_000_000)] == [1, 1, 2, 2]


@pytest.mark.parametrize("at_a_time", [1, 2])
def test_results_come_in_the_order_of_the_items(at_a_time: int) -> None:
    assert map_concurrently(lambda number: number * number, range(7), at_a_time) == [0, 1, 4, 9, 16, 25, 36]
    assert map_concurrently(str, [], at_a_time) == []


def test_two_calls_run_at_a_time_and_no_more() -> None:
    both, running, most = threading.Barrier(2, timeout=60), [0], [0]
    lock = threading.Lock()

    def call(_: int) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        both.wait()  # a call that runs alone would wait for ever
        with lock:
            running[0] -= 1

    map_concurrently(call, range(6), 2)
    assert most == [2]


@pytest.mark.parametrize("at_a_time", [1, 2])
def test_blas_has_one_thread_in_each_call_and_its_own_number_after_all(at_a_time: int) -> None:
    def call(_: int) -> set[int]:
        with threadpool_limits(1):  # as a fit of an additive model does
            pass
        return blas_threads()

    with threadpool_limits(2, "blas"):
        assert map_concurrently(call, range(4), at_a_time) == [{1}] * 4
        assert blas_threads() == {2}


@pytest.mark.parametrize("at_a_time", [1, 2])
def test_the_first_failure_is_raised(at_a_time: int) -> None:
    def call(number: int) -> int:
        if number:
            raise ValueError(f"item {number}")
        return number

    with pytest.raises(ValueError, match="item 1"):
        map_concurrently(call, range(3), at_a_time)


def test_models_are_the_same_whether_fitted_alone_or_two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> tuple[object, ...]:
        spec = ModelSpec(Candidate.BLEND, PARAMS, strength=0.01)
        choice = choose_candidate(SAMPLE, COLUMNS, PLAN, PARAMS)
        losses = mean_losses_by_strength(SAMPLE, COLUMNS, PLAN)
        return choice, losses, out_of_fold_scores(SAMPLE, COLUMNS, PLAN, spec)["raw"].to_list()

    alone = found()
    monkeypatch.setattr(concurrent_fits, "_FEWEST_ROWS", 0)
    assert found() == alone


def test_a_search_of_two_trials_at_a_time_gives_one_result_and_keeps_to_its_trials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(concurrent_fits, "_FEWEST_ROWS", 0)
    plan = PLAN.model_copy(update={"search": SearchPlan(trials=5, origins=1)})
    steps: list[int] = []
    first = search_tree_params(SAMPLE, COLUMNS, plan, lambda count, _: steps.append(count))
    assert first.trials == 5 == sum(steps)
    assert search_tree_params(SAMPLE, COLUMNS, plan, lambda *_: None) == first
    assert first.tried[0][0] == first.loss_of_plan
    assert first.loss == min(loss for loss, _ in first.tried)
    assert np.isfinite(first.loss)
