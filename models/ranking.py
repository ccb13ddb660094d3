"""Measures of ranking by outcomes or, before these are known, as expected from the probabilities."""

from __future__ import annotations

import numpy as np

from models.raw_score import Floats


def roc_auc(scores: Floats, bad: Floats) -> float | None:
    """The probability that a bad loan scores above a good one, ties counting half; None without both.

    bad: 0 or 1 for each loan, or how likely it is to be 1: then the expected pairs over the expected number of pairs
    of different loans. Source: for the latter, confidence-based performance estimation as NannyML describes it.
    """
    order = np.argsort(scores, kind="stable")
    ranked, positive = scores[order], bad[order]
    negative = 1 - positive
    _, starts = np.unique(ranked, return_index=True)
    bad_in, good_in = np.add.reduceat(positive, starts), np.add.reduceat(negative, starts)
    own = np.add.reduceat(positive * negative, starts)
    below = np.cumsum(good_in) - good_in
    pairs = positive.sum() * negative.sum() - own.sum()
    if pairs <= 0:
        return None
    return float(((bad_in * below) + (bad_in * good_in - own) / 2).sum() / pairs)


def recall(flagged: np.ndarray[tuple[int], np.dtype[np.bool_]], bad: Floats) -> float | None:
    """The share of bad loans that are flagged; None where none is bad.

    bad: 0 or 1 for each loan, or its probability of going bad, for the expected share.
    """
    whole = float(bad.sum())
    return float(bad[flagged].sum()) / whole if whole > 0 else None
