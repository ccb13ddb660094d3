"""Measures of one score on loans whose outcome is known; None where the loans do not suffice."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import ks_2samp
from sklearn.metrics import average_precision_score, roc_auc_score

from models.policy import loans_in_share
from models.raw_score import Floats

Bools = npt.NDArray[np.bool_]
UNKNOWN_SCORE = -101.0
"""Score of a loan that a compared model cannot score: below every real score (minus points, of at most 100)."""


def auc(bad: Bools, score: Floats) -> float | None:
    """Area under the ROC curve.

    Args:
        bad: whether each loan went bad.
        score: of each loan, higher is riskier.

    Returns:
        0 to 1; None where all loans ended alike, or the score is `UNKNOWN_SCORE` throughout.

    Example:
        >>> import numpy as np
        >>> auc(np.array([True, False, True, False]), np.array([0.9, 0.4, 0.3, 0.1]))
        0.75
        >>> auc(np.array([False, False]), np.array([0.9, 0.4])) is None
        True
    """
    return float(roc_auc_score(bad, score)) if _is_measurable(bad, score) else None


def pr_auc(bad: Bools, score: Floats) -> float | None:
    """Average precision: the area under precision over recall."""
    return float(average_precision_score(bad, score)) if _is_measurable(bad, score) else None


def ks(bad: Bools, score: Floats) -> float | None:
    """Kolmogorov-Smirnov: the largest distance between the scores' distributions of bad and good loans."""
    return float(ks_2samp(score[bad], score[~bad]).statistic) if _is_measurable(bad, score) else None


def recall_at(score: Floats, bad: Bools | Floats, capacity: int) -> float | None:
    """Share of the bad loans that are among the `capacity` highest scores.

    Args:
        score: of each loan, higher is riskier.
        bad: whether each loan went bad, or its probability of doing so.
        capacity: number of loans that can be visited; a tie at the edge counts by the share of it that fits.

    Returns:
        0 to 1; None where no loan went bad, or the score is `UNKNOWN_SCORE` throughout.

    Example:
        >>> import numpy as np
        >>> recall_at(np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, False, True, False]), 1)
        0.5
        >>> recall_at(np.array([1.0, 1.0, 1.0, 1.0]), np.array([True, False, True, False]), 2)
        0.5
    """
    if not bad.sum() or is_uninformative(score):
        return None
    return float(selected_share(score, capacity) @ bad / bad.sum())


def selected_share(score: Floats, capacity: int) -> Floats:
    """The share of each loan that is among the `capacity` highest scores: 1, 0, or at the edge a tie's equal share."""
    if capacity <= 0 or not len(score):
        return np.zeros(len(score))
    count = min(capacity, len(score))
    edge = np.partition(score, -count)[-count]
    above, level = score > edge, score == edge
    return np.asarray(above + level * ((count - above.sum()) / level.sum()), dtype=np.float64)


def selected_share_by_month(
    score: Floats, flagged: Bools, month_index: npt.NDArray[np.int64], most_lit: float = 1.0
) -> Floats:
    """`selected_share` within each month, with the month's number of flagged loans as capacity.

    month_index: 0, 1, ... for the month of each row. most_lit: the capacity is at most this share of the month's loans.
    """
    shares = np.zeros(len(score))
    for month in np.unique(month_index):
        in_month = month_index == month
        capacity = min(int(flagged[in_month].sum()), loans_in_share(int(in_month.sum()), most_lit))
        shares[in_month] = selected_share(score[in_month], capacity)
    return shares


def is_uninformative(score: Floats) -> bool:
    """Whether the score is `UNKNOWN_SCORE` for every loan."""
    return bool((score == UNKNOWN_SCORE).all())


def _is_measurable(bad: Bools, score: Floats) -> bool:
    return bool(0 < bad.sum() < len(bad)) and not is_uninformative(score)
