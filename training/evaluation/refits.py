"""Checks of a model that need other fits: label permutation, ablation by feature family, stability over seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import rankdata, spearmanr

from features.catalog import FAMILIES, MODEL_COLUMNS
from features.frame_schema import FrameColumn, FrameSchema, returns
from models.boosting import columns_of
from models.raw_score import Floats, ModelColumn
from training.candidates import ModelSpec
from training.concurrent_fits import fits_at_a_time, map_concurrently
from training.evaluation.evaluated_loans import EvaluatedLoans
from training.evaluation.measures import auc, selected_share_by_month
from training.evaluation.report import Ablation, PermutationTest, Stability

Scorer = Callable[[pl.DataFrame], Floats]
FitModel = Callable[[pl.DataFrame, Sequence[str], int], Scorer]
"""Fits a model: from a fit fold (`as_of`, `bad` and features), the features it may use, and a seed to a scorer."""

_PERMUTATIONS = 200


SHUFFLED_SCHEMA = FrameSchema(
    {
        "as_of": FrameColumn(pl.Date(), "Month end within which the labels are permuted."),
        "bad": FrameColumn(None, "Label (0, 1) of another row of the month."),
        "bad_on": FrameColumn(pl.Date(), "Day on which that row's loan went bad."),
    },
    extra="all further columns of the frame, as they were",
)


def refit_with(spec: ModelSpec) -> FitModel:
    """A function that fits a model by the specification."""

    def fit(frame: pl.DataFrame, names: Sequence[str], seed: int) -> Scorer:
        columns = tuple(column for column in columns_of(MODEL_COLUMNS) if column.name in set(names))
        return replace(spec, params=replace(spec.params, seed=seed)).fit_thinned(frame, columns).log_odds

    return fit


def permutation_test(
    fit_fold: pl.DataFrame, loans: EvaluatedLoans, fit_model: FitModel, seed: int, fits: int = 3
) -> PermutationTest:
    """Mean AUC within months of models fitted to labels shuffled within each month, on labels shuffled likewise.

    Nothing is left to learn but how many loans go bad in which month, and that ranks no loan above another of its
    month: an AUC away from 1/2 is a leak. `bad` and `bad_on` are shuffled together, and the scored frame carries the
    shuffled ones: a column that carries the label gives itself away. Each fit is measured on so many shuffles that
    chance stays small.
    """

    def areas_of_fit(number: int) -> list[float]:
        random = np.random.default_rng((seed, number))
        score = fit_model(shuffle_labels(fit_fold, random), model_column_names(), seed + number)
        return list(_aucs_on_shuffled_labels(loans, score, random, _PERMUTATIONS // fits))

    areas = np.concatenate(map_concurrently(areas_of_fit, range(fits), fits_at_a_time(fit_fold.height)))
    return PermutationTest(float(areas.mean()), fits, len(areas))


def _aucs_on_shuffled_labels(
    loans: EvaluatedLoans, score: Scorer, random: np.random.Generator, shuffles: int
) -> Iterator[float]:
    """AUC of each shuffle by rank sums within months, much faster than scikit-learn's on some hundred shuffles.

    Rows are scored anew under each shuffle only where the first two, whose labels differ, get different scores: a model
    that cannot see the labels gives every shuffle the same ones.
    """
    ranks: list[Floats] = []
    months = int(loans.month_index.max()) + 1
    for _ in range(shuffles):
        frame = shuffle_labels(loans.frame, random)
        sees_labels = len(ranks) > 1 and not np.array_equal(ranks[0], ranks[1])
        if len(ranks) < 2 or sees_labels:
            ranks.append(_ranks_within(score(frame), loans.month_index))
        bad = frame["bad"].to_numpy().astype(bool)
        rows, bad_count = np.bincount(loans.month_index), np.bincount(loans.month_index[bad], minlength=months)
        above = ranks[-1][bad].sum() - (bad_count * (bad_count + 1) / 2).sum()
        yield float(above / (bad_count * (rows - bad_count)).sum())


def _ranks_within(score: Floats, groups: npt.NDArray[np.int64]) -> Floats:
    """The rank of each score among those of its group, from 1; equal ones share the mean of theirs."""
    ranks = np.empty(len(score))
    for group in np.unique(groups):
        rows = groups == group
        ranks[rows] = rankdata(score[rows])
    return ranks


@returns(SHUFFLED_SCHEMA)
def shuffle_labels(frame: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """The frame with `bad` and `bad_on` permuted among the rows of each month; rows stay in their order."""
    keys = pl.Series("key", random.random(frame.height))
    order = frame.select("as_of", key=keys).with_row_index("row")
    source_rows = order.with_columns(source=pl.col("row").sort_by("key").over("as_of"))["source"]
    return frame.with_columns(frame.select("bad", "bad_on")[source_rows])


def ablation(fit_fold: pl.DataFrame, loans: EvaluatedLoans, fit_model: FitModel, seed: int) -> tuple[Ablation, ...]:
    """AUC and recall of a model fitted with all features first, then of one fitted without each family of features."""
    families = [family.__name__.split(".")[-1] for family in FAMILIES]
    names_by_ablation: list[tuple[str | None, list[str]]] = [
        (None, model_column_names()),
        *((family, [column.name for column in MODEL_COLUMNS if column.family != family]) for family in families),
    ]

    def without(family_and_names: tuple[str | None, list[str]]) -> Ablation:
        family, names = family_and_names
        return Ablation(family, *_auc_and_recall(loans, fit_model(fit_fold, names, seed)(loans.frame)))

    ablations = [each for each in names_by_ablation if each[1]]
    return tuple(map_concurrently(without, ablations, fits_at_a_time(fit_fold.height)))


def stability(fit_fold: pl.DataFrame, loans: EvaluatedLoans, fit_model: FitModel, seeds: Iterable[int]) -> Stability:
    """How much AUC, recall and the visited loans vary between fits under these seeds.

    Raises ValueError for fewer than two seeds.
    """
    names, at_a_time = model_column_names(), fits_at_a_time(fit_fold.height)
    scores = map_concurrently(lambda seed: fit_model(fit_fold, names, seed)(loans.frame), seeds, at_a_time)
    if len(scores) < 2:
        raise ValueError("Stability is told by two seeds or more.")
    measures = [_auc_and_recall(loans, score) for score in scores]
    visits = [selected_share_by_month(score, loans.flagged_by_rules, loans.month_index) for score in scores]
    return Stability(
        seeds=len(scores),
        auc=_lowest_and_highest([area for area, _ in measures]),
        recall=_lowest_and_highest([recall for _, recall in measures]),
        rank_correlation=float(np.mean([spearmanr(a, b).statistic for a, b in combinations(scores, 2)])),
        changing=float(np.mean([np.abs(a - b).mean() for a, b in combinations(visits, 2)])),
    )


def model_column_names() -> list[str]:
    """The features that a model may have, in the catalogue's order."""
    return [feature.name for feature in MODEL_COLUMNS]


def barred_columns(columns: Sequence[ModelColumn]) -> tuple[str, ...]:
    """The columns of a model that no model may have."""
    return tuple(column.name for column in columns if column.name not in set(model_column_names()))


def _auc_and_recall(loans: EvaluatedLoans, score: Floats) -> tuple[float | None, float | None]:
    """AUC, and recall at the rules' visits month by month; None where no loan went bad."""
    if not loans.bad.any():
        return None, None
    visits = selected_share_by_month(score, loans.flagged_by_rules, loans.month_index)
    return auc(loans.bad, score), float(visits @ loans.bad / loans.bad.sum())


def _lowest_and_highest(values: Sequence[float | None]) -> tuple[float, float] | None:
    measured = [value for value in values if value is not None]
    return (min(measured), max(measured)) if measured else None
