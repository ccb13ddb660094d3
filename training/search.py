"""The search for LightGBM's parameters under which trees predict later months of other households best."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import optuna
import polars as pl

from models.boosting import TrainingSet, TreeParams
from models.raw_score import ModelColumn
from training.concurrent_fits import fits_at_a_time, map_concurrently
from training.folds import split_households
from training.plan import Plan
from training.thinned_rows import thin_rows

ProgressCallback = Callable[[int, str], None]
"""Called after each trial with the number of further steps and a line of text."""
_MIN_EARLIER_MONTHS = 2
"""Month ends that a rolling origin needs before it."""
_FIRST_WHOLE_TRIALS = 5
"""Trials that are fitted on all origins before the first is cut short."""


@dataclass(frozen=True)
class SearchResult:
    """The best parameters, with their number of trees; mean log loss of them and of the plan's own; trials made.

    tried: log loss and parameters of each trial that was fitted on all origins, in their order.
    """

    params: TreeParams
    loss: float
    loss_of_plan: float
    trials: int
    tried: tuple[tuple[float, TreeParams], ...] = ()


@dataclass(frozen=True)
class _RollingOrigin:
    """A rolling origin: its earlier rows with its later ones, both thinned.

    share: of the earlier rows, how many stayed. later_rows: how many later rows there are before they are thinned.
    """

    training_set: TrainingSet
    share: float
    later_rows: int

    @staticmethod
    def of(earlier: pl.DataFrame, later: pl.DataFrame, columns: Sequence[ModelColumn]) -> _RollingOrigin:
        few = thin_rows(earlier)
        return _RollingOrigin(TrainingSet(few, columns, thin_rows(later)), few.height / earlier.height, later.height)


def search_tree_params(
    sample: pl.DataFrame, columns: Sequence[ModelColumn], plan: Plan, on_progress: ProgressCallback
) -> SearchResult:
    """Try parameters on rolling origins: trees fitted on earlier months, evaluated on months a horizon later.

    The first trial is the plan's own parameters; the least log loss, a proper score, wins. A trial that is worse after
    an origin than half of those before it were is not fitted on the origins left, and counts as tried. Of many rows two
    trials are fitted at a time, both drawn from what those before them brought: a plan and its rows always give one
    result, unless the seconds run out before the trials.
    Sources: Akiba et al. 2019, Optuna; Bergstra et al. 2011, tree-structured Parzen estimators.
    """
    origins, at_a_time = rolling_origins(sample, plan), fits_at_a_time(sample.height)
    # LightGBM changes a data set that it fits: trials at one time have theirs
    folds = [[_RollingOrigin.of(*origin, columns) for origin in origins] for _ in range(at_a_time)]
    plan_params, began = plan.tree_params, time.monotonic()
    trials: list[tuple[float, TreeParams]] = []

    def fit_trial(trial_to_fit: tuple[optuna.Trial, TreeParams, Sequence[_RollingOrigin]]) -> tuple[float, int] | None:
        trial, params, own_folds = trial_to_fit
        return _mean_loss(trial, own_folds, params)

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruner = optuna.pruners.MedianPruner(_FIRST_WHOLE_TRIALS)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=plan.seed, n_startup_trials=8), pruner=pruner)
    while (remaining := plan.search.trials - len(study.trials)) > 0 and time.monotonic() - began < plan.search.seconds:
        trials_to_fit = []
        for own_folds in folds[:remaining]:
            trial = study.ask()
            trials_to_fit.append(
                (trial, _suggest_params(trial, plan_params) if trial.number else plan_params, own_folds)
            )
            on_progress(1, "")
        results = map_concurrently(fit_trial, trials_to_fit, at_a_time)
        for (trial, params, _), result in zip(trials_to_fit, results, strict=True):
            if result is None:
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                continue
            loss, num_iterations = result
            study.tell(trial, loss)
            trials.append((loss, replace(params, num_iterations=num_iterations)))
    least, params = min(trials, key=lambda trial: trial[0])
    return SearchResult(params, least, trials[0][0], len(study.trials), tuple(trials))


def rolling_origins(sample: pl.DataFrame, plan: Plan) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """For each rolling origin the rows up to it, and the rows of other households a horizon or more after it.

    Both frames have the columns of the sample, among them `as_of` and `household_id`. Where the months are too few for
    a horizon between them, the second frame is the last month of other households.
    """
    months: list[date] = sorted(sample["as_of"].unique())
    cuts = [cut for cut in range(_MIN_EARLIER_MONTHS, len(months)) if months[-1] >= plan.label_end(months[cut - 1])]
    if not cuts:
        first, second = split_households(sample, 0, 3, plan)
        return [(first.filter(pl.col("as_of") < months[-1]), second.filter(pl.col("as_of") == months[-1]))]
    positions = np.linspace(len(cuts) // 2, len(cuts) - 1, plan.search.origins)
    chosen_cuts = sorted({cuts[round(position)] for position in positions})
    origins = []
    for number, cut in enumerate(chosen_cuts):
        last = months[cut - 1]
        first, second = split_households(sample, number, max(len(chosen_cuts), 3), plan)
        origins.append((first.filter(pl.col("as_of") <= last), second.filter(pl.col("as_of") >= plan.label_end(last))))
    return origins


def params_for_thinned(params: TreeParams, share: float) -> TreeParams:
    """The parameters of a fit on thinned rows, of which this share stayed; those of all rows are what a plan names.

    Weights keep the sums that `lambda_l2` is held against; `min_data_in_leaf` counts rows.
    """
    return replace(params, min_data_in_leaf=max(1, round(params.min_data_in_leaf * share)))


def _mean_loss(trial: optuna.Trial, folds: Sequence[_RollingOrigin], params: TreeParams) -> tuple[float, int] | None:
    """Mean log loss over the later rows, and the mean number of trees.

    None where the mean over the first origins is too high to go on.
    """
    losses: list[float] = []
    num_trees: list[int] = []
    weights = [fold.later_rows for fold in folds]
    for number, fold in enumerate(folds, start=1):
        booster = fold.training_set.fit(params_for_thinned(params, fold.share))
        losses.append(booster.loss or 0.0)
        num_trees.append(booster.num_iterations)
        trial.report(float(np.average(losses, weights=weights[:number])), number)
        if number < len(folds) and trial.should_prune():
            return None
    return float(np.average(losses, weights=weights)), round(float(np.mean(num_trees)))


def _suggest_params(trial: optuna.Trial, plan_params: TreeParams) -> TreeParams:
    """Parameters of trees that are small enough to explain every loan every month."""
    return replace(
        plan_params,
        num_leaves=trial.suggest_int("num_leaves", 6, 31),
        max_depth=trial.suggest_int("max_depth", 3, 6),
        learning_rate=trial.suggest_float("learning_rate", 0.02, 0.1, log=True),
        min_data_in_leaf=trial.suggest_int("min_data_in_leaf", 20, 400, log=True),
        lambda_l2=trial.suggest_float("lambda_l2", 1, 500, log=True),
        feature_fraction=trial.suggest_float("feature_fraction", 0.1, 0.8),
        bagging_fraction=trial.suggest_float("bagging_fraction", 0.3, 0.9),
        extra_trees=trial.suggest_categorical("extra_trees", [True, False]),
    )
