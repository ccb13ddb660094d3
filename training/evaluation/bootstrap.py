"""Bootstrap by household: how often each household is drawn, and sums under every draw at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from models.boosting import Floats
from training.evaluation.evaluated_loans import Counts
from training.evaluation.report import NOTHING, Estimate

_LEVELS = (2.5, 97.5)


@dataclass(frozen=True)
class Draws:
    """households: 0, 1, ... of each row. The first draw takes every household once; `draws` more resample them."""

    households: Counts
    draws: int
    seed: int

    @cached_property
    def times(self) -> Floats:
        """Households x (1 + draws): how often each is drawn."""
        count = int(self.households.max(initial=-1)) + 1
        chance = np.random.default_rng(self.seed)
        drawn = chance.integers(0, count, size=(self.draws, count)) if count else np.zeros((self.draws, 0), int)
        places = drawn + count * np.arange(self.draws)[:, None]
        resampled = np.bincount(places.ravel(), minlength=count * self.draws).reshape(self.draws, count)
        return np.ascontiguousarray(np.vstack([np.ones(count), resampled]).T)

    def sums(self, values: Floats) -> Floats:
        """The sum of a value of each row, under each draw."""
        by_household = np.bincount(self.households, weights=values, minlength=self.times.shape[0])
        return np.asarray(by_household @ self.times, dtype=np.float64)

    def ratio(self, part: Floats, whole: Floats) -> Floats:
        """The quotient of two sums under each draw; NaN of nothing."""
        return quotient(self.sums(part), self.sums(whole))


def quotient(part: Floats, whole: Floats) -> Floats:
    """part / whole; NaN where there is no whole."""
    return np.asarray(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0), dtype=np.float64)


def estimate(drawn: Floats) -> Estimate:
    """The first value and the middle 95% of the others, leaving out draws that cannot tell."""
    if np.isnan(drawn[0]):
        return NOTHING
    told = drawn[1:][~np.isnan(drawn[1:])]
    if not len(told):
        return Estimate(float(drawn[0]), None, None)
    low, high = np.percentile(told, _LEVELS)
    return Estimate(float(drawn[0]), float(low), float(high))
