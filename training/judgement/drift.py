"""Drift: how differently the features are spread where the model was fitted and where it is judged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from models.boosting import Column

_BINS = 10
_LEAST_SHARE = 1e-4
"""Stands for an empty bin, so that the logarithm stays finite."""


def psi(before: pl.Series, after: pl.Series) -> float:
    """Population stability index: sum of (p - q) ln(p / q) over tenths of `before` (or codes); missing is a bin.

    Source: Siddiqi 2006, Credit Risk Scorecards; above 0.25 is read as a shift.
    """
    first, second = (_shares(each, before) for each in (before, after))
    return float(((second - first) * np.log(second / first)).sum())


def drifts(fit: pl.DataFrame, judged: pl.DataFrame, columns: Sequence[Column]) -> dict[str, float]:
    """PSI of each of the model's columns."""
    return {column.name: psi(fit[column.name], judged[column.name]) for column in columns}


def _shares(values: pl.Series, edges_of: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    known = values.drop_nulls()
    counts = _counts(known, edges_of.drop_nulls())
    counted = np.append(counts, len(values) - len(known)) / max(len(values), 1)
    return np.maximum(counted, _LEAST_SHARE)


def _counts(known: pl.Series, reference: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """By codes of the reference and all others, or by tenths of its numbers."""
    if not reference.dtype.is_numeric() and reference.dtype != pl.Boolean:
        codes = reference.unique().sort().to_list()
        each = [int((known == code).sum()) for code in codes]
        return np.array([*each, len(known) - sum(each)])
    numbers, of = (each.cast(pl.Float64).to_numpy() for each in (known, reference))
    edges = np.unique(np.quantile(of, np.linspace(0, 1, _BINS + 1)[1:-1])) if len(of) else np.array([])
    return np.bincount(np.searchsorted(edges, numbers, side="left"), minlength=len(edges) + 1)
