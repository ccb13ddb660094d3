"""Everything that goes on living from month to month."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from training.simulate.book import Book
from training.simulate.chance import Streams
from training.simulate.days import F, I
from training.simulate.diary import Diary
from training.simulate.industries import INDUSTRIES
from training.simulate.parameters import Parameters
from training.simulate.people import Homes, Members
from training.simulate.places import Places
from training.simulate.schedule import Calendar


@dataclass(slots=True)
class Cover:
    """Insurance of one kind, one entry a household: policy number or 0, its last day, yuan insured."""

    policy: I
    until: I
    insured: F


@dataclass(slots=True)
class World:
    """A county in a month. first: the month its life begins. epidemic, drought: the month up to which each
    township has it. arrears: share of a village's principal. year: yuan since January, by flow."""

    p: Parameters
    chance: Streams
    first: int
    places: Places
    homes: Homes
    members: Members
    prices: F
    book: Book
    cover: dict[str, Cover]
    epidemic: I
    drought: I
    arrears: F
    diary: Diary = field(default_factory=Diary)
    calendar: Calendar = field(default_factory=Calendar)
    year: dict[str, F] = field(default_factory=dict)

    @property
    def township(self) -> I:
        """Of each household."""
        return np.asarray(self.places.township[self.homes.village], dtype=np.int64)

    def price(self, month: int) -> F:
        """Of each industry's goods."""
        return np.asarray(self.prices[month - self.first], dtype=np.float64)

    def unit_worth(self, month: int) -> F:
        """What one more unit of its industry costs each household."""
        cost = np.array([each.unit_cost for each in INDUSTRIES])
        worth = np.where(cost == 0, self.price(month), cost)[self.homes.industry]
        return np.asarray(worth, dtype=np.float64)

    def quick_sale(self, month: int) -> F:
        """What one unit brings each household when it must be sold now."""
        resale = np.array([each.resale for each in INDUSTRIES])
        return np.asarray(self.unit_worth(month) * resale[self.homes.industry], dtype=np.float64)

    def enter(self, flow: str, yuan: F) -> None:
        """Add to the year's account of one flow."""
        self.year[flow] = self.year[flow] + yuan if flow in self.year else yuan.copy()
