"""The range of a model's probabilities: its calibration fitted again to resampled households."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from models.boosting import row_weights
from models.calibration import Beta, CalibrationCurve
from models.probability_range import ProbabilityRange
from models.raw_score import Floats
from training.calibrate import BETA_COLUMNS, INVERSE_RIDGE, Outcomes, beta_sides, fit_beta, fit_isotonic

_DRAWS = 200
_BINS = 300
"""Bins of raw scores of about equal size, by which a beta curve is fitted again: rows of a bin share their mean."""
_KNOTS = 41
"""Scores, evenly spread over the rows, at which the margins are measured."""
_INTERVAL_PERCENTILES = (2.5, 97.5)
_NEWTON_STEPS = 30
_MOST_LOG_ODDS = 500.0
_LAST_STEP = 1e-9
"""A fit whose largest coefficient moves by less has ended."""


def fit_probability_range(
    curve: CalibrationCurve, sample: pl.DataFrame, pooled: pl.DataFrame | None, seed: int
) -> ProbabilityRange:
    """How far a calibration curve moves when households are drawn again, 95% of the draws.

    It is the range of the share that goes bad among loans of one score, as far as the households at hand can tell;
    that another year may be another one is not in it.

    Args:
        curve: of the model.
        sample: the calibration fold with `raw` (the score), `bad` (0, 1) and `household_id`.
        pooled: the out-of-fold rows with the same columns that set the curve's slopes, too; None where none did.
        seed: of the draws.

    Returns:
        The margins at scores of the sample. Draws without a bad loan, or whose scores rank nothing, are left out.

    Example:
        >>> import numpy as np
        >>> random = np.random.default_rng(1)
        >>> raw = random.normal(-3, 1.5, 4000)
        >>> bad = (random.random(4000) < 1 / (1 + np.exp(-raw))).astype(np.int8)
        >>> sample = pl.DataFrame({"raw": raw, "bad": bad, "household_id": np.arange(4000) // 2})
        >>> low, high = fit_probability_range(Beta(1, 1, 0), sample, None, 1).bounds(np.array([0.05]))
        >>> bool(0.035 < low[0] < 0.05 < high[0] < 0.07)
        True
    """
    knots = np.unique(np.quantile(sample["raw"].to_numpy(), np.linspace(0, 1, _KNOTS)))
    log_odds = curve.log_odds(knots)
    refits = (refit.log_odds(knots) for refit in _refits(curve, sample, pooled, seed) if refit is not None)
    low, high = np.percentile(np.array(list(refits)), _INTERVAL_PERCENTILES, axis=0)
    below, above = np.maximum(log_odds - low, 0.0), np.maximum(high - log_odds, 0.0)
    return ProbabilityRange(tuple(log_odds.tolist()), tuple(below.tolist()), tuple(above.tolist()))


def _refits(
    curve: CalibrationCurve, sample: pl.DataFrame, pooled: pl.DataFrame | None, seed: int
) -> Iterator[CalibrationCurve | None]:
    """The curve of each draw; with pooled rows its level is the sample's, as `fit_calibration` has it."""
    random, frames = np.random.default_rng(seed), [frame for frame in (sample, pooled) if frame is not None]
    edges = np.quantile(np.concatenate([frame["raw"] for frame in frames]), np.linspace(0, 1, _BINS + 1)[1:-1])
    rows = [BinnedRows.of(frame, edges) for frame in frames]
    raw, bad = (np.concatenate([getattr(each, name) for each in rows]) for name in ("raw", "bad"))
    is_sample = np.arange(len(raw)) < len(rows[0].raw) if pooled is not None else None
    weights = np.array([np.concatenate([each.draw(random) for each in rows]) for _ in range(_DRAWS)])
    if isinstance(curve, Beta):
        yield from _fit_betas(raw, bad, is_sample, weights)
    else:
        for weight in weights:
            yield fit_isotonic(raw[weight > 0], bad[weight > 0], weight[weight > 0])


def _fit_betas(
    raw: Floats, bad: Outcomes, of_level: npt.NDArray[np.bool_] | None, weights: Floats
) -> list[Beta | None]:
    """What `fit_beta` gives for each row of weights; None where no bad loan has a weight.

    The slopes are fitted to all draws at once, by Newton's method; a draw for which it does not end is fitted by
    `fit_beta` on its own.
    """
    curves: list[Beta | None] = [None] * len(weights)
    left = [number for number, weight in enumerate(weights) if weight[bad == 1].any()]
    level = np.zeros((len(raw), 0)) if of_level is None else of_level[:, None].astype(np.float64)
    for columns in BETA_COLUMNS:
        inputs = np.hstack([beta_sides(raw)[:, columns], level])
        fitted = _fit_logistic_regressions(inputs, bad, weights[left])
        falling = []
        for number, coefficients, has_ended in zip(left, fitted.coefficients, fitted.has_ended, strict=True):
            slopes = np.zeros(2)
            slopes[columns] = coefficients[: len(columns)]
            if not has_ended:
                curves[number] = fit_beta(raw, bad, of_level, weights[number])
            elif (slopes >= 0).all() and slopes.any():
                curves[number] = Beta(float(slopes[0]), float(slopes[1]), float(coefficients[len(columns) :].sum()))
            else:
                falling.append(number)
        left = falling
    return curves


class _LogisticRegressions(NamedTuple):
    """Of each draw the coefficients, the intercept last, and whether the fit has ended."""

    coefficients: Floats
    has_ended: npt.NDArray[np.bool_]


def _fit_logistic_regressions(inputs: Floats, bad: Outcomes, weights: Floats) -> _LogisticRegressions:
    """Logistic regressions of the same rows under many weights, with `fit_beta`'s ridge on all but the intercept.

    inputs: rows by inputs. weights: draws by rows.
    """
    rows = np.column_stack([inputs, np.ones(len(bad))])
    count = rows.shape[1]
    squares = (rows[:, :, None] * rows[:, None, :]).reshape(len(bad), count * count)
    ridge = np.append(np.full(count - 1, 1 / INVERSE_RIDGE), 0.0)
    coefficients, has_ended = np.zeros((len(weights), count)), np.zeros(len(weights), np.bool_)
    for _ in range(_NEWTON_STEPS):
        left = np.flatnonzero(~has_ended & np.isfinite(coefficients).all(axis=1))
        if not len(left):
            break
        probability = 1 / (1 + np.exp(-np.clip(coefficients[left] @ rows.T, -_MOST_LOG_ODDS, _MOST_LOG_ODDS)))
        slopes = (weights[left] * (probability - bad)) @ rows + ridge * coefficients[left]
        curvature = (weights[left] * probability * (1 - probability)) @ squares
        curvature = curvature.reshape(-1, count, count) + np.diag(ridge)
        steps = _solve_each(curvature, slopes)
        coefficients[left] -= steps
        has_ended[left] = np.abs(steps).max(axis=1) < _LAST_STEP
    return _LogisticRegressions(coefficients, has_ended)


def _solve_each(matrices: Floats, right: Floats) -> Floats:
    """The solution of each matrix and right side; NaN for all where one has none."""
    try:
        return np.asarray(np.linalg.solve(matrices, right[:, :, None])[:, :, 0], dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full(right.shape, np.nan)


@dataclass(frozen=True)
class BinnedRows:
    """Rows by bin of raw score and outcome; all rows of a bin have its mean score.

    raw, bad: of each cell. cell, household: of each row, 0, 1, ... weight: how much each row counts.
    """

    raw: Floats
    bad: Outcomes
    cell: npt.NDArray[np.int64]
    household: npt.NDArray[np.int64]
    weight: Floats

    @staticmethod
    def of(rows: pl.DataFrame, edges: Floats) -> BinnedRows:
        """The rows, binned between the edges."""
        raw, bad = rows["raw"].to_numpy(), rows["bad"].to_numpy()
        _, bins = np.unique(np.searchsorted(edges, raw), return_inverse=True)
        means = np.bincount(bins, raw) / np.bincount(bins)
        household = rows["household_id"].rank("dense").to_numpy().astype(np.int64) - 1
        outcomes = np.tile(np.array([0, 1], np.int8), len(means))
        weights = row_weights(rows)
        weight = np.ones(rows.height) if weights is None else weights
        return BinnedRows(np.repeat(means, 2), outcomes, 2 * bins + bad, household, weight)

    def draw(self, random: np.random.Generator) -> Floats:
        """How much each cell counts when as many households are drawn with replacement as there are."""
        households = int(self.household.max()) + 1
        times = np.bincount(random.integers(0, households, households), minlength=households)
        return np.bincount(self.cell, times[self.household] * self.weight, len(self.raw)).astype(np.float64)
