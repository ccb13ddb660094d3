"""True hazards: the chance of each loan to go bad, found by simulating the next months from the true state."""

from __future__ import annotations

import numpy as np

from training.simulate.chance import seed_sequence, spawn_streams
from training.simulate.county import simulate_month
from training.simulate.days import NEVER, Bools, last_day
from training.simulate.order import HORIZON
from training.simulate.world import World


class TrialFutures:
    """Futures of a world from one month end, on random streams of their own, which leave the world unchanged.

    loans: numbers of the loans that are open, known and not bad at that month end.
    """

    def __init__(self, world: World, month: int, seed: int) -> None:
        self._world, self._month, self._seed = world, month, seed
        granted = world.book.originated_on <= last_day(month)
        self.loans = np.flatnonzero(world.book.open & granted & (world.book.bad_since == NEVER))

    def gone_bad(self, replicate: int) -> Bools:
        """Whether each of `loans` goes bad within the horizon in the future of that number."""
        seed = seed_sequence(self._seed, self._world.villages.county_number, self._month, replicate)
        chance = spawn_streams(seed)
        world = self._world.fork(chance, self._world.prices.redrawn_after(chance.economy, self._month))
        for month in range(self._month + 1, self._month + HORIZON + 1):
            simulate_month(world, month)
        return np.isin(self.loans, world.spells.loan)
