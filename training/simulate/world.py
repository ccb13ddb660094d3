"""The state of a county that is simulated from month to month."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

import numpy as np

from training.simulate.arrears import BadSpells, UnpaidInstalments
from training.simulate.chance import Streams
from training.simulate.days import Bools, Floats, Ints
from training.simulate.diary import Diary, DiscardingDiary
from training.simulate.geography import Villages
from training.simulate.industries import INDUSTRIES
from training.simulate.loan_book import Book
from training.simulate.parameters import Parameters
from training.simulate.population import Households, Members
from training.simulate.prices import Prices
from training.simulate.scenarios import Scenario
from training.simulate.schedule import Calendar

ArrayRecord = TypeVar("ArrayRecord", Households, Members, Book, UnpaidInstalments, "Cover")


@dataclass(slots=True)
class Cover:
    """Insurance of one kind, one entry a household: policy number or 0, its last day, yuan insured."""

    policy: Ints
    last_day: Ints
    sum_insured: Floats


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits, one entry each; loan: its number; helps: whether it averts what would go bad in the `months` after it."""

    loan: Ints
    day: Ints
    helps: Bools
    months: int


def no_visits() -> Visits:
    """No visit."""
    no_numbers = np.zeros(0, dtype=np.int64)
    return Visits(no_numbers, no_numbers, np.zeros(0, dtype=np.bool_), 0)


@dataclass(slots=True)
class World:
    """A county in one month.

    first_month: the first simulated one. cover: insurance by kind. epidemic_until, drought_until: last month of it in
    each township. arrears_share: share of each village's outstanding principal that is in arrears; strained_share:
    share of its households without a month's living cost in cash. year_flows: yuan since January by income or cost.
    """

    parameters: Parameters
    scenario: Scenario
    chance: Streams
    first_month: int
    villages: Villages
    households: Households
    members: Members
    prices: Prices
    book: Book
    cover: dict[str, Cover]
    epidemic_until: Ints
    drought_until: Ints
    arrears_share: Floats
    strained_share: Floats
    diary: Diary = field(default_factory=Diary)
    calendar: Calendar = field(default_factory=Calendar)
    unpaid: UnpaidInstalments = field(default_factory=UnpaidInstalments)
    spells: BadSpells = field(default_factory=BadSpells)
    year_flows: dict[str, Floats] = field(default_factory=dict)
    visits: Visits = field(default_factory=no_visits)

    @property
    def township(self) -> Ints:
        """Number of each household's township."""
        return np.asarray(self.villages.township[self.households.village], dtype=np.int64)

    def goods_prices(self, month: int) -> Floats:
        """Yuan per thing sold, of each industry."""
        return self.prices.in_month(month)

    def unit_worth(self, month: int) -> Floats:
        """Yuan that one more unit of its industry costs each household."""
        cost = np.array([each.unit_cost for each in INDUSTRIES])
        worth = np.where(cost == 0, self.goods_prices(month), cost)[self.households.industry]
        return np.asarray(worth, dtype=np.float64)

    def quick_sale_value(self, month: int) -> Floats:
        """Yuan that one unit brings each household when it must be sold now."""
        resale = np.array([each.resale for each in INDUSTRIES])
        return np.asarray(self.unit_worth(month) * resale[self.households.industry], dtype=np.float64)

    def add_flow(self, flow: str, yuan: Floats) -> None:
        """Add one amount a household to an income or cost of this year."""
        self.year_flows[flow] = self.year_flows[flow] + yuan if flow in self.year_flows else yuan.copy()

    def fork(self, chance: Streams, prices: Prices) -> World:
        """An independent world in the same state with its own chances and prices.

        Its diary discards all rows, its spells begin after the day, and nobody is visited: hazards are those of loans
        that are left alone.
        """
        return replace(
            self,
            chance=chance,
            prices=prices,
            households=_copy_arrays(self.households),
            members=_copy_arrays(self.members),
            book=_copy_arrays(self.book),
            cover={kind: _copy_arrays(cover) for kind, cover in self.cover.items()},
            epidemic_until=self.epidemic_until.copy(),
            drought_until=self.drought_until.copy(),
            arrears_share=self.arrears_share.copy(),
            strained_share=self.strained_share.copy(),
            diary=DiscardingDiary(),
            calendar=self.calendar.copy(),
            unpaid=_copy_arrays(self.unpaid),
            spells=BadSpells(),
            year_flows={flow: yuan.copy() for flow, yuan in self.year_flows.items()},
            visits=no_visits(),
        )


def _copy_arrays(record: ArrayRecord) -> ArrayRecord:
    """A record with copies of all arrays."""
    return type(record)(*(getattr(record, each.name).copy() for each in fields(record)))
