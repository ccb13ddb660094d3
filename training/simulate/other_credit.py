"""Other lenders: kin, consumer credit, private money, and what of it the credit bureau learns."""

from __future__ import annotations

import numpy as np

from training.simulate.chance import happens, sigmoid, whole
from training.simulate.days import NEVER, B, F, I, first_day
from training.simulate.world import World

_TROUBLE = (("overdue_elsewhere", 1.0), ("default_elsewhere", 0.09), ("court_enforcement", 0.03))
_NOISE = (("inquiry", 0.010), ("guarantee_called", 0.0004))


def borrow_outside(world: World, month: int, needed: F) -> None:
    """Borrow what is missing as far as anybody lends; larger sums may show in the bureau."""
    homes, p, rng = world.homes, world.p, world.chance.economy
    limit = p.outside_limit * homes.ability * np.exp(0.2 * homes.standing)
    lent = np.minimum(needed, np.maximum(limit - homes.debt, 0))
    homes.debt += lent
    homes.cash += lent
    seen = np.flatnonzero((lent > 1500) & happens(rng, p.outside_seen, len(homes)))
    _note(world, month, seen, "new_debt", lent[seen])


def service_outside_debt(world: World, month: int) -> None:
    """Interest and a part of the debt each month; who cannot falls behind there too."""
    homes, p = world.homes, world.p
    rate = homes.debt * (p.outside_interest + p.outside_repaid)
    behind = (homes.cash < rate) & (homes.debt > 3000)
    paid = np.where(behind, 0.0, rate)
    homes.cash -= paid
    homes.debt += homes.debt * p.outside_interest - paid
    _fall_behind(world, month, behind)


def _fall_behind(world: World, month: int, behind: B) -> None:
    homes, rng = world.homes, world.chance.economy
    chance = behind * 0.06 * 2 * sigmoid(-0.4 * homes.honesty - 0.4 * homes.diligence)
    for kind, share in _TROUBLE:
        who = np.flatnonzero(happens(rng, chance * share, len(homes)))
        _note(world, month, who, kind, homes.debt[who] * 0.4)
    for kind, often in _NOISE:
        who = np.flatnonzero(happens(rng, often, len(homes)))
        _note(world, month, who, kind, np.full(len(who), np.nan))


def _note(world: World, month: int, who: I, kind: str, amount: F) -> None:
    """The bureau's row, and for most a second version once it is closed."""
    rng, size = world.chance.records, len(who)
    day = first_day(month) + whole(rng, 0, 27, size)
    known = day + whole(rng, 2, 40, size)
    row = {"event_id": world.diary.numbers(size), "household_id": who, "kind": kind, "amount": amount}
    world.diary.write("credit_events", **row, occurred_on=day, closed_on=np.full(size, NEVER), known_on=known)
    if kind == "inquiry":
        return
    closed = day + whole(rng, 60, 700, size)
    later = np.maximum(closed, known) + whole(rng, 1, 40, size)
    world.diary.write("credit_events", **row, occurred_on=day, closed_on=closed, known_on=later)
