"""Fairness: whether flags, false greens and false alarms differ between groups of people; small groups are hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from training.evaluation.bootstrap import BootstrapWeights, estimate
from training.evaluation.evaluated_loans import EvaluatedLoans
from training.evaluation.measures import Bools
from training.evaluation.report import NO_ESTIMATE, EvaluationSettings, GroupFairness
from training.evaluation.segments import rows_by_code

GROUPS: Mapping[str, pl.Expr] = {
    "sex": pl.col("borrower_sex"),
    "age": pl.when(pl.col("borrower_age") < 35)
    .then(pl.lit("under_35"))
    .when(pl.col("borrower_age") < 50)
    .then(pl.lit("35_to_49"))
    .when(pl.col("borrower_age") < 60)
    .then(pl.lit("50_to_59"))
    .when(pl.col("borrower_age").is_not_null())
    .then(pl.lit("60_or_more")),
    "disability": pl.col("household_disabled").cast(pl.Float64).cast(pl.Int64),
    "household_type": pl.col("household_type"),
}
"""Characteristics of borrowers, each an expression that gives a group's code; declared for audit, never scored."""


def group_fairness(loans: EvaluatedLoans, settings: EvaluationSettings) -> tuple[GroupFairness, ...]:
    """Figures for each group by the model's lights, without those that would reveal few people."""
    weights = BootstrapWeights(loans.household_index, settings.draws, settings.seed)
    return tuple(
        group
        for by, expression in GROUPS.items()
        for group in _groups_of_characteristic(loans, by, expression, weights, settings.least_cell)
    )


def _groups_of_characteristic(
    loans: EvaluatedLoans, by: str, expression: pl.Expr, weights: BootstrapWeights, least: int
) -> list[GroupFairness]:
    groups = list(rows_by_code(loans.frame, expression))
    sizes = [int(rows.sum()) for _, rows in groups]
    bad = [int(loans.bad[rows].sum()) for _, rows in groups]
    good = [size - bad_loans for size, bad_loans in zip(sizes, bad, strict=True)]
    without_figures = suppressed_cells(sizes, least)
    without_outcomes = without_figures | suppressed_cells(bad, least) | suppressed_cells(good, least)
    without_outcomes = _protect_by_total(without_outcomes, bad, least)
    return [
        GroupFairness(by, code, None, None, NO_ESTIMATE, NO_ESTIMATE, NO_ESTIMATE, None, None)
        if number in without_figures
        else _group(loans, by, code, rows, weights, number not in without_outcomes)
        for number, (code, rows) in enumerate(groups)
    ]


def suppressed_cells(counts: Sequence[int], least: int) -> frozenset[int]:
    """Positions of the counts that are not shown.

    These are the counts below `least`, and further ones until the shown counts and the total reveal none of them.
    """
    small = frozenset(number for number, count in enumerate(counts) if count < least)
    return _protect_by_total(small, counts, least)


def _protect_by_total(suppressed: frozenset[int], counts: Sequence[int], least: int) -> frozenset[int]:
    """Hide the next smallest counts, too, while one alone is hidden or the hidden ones sum to fewer than `least`."""
    smallest = sorted(set(range(len(counts))) - suppressed, key=lambda number: counts[number])
    while suppressed and smallest and (len(suppressed) == 1 or sum(counts[number] for number in suppressed) < least):
        suppressed |= {smallest.pop(0)}
    return suppressed


def _group(
    loans: EvaluatedLoans, by: str, code: str, rows: Bools, weights: BootstrapWeights, has_outcomes: bool
) -> GroupFairness:
    """Figures of one group; has_outcomes: whether those that depend on the outcome are shown."""
    flagged, bad = loans.flagged_by_model, loans.bad

    def share(subset: Bools, whole: Bools) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return weights.ratio((subset & whole & rows).astype(np.float64), (whole & rows).astype(np.float64))

    return GroupFairness(
        by,
        code,
        int(rows.sum()),
        int(bad[rows].sum()) if has_outcomes else None,
        estimate(share(flagged, np.ones(len(bad), dtype=np.bool_))),
        estimate(share(~flagged, bad)) if has_outcomes else NO_ESTIMATE,
        estimate(share(flagged, ~bad)) if has_outcomes else NO_ESTIMATE,
        float(loans.probability[rows].mean()),
        float(bad[rows].mean()) if has_outcomes else None,
    )
