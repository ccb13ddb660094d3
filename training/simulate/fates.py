"""What a misfortune does to one member of each household it strikes."""

from __future__ import annotations

import numpy as np

from training.simulate.chance import happens, whole
from training.simulate.days import I
from training.simulate.people import AWAY, DECEASED, write_member
from training.simulate.world import World

_HEALTH_AFTER = {"illness": 2, "disability": 3}
_GONE = ("death", "missing", "custody")
_BORROWER_GONE = 0.5  # share in which it is the one who signed, assumed


def mark(world: World, month: int, cause: str, who: I, day: I, lasts: I) -> None:
    """An adult of each household falls ill, dies or leaves; the register learns of it weeks later."""
    rng = world.chance.records
    if cause in _GONE:
        signed = happens(world.chance.shocks, _BORROWER_GONE, len(who))
        world.homes.gone_until[who[signed]] = (month + lasts)[signed]
    if cause not in _HEALTH_AFTER and cause != "death":
        return
    chosen = _adults(world, who)
    found = chosen >= 0
    _change(world, cause, chosen[found])
    write_member(world.diary, world.members, chosen[found], (day + whole(rng, 5, 60, len(who)))[found])


def _adults(world: World, who: I) -> I:
    """One living adult of each household, not the children; -1 where there is none."""
    members = world.members
    first = np.searchsorted(members.household, who)
    size = np.searchsorted(members.household, who, side="right") - first
    chosen = first + (world.chance.records.random(len(who)) * size).astype(np.int64)
    fits = (members.relation[chosen] != 2) & (members.status[chosen] != DECEASED)
    return np.where(fits, chosen, -1)


def _change(world: World, cause: str, chosen: I) -> None:
    members = world.members
    if cause == "death":
        members.status[chosen] = DECEASED
        return
    members.health[chosen] = _HEALTH_AFTER[cause]
    members.labour[chosen] = 2
    members.status[chosen] = np.where(members.status[chosen] == AWAY, 0, members.status[chosen])
