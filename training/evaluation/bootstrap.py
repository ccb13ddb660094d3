"""Bootstrap by household: how often each household is drawn, and sums under all draws at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from models.raw_score import Floats
from training.evaluation.evaluated_loans import Counts
from training.evaluation.measures import Bools
from training.evaluation.report import NO_ESTIMATE, Estimate

_INTERVAL_PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True)
class BootstrapWeights:
    """Bootstrap weights of households, so that a household's loans are drawn together.

    household_index: 0, 1, ... for the household of each row. draws: number of resamples. seed: of the generator.
    """

    household_index: Counts
    draws: int
    seed: int

    @cached_property
    def weights(self) -> Floats:
        """How often each household is drawn: households x (1 + draws). The first column is the sample itself."""
        count = int(self.household_index.max(initial=-1)) + 1
        random = np.random.default_rng(self.seed)
        drawn = random.integers(0, count, size=(self.draws, count)) if count else np.zeros((self.draws, 0), int)
        cells = drawn + count * np.arange(self.draws)[:, None]
        resampled = np.bincount(cells.ravel(), minlength=count * self.draws).reshape(self.draws, count)
        return np.ascontiguousarray(np.vstack([np.ones(count), resampled]).T)

    def sums(self, values: Floats) -> Floats:
        """The sum of one value a row under each draw, the sample's own sum first."""
        by_household = np.bincount(self.household_index, weights=values, minlength=self.weights.shape[0])
        return np.asarray(by_household @ self.weights, dtype=np.float64)

    def ratio(self, numerator: Floats, denominator: Floats) -> Floats:
        """The quotient of the sums of two values under each draw; NaN where the denominator sums to 0."""
        return quotient(self.sums(numerator), self.sums(denominator))

    def auc(self, bad: Bools, score: Floats) -> Floats:
        """The area under the ROC curve under each draw, ties counted half; NaN where all drawn loans ended alike."""
        order = np.argsort(score, kind="stable")
        tie_starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0]) if len(score) else np.zeros(0, np.int64)
        row_weights = self.weights[self.household_index[order]]
        is_bad = bad[order][:, None]
        in_tie = [np.add.reduceat(row_weights * which, tie_starts, axis=0) for which in (is_bad, ~is_bad)]
        bad_in_tie, good_in_tie = in_tie
        good_below = np.cumsum(good_in_tie, axis=0) - good_in_tie
        pairs = bad_in_tie.sum(0) * good_in_tie.sum(0)
        return quotient((bad_in_tie * (good_below + good_in_tie / 2)).sum(0), pairs)


def quotient(numerator: Floats, denominator: Floats) -> Floats:
    """Element by element numerator / denominator; NaN where the denominator is 0."""
    quotients = np.full(len(numerator), np.nan)
    return np.asarray(np.divide(numerator, denominator, out=quotients, where=denominator > 0), dtype=np.float64)


def estimate(drawn: Floats) -> Estimate:
    """The sample's own value (the first) with the middle 95% of the resampled ones, of which NaN are left out."""
    if np.isnan(drawn[0]):
        return NO_ESTIMATE
    resampled = drawn[1:][~np.isnan(drawn[1:])]
    if not len(resampled):
        return Estimate(float(drawn[0]), None, None)
    low, high = np.percentile(resampled, _INTERVAL_PERCENTILES)
    return Estimate(float(drawn[0]), float(low), float(high))
