"""Insurance: a year's policy at a time, and claims that pay into a household's cash months later."""

from __future__ import annotations

import numpy as np

from training.simulate.chance import happens, whole
from training.simulate.days import NEVER, F, I, day_in, first_day, month_number
from training.simulate.industries import INDUSTRIES
from training.simulate.world import Cover, World

COVERS = {"accident": (0.85, 30_000.0), "serious_illness": (0.85, 50_000.0), "industry": (0.45, 20_000.0)}
"""Share of households that take it up (assumed; domain: accident and illness are the base), yuan insured."""
_BUYS = (3, 4, 5)  # months of the year
_POLICY = np.array([each.policy for each in INDUSTRIES])
_PAID = 0.6  # of a claimed loss, assumed


def no_cover(n: int) -> dict[str, Cover]:
    zero = np.zeros(n, dtype=np.int64)
    return {kind: Cover(zero.copy(), zero + NEVER, np.zeros(n)) for kind in COVERS}


def insure(world: World, month: int) -> None:
    """Each spring month a third of the households renew or leave it; insured from the first of next month."""
    if month_number(month) not in _BUYS:
        return
    homes, rng, n = world.homes, world.chance.shocks, len(world.homes)
    turn = np.arange(n) % len(_BUYS) == _BUYS.index(month_number(month))
    for kind, (share, yuan) in COVERS.items():
        has_product = (_POLICY[homes.industry] != "other") | (kind != "industry")
        who = np.flatnonzero(turn & has_product & happens(rng, share, n))
        _sign(world, month, kind, who, yuan)


def _sign(world: World, month: int, kind: str, who: I, yuan: float) -> None:
    cover, size = world.cover[kind], len(who)
    begins, ends = first_day(month + 1), first_day(month + 13) - 1
    cover.policy[who], cover.until[who], cover.insured[who] = world.diary.numbers(size), ends, yuan
    world.diary.write(
        "policies",
        policy_id=cover.policy[who],
        household_id=who,
        kind=_POLICY[world.homes.industry[who]] if kind == "industry" else kind,
        insured_from=begins,
        insured_to=ends,
        sum_insured=yuan,
        known_on=begins - whole(world.chance.records, 1, 25, size),
    )


def claim(world: World, month: int, kind: str, who: I, day: I, loss: F) -> None:
    """Those insured on the day claim; the money comes one to four months later."""
    cover, rng = world.cover[kind], world.chance.shocks
    insured = (cover.until[who] >= day) & (cover.until[who] - 365 < day) & happens(rng, 0.85, len(who))
    who, day, loss = who[insured], day[insured], loss[insured]
    paid = np.minimum(_PAID * loss, cover.insured[who]) * happens(rng, 0.9, len(who))
    wait = whole(rng, 1, 4, len(who))
    np.add.at(world.homes.coming, (who, (month + wait) % 6), paid)
    _record(world, cover.policy[who], day, loss, paid, day_in(month + wait, whole(rng, 1, 28, len(who))))


def _record(world: World, policy: I, day: I, loss: F, paid: F, settled: I) -> None:
    """Two versions: claimed, and settled."""
    rng, size = world.chance.records, len(policy)
    known = np.minimum(day + whole(rng, 3, 30, size), settled - 1)
    known = np.maximum(known, day)
    row = {
        "claim_id": world.diary.numbers(size),
        "policy_id": policy,
        "occurred_on": day,
        "claimed_amount": loss,
    }
    world.diary.write("claims", **row, paid_amount=np.nan, settled_on=NEVER, known_on=known)
    later = np.maximum(settled + whole(rng, 1, 20, size), known + 1)
    world.diary.write("claims", **row, paid_amount=paid, settled_on=settled, known_on=later)
