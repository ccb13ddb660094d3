"""Fitted baselines of the evaluation: a logistic scorecard on bins, and the same trees without monotone signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

from models.boosting import Floats, ModelColumn, TrainingSet, TreeParams, Trees, matrix

_BINS = 5
_MIN_ROWS_PER_BIN = 50
_MISSING_BIN = -1
_INVERSE_REGULARISATION = 0.05


def baseline_scores(
    fit: pl.DataFrame, sample: pl.DataFrame, columns: Sequence[ModelColumn], params: TreeParams
) -> Mapping[str, Floats]:
    """Scores of the sample's rows by `scorecard` and `unconstrained`, fitted on `fit`; higher is riskier."""
    unsigned = [replace(column, sign=0) for column in columns]
    unconstrained = Trees(TrainingSet(fit, unsigned).fit(params).text, unsigned)
    return {"scorecard": scorecard_scores(fit, sample, columns), "unconstrained": unconstrained.log_odds(sample)}


def scorecard_scores(fit: pl.DataFrame, sample: pl.DataFrame, columns: Sequence[ModelColumn]) -> Floats:
    """Log-odds by a logistic regression on fifths of each number and on levels of each code; missing is its own bin."""
    cells = matrix(fit, columns)
    edges: list[Floats | None] = []
    for number, column in enumerate(columns):
        present = cells[~np.isnan(cells[:, number]), number]
        quantiles = np.quantile(present, np.arange(1, _BINS) / _BINS) if len(present) else np.array([])
        edges.append(None if column.levels else np.unique(quantiles))
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=_MIN_ROWS_PER_BIN)
    inputs = encoder.fit_transform(_bins(cells, edges))
    regression = LogisticRegression(C=_INVERSE_REGULARISATION, solver="liblinear").fit(inputs, fit["bad"].to_numpy())
    return np.asarray(regression.decision_function(encoder.transform(_bins(matrix(sample, columns), edges))))


def _bins(cells: Floats, edges: Sequence[Floats | None]) -> npt.NDArray[np.int64]:
    """The bin of each cell; codes, which have no edges, are their own bins."""
    bins = [
        column if edge is None else np.searchsorted(edge, column, side="right").astype(np.float64)
        for column, edge in zip(cells.T, edges, strict=True)
    ]
    return np.where(np.isnan(cells), _MISSING_BIN, np.column_stack(bins)).astype(np.int64)
