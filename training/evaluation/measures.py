"""Measures of one score on loans whose end is known; None where the loans cannot tell."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import ks_2samp
from sklearn.metrics import average_precision_score, roc_auc_score

from models.boosting import Floats

Bools = npt.NDArray[np.bool_]
UNKNOWN = -101.0
"""The score of a loan of which a contender knows nothing: below that of any it knows of (points end at 100)."""


def auc(bad: Bools, score: Floats) -> float | None:
    """None where all loans ended alike, or all are unknown: not enough data is an answer."""
    return float(roc_auc_score(bad, score)) if _can_tell(bad, score) else None


def pr_auc(bad: Bools, score: Floats) -> float | None:
    """Average precision: the area under precision over recall."""
    return float(average_precision_score(bad, score)) if _can_tell(bad, score) else None


def ks(bad: Bools, score: Floats) -> float | None:
    """Kolmogorov-Smirnov: the largest distance between the scores' distributions of bad and good loans."""
    return float(ks_2samp(score[bad], score[~bad]).statistic) if _can_tell(bad, score) else None


def recall_at(score: Floats, bad: Bools | Floats, visits: int) -> float | None:
    """The share of the bad found in the `visits` highest scores; of a tie at the edge, its average.

    bad: whether each went bad, or its chance.
    """
    if not bad.sum() or says_nothing(score):
        return None
    return float(visited(score, visits) @ bad / bad.sum())


def visited(score: Floats, visits: int) -> Floats:
    """The share of each loan among the `visits` highest scores: 1 or 0; of a tie at the edge, what is left of it."""
    if visits <= 0 or not len(score):
        return np.zeros(len(score))
    count = min(visits, len(score))
    edge = np.partition(score, -count)[-count]
    above, level = score > edge, score == edge
    return np.asarray(above + level * ((count - above.sum()) / level.sum()), dtype=np.float64)


def visited_by_month(score: Floats, lit: Bools, months: npt.NDArray[np.int64]) -> Floats:
    """`visited` month by month, each month as many visits as loans are lit in it. months: 0, 1, ... of each row."""
    shares = np.zeros(len(score))
    for month in np.unique(months):
        of = months == month
        shares[of] = visited(score[of], int(lit[of].sum()))
    return shares


def says_nothing(score: Floats) -> bool:
    """Whether a contender knows of nobody."""
    return bool((score == UNKNOWN).all())


def _can_tell(bad: Bools, score: Floats) -> bool:
    return bool(0 < bad.sum() < len(bad)) and not says_nothing(score)
