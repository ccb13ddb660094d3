"""Everything that goes on living from month to month."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

import numpy as np

from training.simulate.arrears import Unpaid
from training.simulate.chance import Streams
from training.simulate.days import F, I
from training.simulate.diary import Diary, Unwritten
from training.simulate.geography import Places
from training.simulate.industries import INDUSTRIES
from training.simulate.loan_book import Book
from training.simulate.parameters import Parameters
from training.simulate.population import Homes, Members
from training.simulate.prices import Prices
from training.simulate.scenarios import Scenario
from training.simulate.schedule import Calendar

Record = TypeVar("Record", Homes, Members, Book, Unpaid, "Cover")


@dataclass(slots=True)
class Cover:
    """Insurance of one kind, one entry a household: policy number or 0, its last day, yuan insured."""

    policy: I
    until: I
    insured: F


@dataclass(slots=True)
class World:
    """A county in a month. first: the month its life begins. epidemic, drought: the month up to which each
    township has it. arrears: share of a village's principal; strained:
    share of its households without a month's living in hand. year: yuan since January, by flow."""

    p: Parameters
    scenario: Scenario
    chance: Streams
    first: int
    places: Places
    homes: Homes
    members: Members
    prices: Prices
    book: Book
    cover: dict[str, Cover]
    epidemic: I
    drought: I
    arrears: F
    strained: F
    diary: Diary = field(default_factory=Diary)
    calendar: Calendar = field(default_factory=Calendar)
    unpaid: Unpaid = field(default_factory=Unpaid)
    year: dict[str, F] = field(default_factory=dict)

    @property
    def township(self) -> I:
        """Of each household."""
        return np.asarray(self.places.township[self.homes.village], dtype=np.int64)

    def price(self, month: int) -> F:
        """Of each industry's goods."""
        return self.prices.at(month)

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

    def copied(self, chance: Streams, prices: Prices) -> World:
        """A world in the same state that lives on by itself, with chances and prices of its own; nobody writes."""
        return replace(
            self,
            chance=chance,
            prices=prices,
            homes=_copied(self.homes),
            members=_copied(self.members),
            book=_copied(self.book),
            cover={kind: _copied(cover) for kind, cover in self.cover.items()},
            epidemic=self.epidemic.copy(),
            drought=self.drought.copy(),
            arrears=self.arrears.copy(),
            strained=self.strained.copy(),
            diary=Unwritten(),
            calendar=self.calendar.copied(),
            unpaid=_copied(self.unpaid),
            year={flow: yuan.copy() for flow, yuan in self.year.items()},
        )


def _copied(record: Record) -> Record:
    """With arrays of its own."""
    return type(record)(*(getattr(record, each.name).copy() for each in fields(record)))
