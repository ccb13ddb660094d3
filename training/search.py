"""The search: which way of growing trees foretells later months of other households best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import optuna
import polars as pl

from models.boosting import Column, Ground, Growth
from training.folds import parted
from training.plan import Plan

Advance = Callable[[int, str], None]
_LEAST_BEFORE = 2
"""Month ends that a rolling origin needs before it."""


@dataclass(frozen=True)
class Found:
    """The best growth, with the number of trees it wants; its mean log loss and the plan's own; trials made."""

    growth: Growth
    loss: float
    loss_of_plan: float
    trials: int


@dataclass(frozen=True)
class _Origin:
    ground: Ground
    later_rows: int


def best_growth(sample: pl.DataFrame, columns: Sequence[Column], plan: Plan, advance: Advance) -> Found:
    """Try growths on rolling origins: trees of the months before, judged by months a horizon later.

    The first trial is the plan's own growth. The log loss, a proper score, decides. The same plan and rows find the
    same growth, unless the seconds run out before the trials.
    Sources: Akiba et al. 2019, Optuna; Bergstra et al. 2011, tree-structured Parzen estimators.
    """
    grounds = [_Origin(Ground(before, columns, after), after.height) for before, after in origins(sample, plan)]
    own = plan.growth_of_trees
    tried: list[tuple[float, Growth]] = []

    def loss(trial: optuna.Trial) -> float:
        growth = own if trial.number == 0 else _suggested(trial, own)
        found, trees = _judged(grounds, growth)
        tried.append((found, replace(growth, trees=trees)))
        advance(1, "")
        return found

    _study(plan.seed).optimize(loss, n_trials=plan.search.trials, timeout=plan.search.seconds)
    least, growth = min(tried, key=lambda pair: pair[0])
    return Found(growth, least, tried[0][0], len(tried))


def origins(sample: pl.DataFrame, plan: Plan) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """For each rolling origin, rows before it, and rows of other households whose month ends lie a horizon after it.

    Where the months are too few for that, the last month of other households than those before it.
    """
    months: list[date] = sorted(sample["as_of"].unique())
    cuts = [cut for cut in range(_LEAST_BEFORE, len(months)) if months[-1] >= plan.label_end(months[cut - 1])]
    if not cuts:
        before, after = parted(sample, 0, 3, plan)
        return [(before.filter(pl.col("as_of") < months[-1]), after.filter(pl.col("as_of") == months[-1]))]
    chosen = sorted({cuts[round(place)] for place in np.linspace(len(cuts) // 2, len(cuts) - 1, plan.search.origins)})
    return [_origin(sample, months[cut - 1], part, len(chosen), plan) for part, cut in enumerate(chosen)]


def _origin(sample: pl.DataFrame, last: date, part: int, parts: int, plan: Plan) -> tuple[pl.DataFrame, pl.DataFrame]:
    mine, others = parted(sample, part, max(parts, 3), plan)
    return mine.filter(pl.col("as_of") <= last), others.filter(pl.col("as_of") >= plan.label_end(last))


def _judged(grounds: Sequence[_Origin], growth: Growth) -> tuple[float, int]:
    """Mean log loss over the later rows, and the mean number of trees."""
    grown = [origin.ground.grown(growth) for origin in grounds]
    weights = [origin.later_rows for origin in grounds]
    return float(np.average([each.loss or 0.0 for each in grown], weights=weights)), round(
        float(np.mean([each.trees for each in grown]))
    )


def _suggested(trial: optuna.Trial, own: Growth) -> Growth:
    """Within what stays small enough to explain every loan every month."""
    return replace(
        own,
        leaves=trial.suggest_int("leaves", 6, 31),
        depth=trial.suggest_int("depth", 3, 6),
        learning_rate=trial.suggest_float("learning_rate", 0.02, 0.1, log=True),
        rows_in_leaf=trial.suggest_int("rows_in_leaf", 20, 400, log=True),
        ridge=trial.suggest_float("ridge", 1, 500, log=True),
        column_share=trial.suggest_float("column_share", 0.1, 0.8),
        row_share=trial.suggest_float("row_share", 0.3, 0.9),
        random_cuts=trial.suggest_categorical("random_cuts", [True, False]),
    )


def _study(seed: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=8))
