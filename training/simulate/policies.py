"""Insurance policies of one year, and claims that pay into a household's cash months later."""

from __future__ import annotations

import numpy as np

from training.simulate.chance import happens, integers
from training.simulate.days import NEVER, Floats, Ints, day_in, first_day, month_number
from training.simulate.industries import INDUSTRIES
from training.simulate.world import Cover, World

COVERS = {"accident": (0.85, 30_000.0), "serious_illness": (0.85, 50_000.0), "industry": (0.45, 20_000.0)}
"""Share of households that take it up (assumed; domain: accident and illness are the base), yuan insured."""
_SALE_MONTHS = (3, 4, 5)  # of the year
_POLICY_KINDS = np.array([each.policy for each in INDUSTRIES])
_PAID_SHARE = 0.6  # of a claimed loss, assumed


def no_cover(n: int) -> dict[str, Cover]:
    """Cover of n households of which none is insured, by kind."""
    zero = np.zeros(n, dtype=np.int64)
    return {kind: Cover(zero.copy(), zero + NEVER, np.zeros(n)) for kind in COVERS}


def insure_households(world: World, month: int) -> None:
    """Sell policies to a third of the households in each spring month; cover begins on the first of the next month."""
    if month_number(month) not in _SALE_MONTHS:
        return
    industry, rng, n = world.households.industry, world.chance.shocks, len(world.households)
    has_turn = np.arange(n) % len(_SALE_MONTHS) == _SALE_MONTHS.index(month_number(month))
    begins, ends = first_day(month + 1), first_day(month + 13) - 1
    for kind, (share, yuan) in COVERS.items():
        has_product = (_POLICY_KINDS[industry] != "other") | (kind != "industry")
        household = np.flatnonzero(has_turn & has_product & happens(rng, share, n))
        cover, size = world.cover[kind], len(household)
        cover.policy[household] = world.diary.new_ids(size)
        cover.last_day[household], cover.sum_insured[household] = ends, yuan
        world.diary.write(
            "policies",
            policy_id=cover.policy[household],
            household_id=household,
            kind=_POLICY_KINDS[industry[household]] if kind == "industry" else kind,
            insured_from=begins,
            insured_to=ends,
            sum_insured=yuan,
            known_on=begins - integers(world.chance.records, 1, 25, size),
        )


def claim_losses(world: World, month: int, kind: str, household: Ints, day: Ints, loss: Floats) -> None:
    """Claim the losses of households insured on the day; the money comes one to four months later.

    A claim has two versions: as claimed, and as settled.
    """
    cover, rng, records = world.cover[kind], world.chance.shocks, world.chance.records
    last_day = cover.last_day[household]
    claims = (last_day >= day) & (last_day - 365 < day) & happens(rng, 0.85, len(household))
    household, day, loss = household[claims], day[claims], loss[claims]
    size = len(household)
    paid = np.minimum(_PAID_SHARE * loss, cover.sum_insured[household]) * happens(rng, 0.9, size)
    wait = integers(rng, 1, 4, size)
    np.add.at(world.households.payouts, (household, (month + wait) % 6), paid)
    settled_on = day_in(month + wait, integers(rng, 1, 28, size))
    known_on = np.maximum(np.minimum(day + integers(records, 3, 30, size), settled_on - 1), day)
    row = {
        "claim_id": world.diary.new_ids(size),
        "policy_id": cover.policy[household],
        "occurred_on": day,
        "claimed_amount": loss,
    }
    world.diary.write("claims", **row, paid_amount=np.nan, settled_on=NEVER, known_on=known_on)
    settlement_known_on = np.maximum(settled_on + integers(records, 1, 20, size), known_on + 1)
    world.diary.write("claims", **row, paid_amount=paid, settled_on=settled_on, known_on=settlement_known_on)
