"""The rungs the model is judged beside: a logistic scorecard on bins, and the same trees without monotone signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

from models.boosting import Column, Floats, Ground, Growth, Trees, matrix

_BINS = 5
_LEAST_IN_BIN = 50
_GAP = -1
_STRENGTH = 0.05


def rung_scores(
    fit: pl.DataFrame, sample: pl.DataFrame, columns: Sequence[Column], growth: Growth
) -> Mapping[str, Floats]:
    """`scorecard` and `unconstrained` for each row of the sample, higher is riskier, fitted on the rows of `fit`."""
    free = [replace(column, sign=0) for column in columns]
    unconstrained = Trees(Ground(fit, free).grown(growth).text, free)
    return {"scorecard": scorecard(fit, sample, columns), "unconstrained": unconstrained.log_odds(sample)}


def scorecard(fit: pl.DataFrame, sample: pl.DataFrame, columns: Sequence[Column]) -> Floats:
    """A logistic regression on each number's fifths and each code's levels; a gap is a bin of its own."""
    cells = matrix(fit, columns)
    edges = [None if column.levels else _edges(cells[:, place]) for place, column in enumerate(columns)]
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=_LEAST_IN_BIN)
    inputs = encoder.fit_transform(_bins(cells, edges))
    fitted = LogisticRegression(C=_STRENGTH, solver="liblinear").fit(inputs, fit["bad"].to_numpy())
    return np.asarray(fitted.decision_function(encoder.transform(_bins(matrix(sample, columns), edges))))


def _edges(values: Floats) -> Floats:
    known = values[~np.isnan(values)]
    return np.unique(np.quantile(known, np.arange(1, _BINS) / _BINS)) if len(known) else np.array([])


def _bins(cells: Floats, edges: Sequence[Floats | None]) -> npt.NDArray[np.int64]:
    places = [
        column if edge is None else np.searchsorted(edge, column, side="right").astype(np.float64)
        for column, edge in zip(cells.T, edges, strict=True)
    ]
    return np.where(np.isnan(cells), _GAP, np.column_stack(places)).astype(np.int64)
