"""What things sell for: one price a month, wandering round its long-run level with seasons and slumps."""

from __future__ import annotations

import numpy as np

from training.simulate.chance import happens
from training.simulate.days import F
from training.simulate.industries import INDUSTRIES

_PULL = 0.96  # of a month's distance from the long-run level that stays
_SLUMP = 0.010  # chance a month that a slump begins
_SLUMP_MONTHS = 6
_SLUMP_STEP = 0.065  # of the price lost in each of them


def price_path(rng: np.random.Generator, first: int, months: int) -> F:
    """One row a month from month `first`, one column an industry, yuan per thing sold."""
    kinds = len(INDUSTRIES)
    wander = np.array([each.wander for each in INDUSTRIES]) / np.sqrt(12)
    begins = happens(rng, _SLUMP, months * kinds).reshape(months, kinds)
    steps = rng.normal(0, 1, (months, kinds)) * wander
    level = np.zeros((months, kinds))
    for now in range(1, months):
        falling = begins[max(now - _SLUMP_MONTHS, 0) : now].any(axis=0)
        level[now] = _PULL * level[now - 1] + steps[now] - _SLUMP_STEP * falling
    season = np.cos(2 * np.pi * (np.arange(first, first + months)[:, None] % 12 - 10) / 12)
    swing = 1 + season * np.array([each.swing for each in INDUSTRIES])
    price = np.array([each.price for each in INDUSTRIES]) * np.exp(level) * swing
    return np.asarray(np.round(price, 2), dtype=np.float64)
