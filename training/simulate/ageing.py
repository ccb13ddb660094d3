"""A year older: born, to work, away to the cities, back, out of the house, past work, dead of old age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate.chance import happens, whole
from training.simulate.days import B, F, I, first_day, month_number
from training.simulate.population import AWAY, CHILD, DECEASED, LEFT, PRESENT, UNBORN, Members, counted, write_member
from training.simulate.world import World

_FULL, _PART, _NONE = range(3)
_HEALTHY, _CHRONIC = range(2)


@dataclass(frozen=True, slots=True)
class Year:
    """What happens within a year of life, between two ages; the birthday decides. All values assumed."""

    ages: tuple[int, int]
    chance: float


TO_WORK = Year((17, 18), 1.0)  # the year in which school is over
GOES_AWAY = Year((18, 56), 0.02)
COMES_BACK = Year((24, 71), 0.05)
LEAVES = Year((21, 36), 0.04)  # a grown child marries into another house or settles elsewhere
SLOWS_DOWN = Year((61, 62), 1.0)
STOPS = Year((71, 72), 1.0)
SICKENS = Year((45, 96), 0.012)  # becomes chronically ill
_DIES_FROM = 66
_DEATH = (-9.6, 0.085)  # log chance a year, and its slope with age: 3% at 71, 6% at 80 (life tables, rounded)
_REGISTERED = (5, 90)  # days until the register knows of it


def grow_older(world: World, month: int) -> None:
    """Births of the month, and the birthdays of everybody born in this month of a year."""
    members, rng = world.members, world.chance.people
    born = (members.status == UNBORN) & (members.birth < first_day(month + 1))
    members.status[born] = PRESENT
    age = np.floor((first_day(month + 1) - members.birth) / 365.25)
    here = (members.status == PRESENT) | (members.status == AWAY)
    who = np.flatnonzero(here & ~born & (members.birthday == month_number(month)))
    before = _state(members, who)
    _work(members, who, age[who], rng)
    _move(members, who, age[who], rng)
    _fade(members, who, age[who], rng)
    changed = np.append(who[(_state(members, who) != before).any(axis=0)], np.flatnonzero(born))
    known = first_day(month) + whole(world.chance.records, *_REGISTERED, len(changed))
    write_member(world.diary, members, changed, known)
    count_hands(world, month)


def count_hands(world: World, month: int) -> None:
    """Who eats, works, works away and goes to school in each household."""
    homes = world.homes
    size, workers, away, pupils = counted(world.members, len(homes), month)
    gone = homes.missing_until >= month
    homes.size, homes.away, homes.pupils = np.maximum(size, 1), away, pupils
    homes.workers = np.maximum(workers - gone, 0.3)


def _state(members: Members, who: I) -> I:
    return np.stack([members.status[who], members.labour[who], members.health[who]])


def _comes(year: Year, age: F, rng: np.random.Generator) -> B:
    low, high = year.ages
    return (age >= low) & (age < high) & happens(rng, year.chance, len(age))


def _work(members: Members, who: I, age: F, rng: np.random.Generator) -> None:
    """From school into work; in the end less of it, then none."""
    fit = members.health[who] <= _CHRONIC
    members.labour[who[_comes(TO_WORK, age, rng) & fit]] = _FULL
    members.labour[who[_comes(SLOWS_DOWN, age, rng) & (members.labour[who] == _FULL)]] = _PART
    members.labour[who[_comes(STOPS, age, rng)]] = _NONE


def _move(members: Members, who: I, age: F, rng: np.random.Generator) -> None:
    """Away to work and back; grown children out of the house."""
    works, away = members.labour[who] == _FULL, members.status[who] == AWAY
    keen = np.where(members.relation[who] == CHILD, 8.0, 1.0)
    low, high = GOES_AWAY.ages
    goes = ~away & works & (age >= low) & (age < high) & happens(rng, GOES_AWAY.chance * keen, len(who))
    back = away & _comes(COMES_BACK, age, rng)
    leaves = (members.relation[who] == CHILD) & _comes(LEAVES, age, rng)
    members.status[who[goes]] = AWAY
    members.status[who[back]] = PRESENT
    members.status[who[leaves]] = LEFT


def _fade(members: Members, who: I, age: F, rng: np.random.Generator) -> None:
    """Chronic illness, and death of old age; what strikes earlier is a shock."""
    ill = _comes(SICKENS, age, rng) & (members.health[who] == _HEALTHY)
    members.health[who[ill]] = _CHRONIC
    level, slope = _DEATH
    chance = np.where(age >= _DIES_FROM, np.exp(np.minimum(level + slope * age, 0)), 0.0)
    members.status[who[happens(rng, chance, len(who))]] = DECEASED
