"""What a misfortune does to a member of each household it strikes: illness, death, disappearance, custody."""

from __future__ import annotations

import numpy as np

from training.simulate.chance import happens, integers
from training.simulate.days import Ints, first_day
from training.simulate.population import AWAY, DECEASED, PRESENT, write_members
from training.simulate.world import World

_HEALTH_AFTER = {"illness": 2, "disability": 3}
_BORROWER_MAY_BE_GONE = ("death", "missing", "custody")
_MISSING = ("missing", "custody")
_ADULT = 18 * 365 + 4  # days
_TRIES = 4  # members drawn in search of a living adult
_BORROWER_GONE = 0.5  # share in which it is the borrower, assumed


def strike_members(world: World, month: int, cause: str, household: Ints, day: Ints, lasts: Ints) -> None:
    """An adult of each household falls ill, dies or leaves; the register has it weeks later.

    lasts: months that the misfortune lasts in each household.
    """
    members, households = world.members, world.households
    if cause in _BORROWER_MAY_BE_GONE:
        is_borrower = happens(world.chance.shocks, _BORROWER_GONE, len(household))
        households.borrower_gone_until[household[is_borrower]] = (month + lasts)[is_borrower]
    if cause in _MISSING:
        households.missing_until[household] = month + lasts
    if cause not in _HEALTH_AFTER and cause != "death":
        return
    drawn = draw_adults(world, month, household)
    has_adult = drawn >= 0
    adult = drawn[has_adult]
    if cause == "death":
        members.status[adult] = DECEASED
    else:
        members.health[adult] = _HEALTH_AFTER[cause]
        members.labour[adult] = 2
        members.status[adult] = PRESENT
    known_on = (day + integers(world.chance.records, 5, 60, len(household)))[has_adult]
    write_members(world.diary, members, adult, known_on)


def draw_adults(world: World, month: int, household: Ints) -> Ints:
    """A living adult of each household, by chance; -1 where a few draws hit none."""
    members, adult = world.members, np.full(len(household), -1)
    first = np.searchsorted(members.household, household)
    size = np.searchsorted(members.household, household, side="right") - first
    for _ in range(_TRIES):
        drawn = first + (world.chance.shocks.random(len(household)) * size).astype(np.int64)
        fits = (members.born_on[drawn] < first_day(month) - _ADULT) & (members.status[drawn] <= AWAY)
        adult = np.where((adult < 0) & fits, drawn, adult)
    return adult
