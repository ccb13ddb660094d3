"""Fit of the additive model: a logistic regression on ramps of each column, with a ridge, that keeps the signs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from models.additive import AdditiveModel, Curve
from models.boosting import matrix, row_weights
from models.raw_score import Floats, ModelColumn

STRENGTHS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
"""Strengths that are tried; the weaker the ridge, the larger (the inverse of its weight, scikit-learn's C)."""
_RAMPS = 4
_LEAST_SHARE = 0.001
"""Share of the rows from which a level, or a missing value, has a weight of its own."""
_OPTIONS = {"maxiter": 500, "maxcor": 20, "ftol": 1e-7}
"""The loss is a sum of 32-bit numbers: a step that gains less than ftol, of the whole, may be rounding."""
_MOST_ROWS = 400_000
"""Rows beyond which every n-th alone is fitted, so that memory has a bound: the ramps of a row take some 1.5 kB."""


class _Term(NamedTuple):
    """A column of the regression, standardised: a ramp of a number, a level of a code, or whether it is missing.

    low, high: ends of the ramp, in what the curve reads; of a level both are its number; of a missing value both NaN.
    """

    column: int
    sign: int
    low: float
    high: float
    mean: float
    deviation: float


class AdditiveFit:
    """Rows with outcomes, laid out once for fits of any strength.

    A number is read as the sign of x times log(1 + |x| / scale), its scale the median size of its values other than 0,
    and laid out as ramps between its quantiles; codes as levels; a missing value as the mean, with a weight of its own.
    A column with a monotone sign has slopes of that sign or 0.

    Args:
        rows: the model's columns and `bad` (0 or 1), and ROW_WEIGHT where rows count differently.
        columns: the inputs, in their order.

    Raises:
        KeyError: where rows lack a column, which the message names.

    Example:
        >>> import polars as pl
        >>> from models.raw_score import ModelColumn
        >>> from training.additive_fit import AdditiveFit
        >>> days = [float(loan % 60) for loan in range(400)]
        >>> rows = pl.DataFrame({"days_past_due": days, "bad": [int(late > 40) for late in days]})
        >>> model = AdditiveFit(rows, [ModelColumn("days_past_due", sign=1)]).fit(strength=1.0)
        >>> punctual, late = model.log_odds(rows)[[0, 59]]
        >>> bool(punctual < late)
        True
    """

    def __init__(self, rows: pl.DataFrame, columns: Sequence[ModelColumn]) -> None:
        rows = rows.gather_every(rows_apart(rows.height))
        self._columns = tuple(columns)
        self._cells, self._bad = matrix(rows, self._columns), rows["bad"].to_numpy().astype(np.float32)
        weights = row_weights(rows)
        self._weights = None if weights is None else weights.astype(np.float32)
        self._scales = [_scale(cells) for cells in self._cells.T]
        self._terms: list[_Term] = []
        most_terms = sum(max(len(column.levels), _RAMPS) + 1 for column in self._columns)
        ramps = np.empty((most_terms, len(self._bad)), dtype=np.float32)  # what stays empty takes no room
        for number, column in enumerate(self._columns):
            for term, values in _terms(number, column, self._read(number)):
                ramps[len(self._terms)] = values
                self._terms.append(term)
        self._ramps = ramps[: len(self._terms)]

    def fit(self, strength: float) -> AdditiveModel:
        """The model with the least log loss plus ridge; strength: the inverse of the ridge's weight."""
        rate = float(np.average(self._bad, weights=self._weights))
        start = np.append(np.zeros(len(self._terms)), np.log(max(rate, 1e-6) / max(1 - rate, 1e-6)))
        free = (None, None)
        bounds = [{0: free, 1: (0, None), -1: (None, 0)}[term.sign] for term in self._terms]
        with threadpool_limits(1):  # more threads add in another order, and the same rows have to give the same model
            fitted = minimize(
                self._loss_and_slope, start, (strength,), "L-BFGS-B", jac=True, bounds=[*bounds, free], options=_OPTIONS
            )
        curves, base = [], float(fitted.x[-1])
        for number, column in enumerate(self._columns):
            weighted = [(t, w) for t, w in zip(self._terms, fitted.x[:-1], strict=True) if t.column == number]
            curve = _curve(weighted, column, self._scales[number])
            mean = float(curve.added(self._cells[:, number], bool(column.levels)).mean())
            base += mean
            curves.append(
                Curve(curve.scale, curve.knots, tuple(value - mean for value in curve.values), curve.missing - mean)
            )
        return AdditiveModel(base, self._columns, tuple(curves))

    def _read(self, number: int) -> Floats:
        """The cells of a column as its curve reads them."""
        cells = self._cells[:, number]
        if self._columns[number].levels:
            return cells
        return np.asarray(np.sign(cells) * np.log1p(np.abs(cells) / self._scales[number]), dtype=np.float64)

    def _loss_and_slope(self, weights: Floats, strength: float) -> tuple[float, Floats]:
        scores = weights[:-1].astype(np.float32) @ self._ramps + np.float32(weights[-1])
        errors = 1 / (1 + np.exp(-scores)) - self._bad
        losses = np.logaddexp(0, scores) - self._bad * scores
        if self._weights is not None:
            errors, losses = errors * self._weights, losses * self._weights
        ridge = weights[:-1] / strength
        loss = float(losses.sum(dtype=np.float64)) + float(ridge @ weights[:-1]) / 2
        return loss, np.append(self._ramps @ errors + ridge, errors.sum(dtype=np.float64)).astype(np.float64)


def rows_apart(rows: int) -> int:
    """Every how many rows one is fitted, of so many: 1 up to the bound on memory."""
    return max(-(-rows // _MOST_ROWS), 1)


def _scale(cells: Floats) -> float:
    """The median size of the values other than 0; 1 where there are none."""
    sizes = np.abs(cells[~np.isnan(cells) & (cells != 0)])
    return float(np.median(sizes)) if len(sizes) else 1.0


def _terms(number: int, column: ModelColumn, read: Floats) -> list[tuple[_Term, npt.NDArray[np.float64]]]:
    """The terms of a column with their values for each row."""
    is_missing = np.isnan(read)
    present = read[~is_missing]
    terms = []
    if column.levels:
        for level in range(len(column.levels)):
            share = float((read == level).mean())
            if _LEAST_SHARE <= share < 1:
                term = _Term(number, 0, level, level, share, float(np.sqrt(share * (1 - share))))
                terms.append((term, ((read == level) - share) / term.deviation))
    elif len(present):
        knots = np.unique([present.min(), *np.quantile(present, np.arange(1, _RAMPS) / _RAMPS), present.max()])
        for low, high in pairwise(knots):
            ramp = np.clip(present, low, high)
            mean, deviation = float(ramp.mean()), float(ramp.std())
            values = np.zeros(len(read))
            values[~is_missing] = (ramp - mean) / deviation
            terms.append((_Term(number, column.sign, float(low), float(high), mean, deviation), values))
    share = float(is_missing.mean())
    if _LEAST_SHARE <= share <= 1 - _LEAST_SHARE:
        term = _Term(number, 0, np.nan, np.nan, share, float(np.sqrt(share * (1 - share))))
        terms.append((term, (is_missing - share) / term.deviation))
    return terms


def _curve(weighted: Sequence[tuple[_Term, float]], column: ModelColumn, scale: float) -> Curve:
    """The curve that the weighted terms of a column add up to; a missing value without a weight counts as the mean."""
    gap = [(term, weight) for term, weight in weighted if np.isnan(term.low)]
    parts = [(term, weight) for term, weight in weighted if not np.isnan(term.low)]
    if_present = sum(-weight * term.mean / term.deviation for term, weight in gap)
    if_missing = sum(weight * (1 - term.mean) / term.deviation for term, weight in gap)
    knots = np.unique([end for term, _ in parts for end in (term.low, term.high)])
    values = np.full(len(knots), float(if_present))
    for term, weight in parts:
        reached = knots == term.low if column.levels else np.clip(knots, term.low, term.high)
        values += weight * (reached - term.mean) / term.deviation
    return Curve(scale, tuple(map(float, knots)), tuple(map(float, values)), float(if_missing))
