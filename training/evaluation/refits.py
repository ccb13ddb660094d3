"""What only another fit can tell: whether anything leaks, what each family is worth, how much hangs on the seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import polars as pl
from scipy.stats import rankdata, spearmanr

from features.catalog import FAMILIES, MODEL_COLUMNS
from models.boosting import Column, Floats, Ground, Growth, Trees, columns_of
from training.evaluation.evaluated_loans import Judged
from training.evaluation.measures import auc, visited_by_month
from training.evaluation.report import Ablated, Permuted, Stability

Scorer = Callable[[pl.DataFrame], Floats]
Fit = Callable[[pl.DataFrame, Sequence[str], int], Scorer]
"""From a fit fold (`as_of`, `bad` and features), the names of the features that may be used, and a seed: a scorer."""

_PERMUTATIONS = 200


def fitted(growth: Growth) -> Fit:
    """As many trees of that growth as it says."""

    def fit(frame: pl.DataFrame, names: Sequence[str], seed: int) -> Scorer:
        columns = tuple(column for column in columns_of(MODEL_COLUMNS) if column.name in set(names))
        return Trees(Ground(frame, columns).grown(replace(growth, seed=seed)).text, columns).log_odds

    return fit


def permuted(fit_fold: pl.DataFrame, judged: Judged, fit: Fit, seed: int, fits: int = 3) -> Permuted:
    """Fitted to labels shuffled within each month, judged on labels shuffled likewise: nothing is left to be learnt.

    What went bad and when are shuffled together, and the shuffled ones stand in the frame that is scored: a column
    that carries the label gives itself away. Each fit is judged on so many shuffles that chance stays small.
    """
    chance = np.random.default_rng(seed)
    areas = []
    for number in range(fits):
        score = fit(shuffled(fit_fold, chance), model_names(), seed + number)
        areas += [_shuffled_auc(judged, score, chance) for _ in range(_PERMUTATIONS // fits)]
    return Permuted(float(np.mean(areas)), fits, len(areas))


def _shuffled_auc(judged: Judged, score: Scorer, chance: np.random.Generator) -> float:
    frame = shuffled(judged.frame, chance)
    bad = frame["bad"].to_numpy().astype(bool)
    ranks = rankdata(score(frame))
    ill = int(bad.sum())
    return float((ranks[bad].sum() - ill * (ill + 1) / 2) / (ill * (len(bad) - ill)))


def shuffled(frame: pl.DataFrame, chance: np.random.Generator) -> pl.DataFrame:
    """`bad` and `bad_on` of other rows of the same month; rows stay in their order."""
    keys = pl.Series("key", chance.random(frame.height))
    order = frame.select("as_of", key=keys).with_row_index("row")
    taken = order.with_columns(source=pl.col("row").sort_by("key").over("as_of"))["source"]
    return frame.with_columns(frame.select("bad", "bad_on")[taken])


def ablation(fit_fold: pl.DataFrame, judged: Judged, fit: Fit, seed: int) -> tuple[Ablated, ...]:
    """With all features first, then without each family."""
    names = model_names()
    families = [family.__name__.split(".")[-1] for family in FAMILIES]
    without = {family: [f.name for f in MODEL_COLUMNS if f.family != family] for family in families}
    wanted: list[tuple[str | None, list[str]]] = [(None, names), *without.items()]
    return tuple(
        Ablated(family, *_worth(judged, fit(fit_fold, left, seed)(judged.frame))) for family, left in wanted if left
    )


def stability(fit_fold: pl.DataFrame, judged: Judged, fit: Fit, seeds: Iterable[int]) -> Stability:
    """The same fit under other seeds. Raises ValueError for fewer than two."""
    scores = [fit(fit_fold, model_names(), seed)(judged.frame) for seed in seeds]
    if len(scores) < 2:
        raise ValueError("Stability is told by two seeds or more.")
    worth = [_worth(judged, score) for score in scores]
    visits = [visited_by_month(score, judged.lit, judged.months) for score in scores]
    return Stability(
        seeds=len(scores),
        auc=_spread([area for area, _ in worth]),
        recall=_spread([recall for _, recall in worth]),
        rank_correlation=float(np.mean([spearmanr(a, b).statistic for a, b in combinations(scores, 2)])),
        changing=float(np.mean([np.abs(a - b).mean() for a, b in combinations(visits, 2)])),
    )


def model_names() -> list[str]:
    return [feature.name for feature in MODEL_COLUMNS]


def barred(columns: Sequence[Column]) -> tuple[str, ...]:
    """The columns of a model that are not among those a model may have."""
    return tuple(column.name for column in columns if column.name not in set(model_names()))


def _worth(judged: Judged, score: Floats) -> tuple[float | None, float | None]:
    if not judged.bad.any():
        return None, None
    visits = visited_by_month(score, judged.lit, judged.months)
    return auc(judged.bad, score), float(visits @ judged.bad / judged.bad.sum())


def _spread(values: Sequence[float | None]) -> tuple[float, float] | None:
    told = [value for value in values if value is not None]
    return (min(told), max(told)) if told else None
