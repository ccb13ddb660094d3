"""What a misfortune does to one member of each household it strikes."""

from __future__ import annotations

import numpy as np

from training.simulate.chance import happens, whole
from training.simulate.days import I, first_day
from training.simulate.population import AWAY, DECEASED, PRESENT, write_member
from training.simulate.world import World

_HEALTH_AFTER = {"illness": 2, "disability": 3}
_GONE = ("death", "missing", "custody")
_MISSING = ("missing", "custody")
_ADULT = 18 * 365 + 4  # days
_LOOKS = 4  # members looked at before nobody is found
_BORROWER_GONE = 0.5  # share in which it is the one who signed, assumed


def mark(world: World, month: int, cause: str, who: I, day: I, lasts: I) -> None:
    """An adult of each household falls ill, dies or leaves; the register learns of it weeks later."""
    rng, homes = world.chance.records, world.homes
    if cause in _GONE:
        signed = happens(world.chance.shocks, _BORROWER_GONE, len(who))
        homes.gone_until[who[signed]] = (month + lasts)[signed]
    if cause in _MISSING:
        homes.missing_until[who] = month + lasts
    if cause not in _HEALTH_AFTER and cause != "death":
        return
    chosen = _adults(world, month, who)
    found = chosen >= 0
    _change(world, cause, chosen[found])
    write_member(world.diary, world.members, chosen[found], (day + whole(rng, 5, 60, len(who)))[found])


def _adults(world: World, month: int, who: I) -> I:
    """One living adult of each household; -1 where none is found."""
    members, chosen = world.members, np.full(len(who), -1)
    first = np.searchsorted(members.household, who)
    size = np.searchsorted(members.household, who, side="right") - first
    grown = first_day(month) - _ADULT
    for _ in range(_LOOKS):
        seen = first + (world.chance.shocks.random(len(who)) * size).astype(np.int64)
        fits = (members.birth[seen] < grown) & (members.status[seen] <= AWAY)
        chosen = np.where((chosen < 0) & fits, seen, chosen)
    return chosen


def _change(world: World, cause: str, chosen: I) -> None:
    members = world.members
    if cause == "death":
        members.status[chosen] = DECEASED
        return
    members.health[chosen] = _HEALTH_AFTER[cause]
    members.labour[chosen] = 2
    members.status[chosen] = PRESENT
