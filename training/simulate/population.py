"""Households and their members: composition, work and property, and latent traits that no table ever shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from training.simulate.chance import happens, integers, noise_factors
from training.simulate.days import END, Bools, Floats, Ints, first_day, month_of
from training.simulate.diary import Diary
from training.simulate.geography import Villages
from training.simulate.industries import INDUSTRIES
from training.simulate.parameters import Parameters

TYPES = ("lifted_out", "unstable", "marginal", "sudden_hardship", "ordinary")
ORDINARY = TYPES.index("ordinary")
RELATIONS = ("head", "spouse", "child", "parent", "other")
EDUCATION = ("none", "primary", "junior", "senior", "tertiary")
HEALTH = ("healthy", "chronic", "serious_illness", "disabled")
LABOUR = ("full", "part", "none")
STATUS = ("present", "working_away", "left", "deceased")
PRESENT, AWAY, MOVED_OUT, DECEASED, UNBORN = range(5)
"""STATUS by number; the unborn are in no register yet."""
CHILD = RELATIONS.index("child")


@dataclass(slots=True)
class Members:
    """One entry a person, the unborn included, sorted by household.

    relation, education, health, labour, status: positions in the lists above. born_on: day. birth_month: month of the
    year, 1 to 12.
    """

    household: Ints
    relation: Ints
    sex: Ints
    born_on: Ints
    education: Ints
    health: Ints
    labour: Ints
    status: Ints
    birth_month: Ints


@dataclass(slots=True)
class Households:
    """One entry a household.

    ability (factor on earnings), diligence, honesty, kin_ties: latent, never delivered. luck: this year's factor on
    sales. size: persons. workers, workers_away: full labour units at home and away. units: of its industry (heads, mu,
    stock); usual_units: the size it returns to. land: mu. cash, debt (to other lenders): yuan. *_until: last month of
    an illness, of unemployment, of college, of the absence of the borrower or of a member. last_struck: month of the
    newest misfortune. credit_line: yuan of a revolving grant. principal_due_soon: within eight months.
    payouts: insurance money to come, yuan, a column for each month modulo 6.
    """

    village: Ints
    household_type: Ints
    industry: Ints
    ability: Floats
    diligence: Floats
    honesty: Floats
    kin_ties: Floats
    luck: Floats
    size: Floats
    workers: Floats
    workers_away: Floats
    pupils: Floats
    head_born_on: Ints
    units: Floats
    usual_units: Floats
    land: Floats
    cash: Floats
    debt: Floats
    sick_until: Ints
    jobless_until: Ints
    college_until: Ints
    borrower_gone_until: Ints
    missing_until: Ints
    last_struck: Ints
    credit_line_until: Ints
    credit_line: Floats
    principal_due_soon: Bools
    payouts: Floats

    def __len__(self) -> int:
        return len(self.village)


def draw_households(
    p: Parameters, rng: Generator, villages: Villages, n: int, month: int
) -> tuple[Households, Members]:
    """Draw n households with members, land, animals and a little cash, as they are in a first month."""
    village = np.sort(rng.integers(0, len(villages.codes), n))
    type_shares = [p.lifted_out, p.unstable, p.marginal, p.sudden_hardship]
    household_type = rng.choice(len(TYPES), n, p=[*type_shares, 1 - sum(type_shares)])
    members = draw_members(p, rng, n, month)
    industry = rng.choice(len(INDUSTRIES), n, p=[each.share for each in INDUSTRIES])
    ability = noise_factors(rng, p.ability_spread, n) * np.where(household_type == ORDINARY, 1.04, 0.95)
    units = np.array([each.units for each in INDUSTRIES])[industry] * noise_factors(rng, 0.22, n) * ability
    size, workers, workers_away, pupils = household_composition(members, n, month)
    no_month = np.zeros(n, dtype=np.int64)
    return Households(
        village=village,
        household_type=household_type,
        industry=industry,
        ability=ability,
        diligence=rng.normal(0, 1, n) + 0.5 * villages.attention[village],
        honesty=rng.normal(0, 1, n) + villages.honesty[village],
        kin_ties=rng.normal(0, 1, n),
        luck=np.ones(n),
        size=size,
        workers=workers,
        workers_away=workers_away,
        pupils=pupils,
        head_born_on=members.born_on[members.relation == 0],
        units=units,
        usual_units=units.copy(),
        land=np.round(8 + 22 * noise_factors(rng, 0.5, n), 1),
        cash=14_000 * noise_factors(rng, 0.8, n),
        debt=9_000 * noise_factors(rng, 1.0, n) * happens(rng, 0.3, n),
        sick_until=no_month.copy(),
        jobless_until=no_month.copy(),
        college_until=no_month.copy(),
        borrower_gone_until=no_month.copy(),
        missing_until=no_month.copy(),
        last_struck=no_month.copy(),
        credit_line_until=no_month.copy(),
        credit_line=np.zeros(n),
        principal_due_soon=np.zeros(n, dtype=np.bool_),
        payouts=np.zeros((n, 6)),
    ), members


def draw_members(p: Parameters, rng: Generator, n: int, month: int) -> Members:
    """Members of n households: heads of 26 to 60, mostly married, up to three children, some with parents.

    After the members of a household follow the children to be born to it until the end, with the days of their births;
    heads of 40 and more have none.
    """
    head_age = integers(rng, 26, 60, n)
    days_to_simulate = max(END - first_day(month), 1)
    counts = np.column_stack(
        [
            np.ones(n, dtype=np.int64),
            happens(rng, 0.86, n),
            rng.choice(4, n, p=[0.16, 0.32, 0.40, 0.12]),
            rng.choice(3, n, p=[0.62, 0.22, 0.16]),
            happens(rng, 0.05, n),
            rng.poisson(p.births * (head_age < 40) * days_to_simulate / 365),
        ]
    ).astype(np.int64)
    column = np.repeat(np.tile(np.arange(6), n), counts.ravel())
    unborn = column == len(RELATIONS)
    relation = np.where(unborn, CHILD, column)
    household = np.repeat(np.arange(n), counts.sum(axis=1))
    age = np.where(unborn, 0, _draw_ages(rng, head_age[household], relation))
    size = len(age)
    health = np.where(unborn, 0, rng.choice(4, size, p=[0.89, 0.07, 0.01, 0.03]))
    grown_education = rng.choice(4, size, p=[0.12, 0.38, 0.38, 0.12])
    education = np.select([age < 7, age < 13, age < 16], [0, 1, 2], grown_education)
    labour = np.where((age < 16) | (age > 70) | (health >= 2), 2, np.where((age > 60) | (health == 1), 1, 0))
    away = (labour == 0) & happens(rng, np.where(relation == CHILD, 0.55, 0.20), size)
    born_on = np.where(
        unborn,
        first_day(month) + integers(rng, 1, days_to_simulate, size),
        first_day(month) - age * 365 - integers(rng, 1, 364, size),
    )
    sex = np.where(relation == 0, happens(rng, 0.2, size), happens(rng, 0.55, size)).astype(np.int64)
    status = np.where(unborn, UNBORN, away.astype(np.int64))
    return Members(household, relation, sex, born_on, education, health, labour, status, month_of(born_on) % 12 + 1)


def _draw_ages(rng: Generator, head_age: Ints, relation: Ints) -> Ints:
    """Ages of members that fit the age of their household's head; in the order of RELATIONS."""
    size = len(head_age)
    spouse = head_age + integers(rng, -4, 4, size)
    child = np.maximum(head_age - integers(rng, 21, 32, size), 0)
    parent = head_age + integers(rng, 20, 30, size)
    return np.choose(relation, [head_age, np.maximum(spouse, 20), child, parent, integers(rng, 18, 60, size)])


def household_composition(members: Members, n: int, month: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Persons in the house or working away, labour units at home, labour units away, and pupils of n households."""

    def total(weight: Floats | Bools) -> Floats:
        return np.asarray(np.bincount(members.household, weights=weight, minlength=n), dtype=np.float64)

    labour = np.array([1.0, 0.5, 0.0])[members.labour]
    away = members.status == AWAY
    age = (first_day(month) - members.born_on) / 365
    pupils = (age > 4) & (age < 17)
    belongs = members.status <= AWAY
    return total(belongs), total(labour * (belongs & ~away)), total(labour * away), total(pupils & belongs)


def write_members(diary: Diary, members: Members, member: Ints, known_on: int | Ints) -> None:
    """Write members as they are now: a first row, or a new version known from a day on."""
    diary.write(
        "members",
        member_id=member,
        household_id=members.household[member],
        relation=np.array(RELATIONS)[members.relation[member]],
        sex=np.array(("F", "M"))[members.sex[member]],
        birth_date=members.born_on[member],
        education=np.array(EDUCATION)[members.education[member]],
        health=np.array(HEALTH)[members.health[member]],
        labour=np.array(LABOUR)[members.labour[member]],
        status=np.array(STATUS)[members.status[member]],
        known_on=known_on,
    )
