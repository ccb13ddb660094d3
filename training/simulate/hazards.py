"""The true chance of each loan to go bad, by living the next months again and again from the true state."""

from __future__ import annotations

import numpy as np

from training.simulate.chance import seed_of, streams
from training.simulate.county import pass_month
from training.simulate.days import NEVER, B, last_day
from training.simulate.order import HORIZON
from training.simulate.world import World


class Futures:
    """Tried from one month end of a world, on streams of their own: the world never notices.

    loans: those in the cohort by the true state, open and not yet bad.
    """

    def __init__(self, world: World, month: int, seed: int) -> None:
        self._world, self._month, self._seed = world, month, seed
        known = world.book.originated <= last_day(month)
        self.loans = np.flatnonzero(world.book.open & known & (world.book.bad_on == NEVER))

    def bad_in(self, replicate: int) -> B:
        """Which of the loans go bad within the horizon in this future."""
        chance = streams(seed_of(self._seed, self._world.places.number, self._month, replicate))
        prices = self._world.prices.continued(chance.economy, self._month)
        world = self._world.copied(chance, prices)
        for month in range(self._month + 1, self._month + HORIZON + 1):
            pass_month(world, month)
        return np.asarray(world.book.bad_on[self.loans] != NEVER, dtype=np.bool_)
