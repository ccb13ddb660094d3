"""What strikes: illness, accident, death, drought, epidemic, lost work, failed business, college fees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate.chance import happens, round_about, whole
from training.simulate.days import NEVER, B, F, I, first_day, month_number
from training.simulate.industries import INDUSTRIES
from training.simulate.loan_ends import mark
from training.simulate.policies import claim
from training.simulate.population import AWAY, write_member
from training.simulate.world import World


@dataclass(frozen=True, slots=True)
class Shock:
    """One kind of misfortune. All values assumed.

    often: chance per household and month where it can happen. cost: median yuan. months: how long it lasts.
    sick, jobless: keeps a worker from work at home or away. units: share of the herd or stock lost.
    reported: share the village hears of. heals: share recorded as over in the end.
    """

    cause: str
    often: float
    cost: float
    months: tuple[int, int]
    sick: bool = False
    jobless: bool = False
    units: float = 0.0
    reported: float = 0.75
    heals: float = 0.8
    cover: str = ""


PERSONAL = (
    Shock("illness", 0.0042, 12_000, (3, 10), sick=True, cover="serious_illness"),
    Shock("accident", 0.0013, 9_000, (2, 6), sick=True, cover="accident"),
    Shock("disability", 0.0004, 15_000, (12, 36), sick=True, heals=0.1, cover="accident"),
    Shock("death", 0.00017, 20_000, (6, 12), heals=0.95, reported=0.9, cover="accident"),
    Shock("missing", 0.00004, 3_000, (6, 18), heals=0.9),
    Shock("custody", 0.00006, 5_000, (6, 18), heals=0.9, reported=0.9),
    Shock("unemployment", 0.0040, 800, (2, 7), jobless=True, reported=0.45, heals=0.9),
    Shock("business_failure", 0.0015, 6_000, (6, 18), units=0.45, reported=0.6, heals=0.5),
    Shock("other", 0.0012, 5_000, (2, 6), reported=0.5),
)
EPIDEMIC = Shock("epidemic", 0.0, 600, (2, 4), units=0.16, reported=0.8, cover="industry")
DISASTER = Shock("disaster", 0.0, 2_500, (4, 8), units=0.04, reported=0.7, cover="industry")
PRICES_FELL = Shock("price_collapse", 0.0, 1_500, (6, 12), reported=0.6, cover="industry")
SCHOOLING = Shock("schooling", 0.0, 2_000, (40, 44), reported=0.5)

SHOCKS = (*PERSONAL, EPIDEMIC, DISASTER, PRICES_FELL, SCHOOLING)

_EPIDEMIC_OFTEN = 0.006  # per township and month
_DROUGHT_OFTEN = 0.020  # per township and month from April to August
_EPIDEMIC_MONTHS, _DROUGHT_MONTHS = 4, 7  # how long they last in a township
_STRUCK = 0.45  # of a township's households by either
_FALL = 0.22  # of the price within twelve months that households report
_TELLS = 0.03  # of those households in a month
_SICKENS = np.array([each.sickens for each in INDUSTRIES])


def strike(world: World, month: int) -> None:
    """The month's misfortunes, of single households and of whole townships."""
    rng, n = world.chance.shocks, len(world.homes)
    for shock in PERSONAL:
        _hit(world, month, shock, happens(rng, shock.often, n) & _can_happen(world, shock))
    township_wide = happens(rng, _STRUCK, n)
    animals = _SICKENS[world.homes.industry]
    _hit(
        world,
        month,
        EPIDEMIC,
        _epidemic(world, month) & township_wide & animals,
    )
    _hit(world, month, DISASTER, _drought(world, month) & township_wide)
    _hit(world, month, PRICES_FELL, _prices_fell(world, month) & happens(rng, _TELLS, n))
    _hit(world, month, SCHOOLING, _to_college(world, month))


def _can_happen(world: World, shock: Shock) -> B:
    """Work away can only be lost by who has it, a business by who does not live off a herd."""
    homes = world.homes
    if shock.jobless:
        return np.asarray(homes.away > 0, dtype=np.bool_)
    if shock.cause == "business_failure":
        return np.asarray(~_SICKENS[homes.industry], dtype=np.bool_)
    return np.ones(len(homes), dtype=np.bool_)


def _epidemic(world: World, month: int) -> B:
    """Households of townships where it breaks out this month."""
    begins = _breaks_out(world, month, world.epidemic, _EPIDEMIC_OFTEN)
    world.epidemic[begins] = month + _EPIDEMIC_MONTHS - 1
    if world.scenario.begins == month and (towns := world.scenario.sick_townships):
        begins[:towns] = True
        world.epidemic[:towns] = month + world.scenario.sick_months - 1
    return begins[world.township]


def _drought(world: World, month: int) -> B:
    """Households of townships where it begins this month."""
    dry = _DROUGHT_OFTEN * (4 <= month_number(month) <= 8)
    begins = _breaks_out(world, month, world.drought, dry)
    world.drought[begins] = month + _DROUGHT_MONTHS - 1
    if world.scenario.turns_dry(month):
        begins[:] = True
        world.drought[:] = month + world.scenario.dry_months - 1
    return begins[world.township]


def _breaks_out(world: World, month: int, until: I, often: float) -> B:
    """By chance, in townships that do not have it already."""
    return happens(world.chance.shocks, often, len(until)) & (until < month)


def _prices_fell(world: World, month: int) -> B:
    if month - world.first < 12:
        return np.zeros(len(world.homes), dtype=np.bool_)
    fell = world.price(month) < (1 - _FALL) * world.price(month - 12)
    return np.asarray(fell[world.homes.industry], dtype=np.bool_)


def _to_college(world: World, month: int) -> B:
    """In September some who turned eighteen within the year begin four years of college."""
    members, rng, n = world.members, world.chance.shocks, len(world.homes)
    if month_number(month) != 9:
        return np.zeros(n, dtype=np.bool_)
    age = (first_day(month) - members.birth) / 365.25
    goes = (age >= 18) & (age < 19) & (members.status <= AWAY) & happens(rng, 0.45, len(age))
    members.education[goes] = 4
    write_member(world.diary, members, np.flatnonzero(goes), first_day(month) + 45)
    who = np.zeros(n, dtype=np.bool_)
    who[members.household[goes]] = True
    world.homes.college_until[who] = month + 46
    return who


def _hit(world: World, month: int, shock: Shock, struck: B) -> None:
    """Cost, lost work and lost animals now; the claim and the village's report later."""
    homes, rng = world.homes, world.chance.shocks
    who = np.flatnonzero(struck)
    size = len(who)
    lasts = whole(rng, *shock.months, size)
    cost = shock.cost * round_about(rng, 0.8, size) * 1.35
    share = shock.units * _severity(world, shock, month)
    lost = homes.units[who] * np.clip(share * round_about(rng, 0.5, size), 0, 0.9)
    loss = cost + lost * world.unit_worth(month)[who]
    homes.units[who] -= lost
    homes.cash[who] -= cost
    _account(world, shock, who, cost)
    _keep_from_work(world, shock, who, month + lasts)
    homes.struck[who] = month
    day = first_day(month) + whole(rng, 0, 27, size)
    if shock.cover:
        claim(world, month, shock.cover, who, day, loss)
    mark(world, month, shock.cause, who, day, lasts)
    _record(world, shock, who, day, loss, lasts)


def _severity(world: World, shock: Shock, month: int) -> float:
    """Times the usual loss."""
    return world.scenario.sick_loss if shock is EPIDEMIC and world.scenario.has_begun(month) else 1.0


def _account(world: World, shock: Shock, who: I, cost: F) -> None:
    yuan = np.zeros(len(world.homes))
    yuan[who] = cost
    medical = shock.cause in ("illness", "accident", "disability")
    world.enter("medical_cost" if medical else "living_cost", yuan)


def _keep_from_work(world: World, shock: Shock, who: I, until: I) -> None:
    homes = world.homes
    if shock.sick:
        homes.sick_until[who] = np.maximum(homes.sick_until[who], until)
    if shock.jobless:
        homes.jobless_until[who] = np.maximum(homes.jobless_until[who], until)


def _record(world: World, shock: Shock, who: I, day: I, loss: F, lasts: I) -> None:
    """The village hears of some, up to four months later, and of the end of most of those."""
    rng = world.chance.records
    heard = happens(rng, shock.reported, len(who))
    who, day, loss, lasts = who[heard], day[heard], loss[heard], lasts[heard]
    size = len(who)
    known = day + np.round(rng.gamma(1.2, 28, size).clip(1, 120)).astype(np.int64)
    told = np.round(loss * round_about(rng, 0.3, size), -2)
    row = {
        "event_id": world.diary.numbers(size),
        "household_id": who,
        "cause": shock.cause,
        "loss_amount": told,
    }
    world.diary.write("hardships", **row, occurred_on=day, resolved_on=NEVER, known_on=known)
    over = happens(rng, shock.heals, size)
    row = {name: value[over] if isinstance(value, np.ndarray) else value for name, value in row.items()}
    resolved = (day + lasts * 30 + whole(rng, 0, 25, size))[over]
    later = np.maximum(resolved, known[over]) + whole(rng, 3, 45, len(resolved))
    world.diary.write("hardships", **row, occurred_on=day[over], resolved_on=resolved, known_on=later)
