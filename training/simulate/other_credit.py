"""Other lenders: kin, consumer credit and private money, and the part of it that the credit bureau records."""

from __future__ import annotations

import numpy as np

from training.simulate.chance import happens, integers, sigmoid
from training.simulate.days import NEVER, Floats, Ints, first_day
from training.simulate.world import World

_TROUBLE = (("overdue_elsewhere", 1.0), ("default_elsewhere", 0.09), ("court_enforcement", 0.03))
_OTHER_EVENTS = (("inquiry", 0.010), ("guarantee_called", 0.0004))


def borrow_outside(world: World, month: int, needed: Floats) -> None:
    """Borrow the yuan that a household needs, up to a limit; the bureau records some of the larger sums."""
    households, p, rng = world.households, world.parameters, world.chance.economy
    limit = p.outside_limit * households.ability * np.exp(0.2 * households.kin_ties)
    lent = np.minimum(needed, np.maximum(limit - households.debt, 0))
    households.debt += lent
    households.cash += lent
    recorded = np.flatnonzero((lent > 1500) & happens(rng, p.outside_seen, len(households)))
    _write_credit_events(world, month, recorded, "new_debt", lent[recorded])


def service_outside_debt(world: World, month: int) -> None:
    """Pay interest and a share of the debt to other lenders; households without the cash fall behind there, too."""
    households, p, rng = world.households, world.parameters, world.chance.economy
    instalment = households.debt * (p.outside_interest + p.outside_repaid)
    behind = (households.cash < instalment) & (households.debt > 3000)
    paid = np.where(behind, 0.0, instalment)
    households.cash -= paid
    households.debt += households.debt * p.outside_interest - paid
    chance = behind * 0.06 * 2 * sigmoid(-0.4 * households.honesty - 0.4 * households.diligence)
    for kind, share in _TROUBLE:
        household = np.flatnonzero(happens(rng, chance * share, len(households)))
        _write_credit_events(world, month, household, kind, households.debt[household] * 0.4)
    for kind, often in _OTHER_EVENTS:
        household = np.flatnonzero(happens(rng, often, len(households)))
        _write_credit_events(world, month, household, kind, np.full(len(household), np.nan))


def _write_credit_events(world: World, month: int, household: Ints, kind: str, amount: Floats) -> None:
    """Write the bureau's rows, each with a second version once it is closed; inquiries have one version."""
    rng, size = world.chance.records, len(household)
    day = first_day(month) + integers(rng, 0, 27, size)
    known_on = day + integers(rng, 2, 40, size)
    row = {"event_id": world.diary.new_ids(size), "household_id": household, "kind": kind, "amount": amount}
    world.diary.write("credit_events", **row, occurred_on=day, closed_on=np.full(size, NEVER), known_on=known_on)
    if kind == "inquiry":
        return
    closed_on = day + integers(rng, 60, 700, size)
    end_known_on = np.maximum(closed_on, known_on) + integers(rng, 1, 40, size)
    world.diary.write("credit_events", **row, occurred_on=day, closed_on=closed_on, known_on=end_known_on)
