"""Ageing of members: births, work, migration to the cities and back, moving out, old age and death."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate.chance import happens, integers
from training.simulate.days import Bools, Floats, Ints, first_day, month_number
from training.simulate.population import (
    AWAY,
    CHILD,
    DECEASED,
    MOVED_OUT,
    PRESENT,
    UNBORN,
    Members,
    household_composition,
    write_members,
)
from training.simulate.world import World

_FULL, _PART, _NONE = range(3)
_HEALTHY, _CHRONIC = range(2)


@dataclass(frozen=True, slots=True)
class YearlyChance:
    """Chance a year of an event of life between two ages; it is drawn in the month of birth. All values assumed."""

    ages: tuple[int, int]
    chance: float


TO_WORK = YearlyChance((17, 18), 1.0)  # the year in which school is over
GOES_AWAY = YearlyChance((18, 56), 0.02)
COMES_BACK = YearlyChance((24, 71), 0.05)
MOVES_OUT = YearlyChance((21, 36), 0.04)  # a grown child marries into another house or settles elsewhere
SLOWS_DOWN = YearlyChance((61, 62), 1.0)
STOPS = YearlyChance((71, 72), 1.0)
FALLS_ILL = YearlyChance((45, 96), 0.012)  # becomes chronically ill
_DIES_FROM = 66
_DEATH = (-9.6, 0.085)  # log chance a year, and its slope with age: 3% at 71, 6% at 80 (life tables, rounded)
_REGISTRATION_DAYS = (5, 90)  # days until the register has a change


def age_members(world: World, month: int) -> None:
    """Births of the month, and a year's changes of everybody born in this month of a year."""
    members, rng = world.members, world.chance.people
    newborn = (members.status == UNBORN) & (members.born_on < first_day(month + 1))
    members.status[newborn] = PRESENT
    age = np.floor((first_day(month + 1) - members.born_on) / 365.25)
    belongs = (members.status == PRESENT) | (members.status == AWAY)
    aged = np.flatnonzero(belongs & ~newborn & (members.birth_month == month_number(month)))
    old_state = _state(members, aged)
    _change_state(members, aged, age[aged], rng)
    changed = np.append(aged[(_state(members, aged) != old_state).any(axis=0)], np.flatnonzero(newborn))
    known_on = first_day(month) + integers(world.chance.records, *_REGISTRATION_DAYS, len(changed))
    write_members(world.diary, members, changed, known_on)
    households = world.households
    size, workers, workers_away, pupils = household_composition(members, len(households), month)
    households.size, households.workers_away, households.pupils = np.maximum(size, 1), workers_away, pupils
    households.workers = np.maximum(workers - (households.missing_until >= month), 0.3)


def _state(members: Members, member: Ints) -> Ints:
    return np.stack([members.status[member], members.labour[member], members.health[member]])


def _draw(event: YearlyChance, age: Floats, rng: np.random.Generator) -> Bools:
    low, high = event.ages
    return (age >= low) & (age < high) & happens(rng, event.chance, len(age))


def _change_state(members: Members, member: Ints, age: Floats, rng: np.random.Generator) -> None:
    """Draw a year's changes of labour, whereabouts and health for `member` of the given age.

    Death here is of old age; earlier deaths are shocks.
    """
    fit = members.health[member] <= _CHRONIC
    members.labour[member[_draw(TO_WORK, age, rng) & fit]] = _FULL
    members.labour[member[_draw(SLOWS_DOWN, age, rng) & (members.labour[member] == _FULL)]] = _PART
    members.labour[member[_draw(STOPS, age, rng)]] = _NONE

    works, away = members.labour[member] == _FULL, members.status[member] == AWAY
    is_child = members.relation[member] == CHILD
    low, high = GOES_AWAY.ages
    goes_chance = GOES_AWAY.chance * np.where(is_child, 8.0, 1.0)
    goes = ~away & works & (age >= low) & (age < high) & happens(rng, goes_chance, len(member))
    back = away & _draw(COMES_BACK, age, rng)
    moves_out = is_child & _draw(MOVES_OUT, age, rng)
    members.status[member[goes]] = AWAY
    members.status[member[back]] = PRESENT
    members.status[member[moves_out]] = MOVED_OUT

    ill = _draw(FALLS_ILL, age, rng) & (members.health[member] == _HEALTHY)
    members.health[member[ill]] = _CHRONIC
    level, slope = _DEATH
    death_chance = np.where(age >= _DIES_FROM, np.exp(np.minimum(level + slope * age, 0)), 0.0)
    members.status[member[happens(rng, death_chance, len(member))]] = DECEASED
