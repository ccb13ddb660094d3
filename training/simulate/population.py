"""Households and their members: who they are, what they can do, and what nobody outside can see of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate.chance import happens, round_about, whole
from training.simulate.days import END, B, F, I, first_day, month_of
from training.simulate.diary import Diary
from training.simulate.geography import Places
from training.simulate.industries import INDUSTRIES
from training.simulate.parameters import Parameters

TYPES = ("lifted_out", "unstable", "marginal", "sudden_hardship", "ordinary")
ORDINARY = TYPES.index("ordinary")
RELATIONS = ("head", "spouse", "child", "parent", "other")
EDUCATION = ("none", "primary", "junior", "senior", "tertiary")
HEALTH = ("healthy", "chronic", "serious_illness", "disabled")
LABOUR = ("full", "part", "none")
STATUS = ("present", "working_away", "left", "deceased")
PRESENT, AWAY, LEFT, DECEASED, UNBORN = range(5)
"""STATUS by number; who is unborn stands in no register yet."""
CHILD = RELATIONS.index("child")


@dataclass(slots=True)
class Members:
    """One entry a person, the unborn included, sorted by household; codes by their place in the lists above.

    birth: a day, birthday: the month of the year it lies in.
    """

    household: I
    relation: I
    sex: I
    birth: I
    education: I
    health: I
    labour: I
    status: I
    birthday: I


@dataclass(slots=True)
class Homes:
    """One entry a household.

    ability (factor on earnings), diligence, honesty, standing (with kin): latent, never delivered.
    workers and away: full labour units at home and away. units: of its industry, usual_units what it keeps.
    cash and debt in yuan; *_until: the month up to which something lasts; luck: this year's factor.
    line: yuan of a revolving grant.
    """

    village: I
    kind: I
    industry: I
    ability: F
    diligence: F
    honesty: F
    standing: F
    luck: F
    size: F
    workers: F
    away: F
    pupils: F
    head_birth: I
    units: F
    usual_units: F
    land: F
    cash: F
    debt: F
    sick_until: I
    jobless_until: I
    college_until: I
    gone_until: I
    missing_until: I
    struck: I
    line_until: I
    line: F
    due_soon: B
    coming: F

    def __len__(self) -> int:
        return len(self.village)


def move_in(p: Parameters, rng: np.random.Generator, places: Places, n: int, month: int) -> tuple[Homes, Members]:
    """n households with members, land, animals and a little cash, as they stand in that first month."""
    village = np.sort(rng.integers(0, len(places.codes), n))
    kind, members = _kinds(p, rng, n), _members(p, rng, n, month)
    industry = rng.choice(len(INDUSTRIES), n, p=[each.share for each in INDUSTRIES])
    ability = round_about(rng, p.ability_spread, n) * np.where(kind == ORDINARY, 1.04, 0.95)
    units = np.array([each.units for each in INDUSTRIES])[industry] * round_about(rng, 0.22, n) * ability
    size, workers, away, pupils = counted(members, n, month)
    none = np.zeros(n, dtype=np.int64)
    homes = Homes(
        village=village,
        kind=kind,
        industry=industry,
        ability=ability,
        diligence=rng.normal(0, 1, n) + 0.5 * places.attention[village],
        honesty=rng.normal(0, 1, n) + places.honesty[village],
        standing=rng.normal(0, 1, n),
        luck=np.ones(n),
        size=size,
        workers=workers,
        away=away,
        pupils=pupils,
        head_birth=members.birth[members.relation == 0],
        units=units,
        usual_units=units.copy(),
        land=np.round(8 + 22 * round_about(rng, 0.5, n), 1),
        cash=14_000 * round_about(rng, 0.8, n),
        debt=9_000 * round_about(rng, 1.0, n) * happens(rng, 0.3, n),
        sick_until=none.copy(),
        jobless_until=none.copy(),
        college_until=none.copy(),
        gone_until=none.copy(),
        missing_until=none.copy(),
        struck=none.copy(),
        line_until=none.copy(),
        line=np.zeros(n),
        due_soon=np.zeros(n, dtype=np.bool_),
        coming=np.zeros((n, 6)),
    )
    return homes, members


def _kinds(p: Parameters, rng: np.random.Generator, n: int) -> I:
    shares = [p.lifted_out, p.unstable, p.marginal, p.sudden_hardship]
    return rng.choice(len(TYPES), n, p=[*shares, 1 - sum(shares)])


def _members(p: Parameters, rng: np.random.Generator, n: int, month: int) -> Members:
    """Heads of 26 to 60, mostly married, up to three children, some with their parents in the house.

    Behind those of a household stand its children to come, with the day on which they will be born.
    """
    head_age = whole(rng, 26, 60, n)
    counts = np.column_stack(
        [
            np.ones(n, dtype=np.int64),
            happens(rng, 0.86, n),
            rng.choice(4, n, p=[0.16, 0.32, 0.40, 0.12]),
            rng.choice(3, n, p=[0.62, 0.22, 0.16]),
            happens(rng, 0.05, n),
            _births(p, rng, head_age, month),
        ]
    ).astype(np.int64)
    column = np.repeat(np.tile(np.arange(6), n), counts.ravel())
    unborn = column == len(RELATIONS)
    relation = np.where(unborn, CHILD, column)
    household = np.repeat(np.arange(n), counts.sum(axis=1))
    age = np.where(unborn, 0, _ages(rng, head_age[household], relation))
    size = len(age)
    health = np.where(unborn, 0, rng.choice(4, size, p=[0.89, 0.07, 0.01, 0.03]))
    education = np.where(
        age < 7,
        0,
        np.where(age < 13, 1, np.where(age < 16, 2, rng.choice(4, size, p=[0.12, 0.38, 0.38, 0.12]))),
    )
    labour = np.where((age < 16) | (age > 70) | (health >= 2), 2, np.where((age > 60) | (health == 1), 1, 0))
    away = (labour == 0) & happens(rng, np.where(relation == 2, 0.55, 0.20), size)
    birth = np.where(
        unborn,
        first_day(month) + whole(rng, 1, _days_to_live(month), size),
        first_day(month) - age * 365 - whole(rng, 1, 364, size),
    )
    sex = np.where(relation == 0, happens(rng, 0.2, size), happens(rng, 0.55, size)).astype(np.int64)
    status = np.where(unborn, UNBORN, away.astype(np.int64))
    return Members(household, relation, sex, birth, education, health, labour, status, month_of(birth) % 12 + 1)


def _births(p: Parameters, rng: np.random.Generator, head_age: I, month: int) -> I:
    """Children to come in all the months to live; none to a head past forty in the end."""
    young = head_age < 40
    return rng.poisson(p.births * young * _days_to_live(month) / 365).astype(np.int64)


def _days_to_live(month: int) -> int:
    """From that month's first day to the end."""
    return max(END - first_day(month), 1)


def _ages(rng: np.random.Generator, head: I, relation: I) -> I:
    """Ages that fit the head's."""
    size = len(head)
    beside = head + whole(rng, -4, 4, size)
    below = np.maximum(head - whole(rng, 21, 32, size), 0)
    above = head + whole(rng, 20, 30, size)
    return np.choose(relation, [head, np.maximum(beside, 20), below, above, whole(rng, 18, 60, size)])


def counted(members: Members, n: int, month: int) -> tuple[F, F, F, F]:
    """Heads in the house or away, labour at home, labour away, pupils."""

    def total(weight: F | B) -> F:
        return np.asarray(np.bincount(members.household, weights=weight, minlength=n), dtype=np.float64)

    hands = np.array([1.0, 0.5, 0.0])[members.labour]
    away = members.status == AWAY
    age = (first_day(month) - members.birth) / 365
    pupils = (age > 4) & (age < 17)
    here = members.status <= AWAY
    return total(here), total(hands * (here & ~away)), total(hands * away), total(pupils & here)


def write_member(diary: Diary, members: Members, who: I, known_on: int | I) -> None:
    """Those members as they are now: a first row, or a new version from that day."""
    diary.write(
        "members",
        member_id=who,
        household_id=members.household[who],
        relation=np.array(RELATIONS)[members.relation[who]],
        sex=np.array(("F", "M"))[members.sex[who]],
        birth_date=members.birth[who],
        education=np.array(EDUCATION)[members.education[who]],
        health=np.array(HEALTH)[members.health[who]],
        labour=np.array(LABOUR)[members.labour[who]],
        status=np.array(STATUS)[members.status[who]],
        known_on=known_on,
    )
