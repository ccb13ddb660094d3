"""Misfortunes of households: illness, accident, death, drought, epidemic, lost work, failed business, college fees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate.chance import happens, integers, noise_factors
from training.simulate.days import NEVER, Bools, Floats, Ints, first_day, month_number
from training.simulate.industries import INDUSTRIES
from training.simulate.loan_ends import strike_members
from training.simulate.policies import claim_losses
from training.simulate.population import AWAY, write_members
from training.simulate.world import World


@dataclass(frozen=True, slots=True)
class Shock:
    """One kind of misfortune. All values assumed.

    often: chance per household and month where it can happen. cost: median yuan. months: how long it lasts.
    sick, jobless: keeps a worker from work at home or away. units: share of the herd or stock lost.
    reported: share that the village reports. heals: share of these recorded as over in the end. cover: the insurance
    that pays for it.
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
_STRUCK_SHARE = 0.45  # of a township's households by either
_PRICE_FALL = 0.22  # share of the price lost within twelve months that households report
_PRICE_FALL_REPORTED = 0.03  # share of those households that report it in a month
_GETS_EPIDEMICS = np.array([each.sickens for each in INDUSTRIES])
_MEDICAL = ("illness", "accident", "disability")


def strike_households(world: World, month: int) -> None:
    """The month's misfortunes, of single households and of whole townships."""
    households, rng, n = world.households, world.chance.shocks, len(world.households)
    for shock in PERSONAL:
        can_happen = np.ones(n, dtype=np.bool_)
        if shock.jobless:
            can_happen = households.workers_away > 0
        elif shock.cause == "business_failure":
            can_happen = ~_GETS_EPIDEMICS[households.industry]
        _strike(world, month, shock, happens(rng, shock.often, n) & can_happen)
    exposed = happens(rng, _STRUCK_SHARE, n)
    animals = _GETS_EPIDEMICS[households.industry]
    _strike(world, month, EPIDEMIC, begin_epidemics(world, month)[world.township] & exposed & animals)
    _strike(world, month, DISASTER, begin_droughts(world, month)[world.township] & exposed)
    prices_fell = np.zeros(n, dtype=np.bool_)
    if month - world.first_month >= 12:
        fell = world.goods_prices(month) < (1 - _PRICE_FALL) * world.goods_prices(month - 12)
        prices_fell = fell[households.industry]
    _strike(world, month, PRICES_FELL, prices_fell & happens(rng, _PRICE_FALL_REPORTED, n))
    _strike(world, month, SCHOOLING, begin_college(world, month))


def begin_epidemics(world: World, month: int) -> Bools:
    """Start epidemics by chance or scenario; returns whether one breaks out this month in each township."""
    begins = _breaks_out(world, month, world.epidemic_until, _EPIDEMIC_OFTEN)
    world.epidemic_until[begins] = month + _EPIDEMIC_MONTHS - 1
    if world.scenario.begins == month and (town_count := world.scenario.sick_townships):
        begins[:town_count] = True
        world.epidemic_until[:town_count] = month + world.scenario.sick_months - 1
    return begins


def begin_droughts(world: World, month: int) -> Bools:
    """Start droughts by chance or scenario; returns whether one begins this month in each township."""
    begins = _breaks_out(world, month, world.drought_until, _DROUGHT_OFTEN * (4 <= month_number(month) <= 8))
    world.drought_until[begins] = month + _DROUGHT_MONTHS - 1
    if world.scenario.turns_dry(month):
        begins[:] = True
        world.drought_until[:] = month + world.scenario.dry_months - 1
    return begins


def _breaks_out(world: World, month: int, until: Ints, often: float) -> Bools:
    """Whether it begins by chance in each township, where it does not last already."""
    return happens(world.chance.shocks, often, len(until)) & (until < month)


def begin_college(world: World, month: int) -> Bools:
    """In September some members aged 18 begin four years of college; returns whether each household has one."""
    members, rng = world.members, world.chance.shocks
    has_student = np.zeros(len(world.households), dtype=np.bool_)
    if month_number(month) != 9:
        return has_student
    age = (first_day(month) - members.born_on) / 365.25
    goes = (age >= 18) & (age < 19) & (members.status <= AWAY) & happens(rng, 0.45, len(age))
    members.education[goes] = 4
    write_members(world.diary, members, np.flatnonzero(goes), first_day(month) + 45)
    has_student[members.household[goes]] = True
    world.households.college_until[has_student] = month + 46
    return has_student


def _strike(world: World, month: int, shock: Shock, struck: Bools) -> None:
    """Take cost, work and animals from households now; insurance claims and village reports follow later."""
    households, rng = world.households, world.chance.shocks
    household = np.flatnonzero(struck)
    size = len(household)
    lasts = integers(rng, *shock.months, size)
    cost = shock.cost * noise_factors(rng, 0.8, size) * 1.35
    severity = world.scenario.sick_loss if shock is EPIDEMIC and world.scenario.has_begun(month) else 1.0
    share = shock.units * severity
    lost_units = households.units[household] * np.clip(share * noise_factors(rng, 0.5, size), 0, 0.9)
    loss = cost + lost_units * world.unit_worth(month)[household]
    households.units[household] -= lost_units
    households.cash[household] -= cost
    cost_of_all = np.zeros(len(households))
    cost_of_all[household] = cost
    world.add_flow("medical_cost" if shock.cause in _MEDICAL else "living_cost", cost_of_all)
    if shock.sick:
        households.sick_until[household] = np.maximum(households.sick_until[household], month + lasts)
    if shock.jobless:
        households.jobless_until[household] = np.maximum(households.jobless_until[household], month + lasts)
    households.last_struck[household] = month
    day = first_day(month) + integers(rng, 0, 27, size)
    if shock.cover:
        claim_losses(world, month, shock.cover, household, day, loss)
    strike_members(world, month, shock.cause, household, day, lasts)
    report_hardships(world, shock, household, day, loss, lasts)


def report_hardships(world: World, shock: Shock, household: Ints, day: Ints, loss: Floats, lasts: Ints) -> None:
    """Write the village's reports of some misfortunes, up to four months late, and of the end of most of these."""
    rng = world.chance.records
    reported = happens(rng, shock.reported, len(household))
    household, day, loss, lasts = household[reported], day[reported], loss[reported], lasts[reported]
    size = len(household)
    known_on = day + np.round(rng.gamma(1.2, 28, size).clip(1, 120)).astype(np.int64)
    reported_loss = np.round(loss * noise_factors(rng, 0.3, size), -2)
    row = {
        "event_id": world.diary.new_ids(size),
        "household_id": household,
        "cause": shock.cause,
        "loss_amount": reported_loss,
    }
    world.diary.write("hardships", **row, occurred_on=day, resolved_on=NEVER, known_on=known_on)
    over = happens(rng, shock.heals, size)
    row = {name: value[over] if isinstance(value, np.ndarray) else value for name, value in row.items()}
    resolved_on = (day + lasts * 30 + integers(rng, 0, 25, size))[over]
    end_known_on = np.maximum(resolved_on, known_on[over]) + integers(rng, 3, 45, len(resolved_on))
    world.diary.write("hardships", **row, occurred_on=day[over], resolved_on=resolved_on, known_on=end_known_on)
