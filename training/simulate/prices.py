"""What things sell for: one price a month, wandering round its long-run level with seasons and slumps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate.chance import happens
from training.simulate.days import B, F, day_in
from training.simulate.diary import Chunk
from training.simulate.industries import INDUSTRIES
from training.simulate.scenarios import BASE, Scenario

_PULL = 0.96  # of a month's distance from the long-run level that stays
_SLUMP = 0.002  # chance a month that a slump begins
_SLUMP_MONTHS = 6
_SLUMP_STEP = 0.055  # of the price lost in each of them
_KINDS = len(INDUSTRIES)


@dataclass(frozen=True, slots=True)
class Prices:
    """One row a month from month `first`, one column an industry.

    level: log distance from the long-run price. slump: whether one begins. left: share a scenario leaves of it.
    """

    first: int
    level: F
    slump: B
    left: F

    def at(self, month: int) -> F:
        """Yuan per thing sold, of each industry."""
        row = month - self.first
        season = np.cos(2 * np.pi * (month % 12 - 10) / 12)
        usual = np.array([each.price * (1 + season * each.swing) for each in INDUSTRIES])
        return np.asarray(np.round(usual * np.exp(self.level[row]) * self.left[row], 2), dtype=np.float64)

    def continued(self, rng: np.random.Generator, month: int) -> Prices:
        """The same up to that month, drawn anew after it."""
        level, slump, kept = self.level.copy(), self.slump.copy(), month - self.first + 1
        _wander(rng, level, slump, kept)
        return Prices(self.first, level, slump, self.left)


def price_path(rng: np.random.Generator, first: int, months: int, scenario: Scenario = BASE) -> Prices:
    """From month `first` on, first at its long-run level."""
    level, slump = np.zeros((months, _KINDS)), np.zeros((months, _KINDS), dtype=np.bool_)
    _wander(rng, level, slump, 1)
    return Prices(first, level, slump, _left(scenario, first, months))


def _wander(rng: np.random.Generator, level: F, slump: B, begin: int) -> None:
    """Draw the rows from `begin` on."""
    months = len(level) - begin
    spread = np.array([each.wander for each in INDUSTRIES]) / np.sqrt(12)
    slump[begin:] = happens(rng, _SLUMP, months * _KINDS).reshape(months, _KINDS)
    steps = rng.normal(0, 1, (months, _KINDS)) * spread
    for now in range(begin, len(level)):
        falling = slump[max(now - _SLUMP_MONTHS, 0) : now].any(axis=0)
        level[now] = _PULL * level[now - 1] + steps[now - begin] - _SLUMP_STEP * falling


def _left(scenario: Scenario, first: int, months: int) -> F:
    falls = np.array([each.code in scenario.falling for each in INDUSTRIES])
    lost = np.array([scenario.share_lost(month) for month in range(first, first + months)])
    return np.asarray(1 - lost[:, None] * falls, dtype=np.float64)


def quoted(prices: Prices, start: int, end: int) -> Chunk:
    """The county's price list of those months, known on the 28th."""
    months = range(start, end + 1)
    days = day_in(np.array(months))
    return {
        "product": np.tile([each.code for each in INDUSTRIES], len(months)),
        "month": np.repeat(days, _KINDS),
        "price": np.concatenate([prices.at(month) for month in months]),
        "known_on": np.repeat(days + 27, _KINDS),
    }
