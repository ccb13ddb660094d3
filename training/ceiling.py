"""The ceiling: how well anybody could rank the loans of a simulated county, judged from its true hazards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from models.boosting import Floats
from training.evaluate import recall_at


@dataclass(frozen=True)
class Ceiling:
    """Of one month end. auc, recall: what is reached on average by ranking by the true hazard.

    visits: the number of riskiest loans that recall counts; expected_bad: the sum of hazards.
    """

    auc: float
    recall: float
    visits: int
    expected_bad: float


def hazards(inbox: Path) -> pl.DataFrame:
    """The truth of a simulated inbox: `loan_id`, `as_of`, `replicates`, `went_bad`, `went_bad_first_half`, `hazard`."""
    return pl.read_parquet(inbox / "truth" / "hazards" / "*.parquet")


def ceiling(month: pl.DataFrame, visits: int) -> Ceiling:
    """The best reachable AUC and recall at that many visits, from the hazards of one month end.

    Were each loan's hazard h known, loan i would go bad with chance h_i, so that ranking by h has the expected

        AUC = sum over i, j of h_i (1 - h_j) ([h_i > h_j] + [h_i = h_j] / 2) / sum over i, j of h_i (1 - h_j)
        recall at v = sum of h over the v highest / sum of h

    h is only counted in replicates, and a ranking by noisy counts looks good on the same noise. So one half of the
    replicates ranks and the other half weighs, each way, and the two answers are averaged: no noise flatters, but
    what the ranking half lacks in sharpness makes the answer too low, by several points where replicates are few.
    """
    first = month["went_bad_first_half"].to_numpy().astype(np.float64)
    second = month["went_bad"].to_numpy() - first
    tries = month["replicates"].to_numpy()
    halves = first / (tries // 2), second / (tries - tries // 2)
    ways = ((halves[0], halves[1]), (halves[1], halves[0]))
    return Ceiling(
        auc=float(np.mean([expected_auc(*way) for way in ways])),
        recall=float(np.mean([recall_at(*way, visits) or 0.0 for way in ways])),
        visits=visits,
        expected_bad=float(month["hazard"].sum()),
    )


def expected_auc(score: Floats, chance: Floats) -> float:
    """Of a ranking by score where each loan goes bad with its chance, all pairs weighed; ties count half."""
    order, places = np.unique(score, return_inverse=True)
    bad = np.bincount(places, weights=chance, minlength=len(order))
    good = np.bincount(places, weights=1 - chance, minlength=len(order))
    below = np.cumsum(good) - good
    return float((bad * (below + good / 2)).sum() / (bad.sum() * good.sum()))
