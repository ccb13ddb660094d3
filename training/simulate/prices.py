"""Prices of farm goods: one a month and industry, wandering round a long-run level with seasons and slumps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate.chance import happens
from training.simulate.days import Bools, Floats, day_in
from training.simulate.diary import Chunk
from training.simulate.industries import INDUSTRIES
from training.simulate.scenarios import BASE, Scenario

_PULL = 0.96  # share of the distance from the long-run level that remains after a month
_SLUMP = 0.002  # chance a month that a slump begins
_SLUMP_MONTHS = 6
_SLUMP_STEP = 0.055  # share of the price lost in each month of a slump
_INDUSTRY_COUNT = len(INDUSTRIES)


@dataclass(frozen=True, slots=True)
class Prices:
    """Price path: one row a month from `first_month`, one column an industry.

    level: log distance from the long-run price. slump: whether one begins. scenario_factor: share of the price that
    the scenario leaves.
    """

    first_month: int
    level: Floats
    slump: Bools
    scenario_factor: Floats

    def in_month(self, month: int) -> Floats:
        """Yuan per thing sold, of each industry."""
        row = month - self.first_month
        season = np.cos(2 * np.pi * (month % 12 - 10) / 12)
        seasonal = np.array([each.price * (1 + season * each.swing) for each in INDUSTRIES])
        price = np.round(seasonal * np.exp(self.level[row]) * self.scenario_factor[row], 2)
        return np.asarray(price, dtype=np.float64)

    def redrawn_after(self, rng: np.random.Generator, month: int) -> Prices:
        """A path that is equal up to `month` and drawn anew after it."""
        level, slump = self.level.copy(), self.slump.copy()
        _draw_rows(rng, level, slump, month - self.first_month + 1)
        return Prices(self.first_month, level, slump, self.scenario_factor)


def price_path(rng: np.random.Generator, first_month: int, months: int, scenario: Scenario = BASE) -> Prices:
    """A path over `months` months that begins at the long-run level."""
    level, slump = np.zeros((months, _INDUSTRY_COUNT)), np.zeros((months, _INDUSTRY_COUNT), dtype=np.bool_)
    _draw_rows(rng, level, slump, 1)
    falls = np.array([each.code in scenario.falling for each in INDUSTRIES])
    lost = np.array([scenario.price_share_lost(month) for month in range(first_month, first_month + months)])
    return Prices(first_month, level, slump, np.asarray(1 - lost[:, None] * falls, dtype=np.float64))


def _draw_rows(rng: np.random.Generator, level: Floats, slump: Bools, begin: int) -> None:
    """Draw the rows from `begin` on, in place."""
    months = len(level) - begin
    spread = np.array([each.wander for each in INDUSTRIES]) / np.sqrt(12)
    slump[begin:] = happens(rng, _SLUMP, months * _INDUSTRY_COUNT).reshape(months, _INDUSTRY_COUNT)
    steps = rng.normal(0, 1, (months, _INDUSTRY_COUNT)) * spread
    for row in range(begin, len(level)):
        falling = slump[max(row - _SLUMP_MONTHS, 0) : row].any(axis=0)
        level[row] = _PULL * level[row - 1] + steps[row - begin] - _SLUMP_STEP * falling


def price_list(prices: Prices, start: int, end: int) -> Chunk:
    """The county's price list from month `start` to `end`; each month's prices are known on its 28th."""
    months = range(start, end + 1)
    days = day_in(np.array(months))
    return {
        "product": np.tile([each.code for each in INDUSTRIES], len(months)),
        "month": np.repeat(days, _INDUSTRY_COUNT),
        "price": np.concatenate([prices.in_month(month) for month in months]),
        "known_on": np.repeat(days + 27, _INDUSTRY_COUNT),
    }
