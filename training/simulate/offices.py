"""Records of township and village offices: surveys, reviews and checks; noisy, rounded and incomplete."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.simulate.chance import happens, integers, noise_factors
from training.simulate.days import NEVER, Ints, day_in, first_day, last_day, month_number, month_of
from training.simulate.loan_book import AS_DECLARED, FINDINGS
from training.simulate.population import ORDINARY, TYPES, UNBORN, write_members
from training.simulate.world import World

_INCOMES = ("wage_income", "business_income", "property_income", "transfer_income")
_COSTS = ("production_cost", "living_cost", "medical_cost", "education_cost")
_REPORTED_SHARES = {"living_cost": 0.8, "wage_income": 0.9}
"""Share of the true amount that a household tells a survey, where it is not all; assumed."""
_PUT_RIGHT = 0.7  # of misuse that a check finds, assumed
_SUDDEN = TYPES.index("sudden_hardship")


def write_first_registers(world: World) -> None:
    """Write households and members as they are in the first month."""
    n = len(world.households)
    _write_households(world, np.arange(n), np.full(n, first_day(world.first_month)))
    born = np.flatnonzero(world.members.status != UNBORN)
    write_members(world.diary, world.members, born, first_day(world.first_month))


def _write_households(world: World, household: Ints, known_on: Ints) -> None:
    households, villages = world.households, world.villages
    village, household_type = households.village[household], households.household_type[household]
    registered_on = day_in((2015 - 1970) * 12 + household % 66, 1 + household % 28)
    world.diary.write(
        "households",
        household_id=household,
        village_code=np.array(villages.codes)[village],
        county_name=villages.county_name,
        township_name=np.array(villages.township_names)[village],
        village_name=np.array(villages.names)[village],
        household_type=np.array(TYPES)[household_type],
        registered_on=np.where(household_type == ORDINARY, NEVER, registered_on),
        known_on=known_on,
    )


def survey_incomes(world: World, month: int) -> None:
    """In December close the year's accounts, and survey them between March and May of the next year."""
    if month_number(month) != 12:
        return
    rng, p, n = world.chance.records, world.parameters, len(world.households)
    if month - world.first_month >= 11:
        household = np.flatnonzero(~happens(rng, p.survey_missed, n))
        size = len(household)
        known_on = day_in(month + integers(rng, 3, 5, size), integers(rng, 1, 28, size))
        reported = {}
        for flow in (*_INCOMES, *_COSTS):
            share, noise = _REPORTED_SHARES.get(flow, 1.0), noise_factors(rng, p.survey_noise, size)
            reported[flow] = np.round(world.year_flows[flow][household] * share * noise, -2)
        world.diary.write(
            "income_statements",
            household_id=household,
            period_start=np.full(size, first_day(month - 11)),
            period_end=last_day(month),
            **reported,
            known_on=known_on,
        )
    world.year_flows.clear()


def survey_assets(world: World, month: int) -> None:
    """In October count animals and ask for savings and private debts."""
    if month_number(month) != 10:
        return
    households, rng, n = world.households, world.chance.records, len(world.households)
    household = np.flatnonzero(~happens(rng, world.parameters.survey_missed, n))
    size, industry = len(household), households.industry[household]
    day = first_day(month) + integers(rng, 0, 27, size)
    animals = np.round(households.units[household] * noise_factors(rng, 0.08, size))
    world.diary.write(
        "assets",
        household_id=household,
        observed_on=day,
        sheep_count=np.where(industry == 0, animals, 0.0),
        cattle_count=np.where(industry == 1, animals, 0.0),
        farmland_mu=households.land[household],
        savings=np.round(0.85 * households.cash[household] * noise_factors(rng, 0.35, size), -2),
        outside_debt=np.round(0.7 * households.debt[household] * noise_factors(rng, 0.4, size), -2),
        known_on=day + integers(rng, 3, 30, size),
    )


def write_village_reviews(world: World, month: int) -> None:
    """In November write the village's points: partly character relative to the village's mean, partly chance."""
    if month_number(month) != 11:
        return
    households, book, rng, n = world.households, world.book, world.chance.records, len(world.households)
    village, village_count = households.village, len(world.arrears_share)
    people = np.bincount(village, minlength=village_count)
    village_mean = (np.bincount(village, households.honesty, village_count) / np.maximum(people, 1))[village]
    honesty = households.honesty - np.asarray(village_mean)
    in_arrears = np.bincount(book.household[book.in_arrears], minlength=n) > 0
    integrity = 76 + 3 * honesty + 2 * households.diligence - 6 * in_arrears + rng.normal(0, 9, n)
    civility = 78 + 2 * honesty + 3 * households.diligence + rng.normal(0, 8, n)
    household = np.flatnonzero(~happens(rng, 0.04, n))
    day = first_day(month) + integers(rng, 0, 27, len(household))
    world.diary.write(
        "village_reviews",
        household_id=household,
        reviewed_on=day,
        integrity_points=np.round(np.clip(integrity, 0, 100))[household],
        civility_points=np.round(np.clip(civility, 0, 100))[household],
        known_on=day + integers(rng, 1, 30, len(household)),
    )


def reclassify_households(world: World, month: int) -> None:
    """In December register some ordinary households that a misfortune left without cash as in sudden hardship."""
    if month_number(month) != 12:
        return
    households, rng = world.households, world.chance.records
    fell = (households.household_type == ORDINARY) & (month - households.last_struck < 12) & (households.cash < 2000)
    household = np.flatnonzero(fell & happens(rng, 0.3, len(households)))
    households.household_type[household] = _SUDDEN
    _write_households(world, household, first_day(month) + integers(rng, 5, 27, len(household)))


def check_use_of_loans(world: World, month: int) -> None:
    """Check what loans were really used for; some of the misuse is put right months later, from the cash there is."""
    book, households, p, rng = world.book, world.households, world.parameters, world.chance.records
    age = month - month_of(book.originated_on)
    often = np.where(book.checked, p.checked_again * (age <= 12), p.use_checked * (age <= 6))
    loans = np.flatnonzero(book.open & (age >= 1) & happens(rng, often, len(book)))
    book.checked[loans] = True
    size = len(loans)
    day = first_day(month) + integers(rng, 0, 27, size)
    wrong = happens(rng, p.check_wrong, size)
    finding = np.where(wrong, rng.choice(4, size, p=[0.7, 0.15, 0.05, 0.1]), book.true_use[loans])
    _write_checks(world, loans, day, np.array(FINDINGS)[finding])

    misused = (finding != AS_DECLARED) & (book.true_use[loans] != AS_DECLARED)
    put_right = misused & happens(rng, _PUT_RIGHT, size)
    loans, day = loans[put_right], day[put_right]
    household = book.household[loans]
    reinvested = np.minimum(0.8 * households.cash[household], 0.6 * book.principal[loans])
    np.subtract.at(households.cash, household, reinvested)
    households.cash = np.maximum(households.cash, 0)
    np.add.at(households.units, household, reinvested / world.unit_worth(month)[household])
    book.true_use[loans] = AS_DECLARED
    put_right_on = day + integers(rng, 30, 150, len(loans))
    _write_checks(world, loans, put_right_on, np.full(len(loans), "put_right"))


def _write_checks(world: World, loans: Ints, day: Ints, finding: NDArray[np.str_]) -> None:
    known_on = np.maximum(day + integers(world.chance.records, 1, 30, len(loans)), world.book.known_on[loans])
    world.diary.write("use_checks", loan_id=loans, checked_on=day, finding=finding, known_on=known_on)
