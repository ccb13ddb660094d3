"""What township and village offices write down: surveys, reviews, checks; noisy, rounded, incomplete."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.simulate.chance import happens, round_about, whole
from training.simulate.days import NEVER, F, I, day_in, first_day, last_day, month_number, month_of
from training.simulate.loan_book import AS_DECLARED, FINDINGS
from training.simulate.population import ORDINARY, TYPES, UNBORN, write_member
from training.simulate.world import World

_MONEY_IN = ("wage_income", "business_income", "property_income", "transfer_income")
_MONEY_OUT = ("production_cost", "living_cost", "medical_cost", "education_cost")
_TOLD = {"living_cost": 0.8, "wage_income": 0.9}
"""Share of the true amount that a survey hears of, where it is not all; assumed."""
_PUT_RIGHT = 0.7  # of misuse that a check finds, assumed
_SUDDEN = TYPES.index("sudden_hardship")


def open_registers(world: World) -> None:
    """Households and members as first written down."""
    n = len(world.homes)
    _write_households(world, np.arange(n), np.full(n, first_day(world.first)))
    everyone = np.flatnonzero(world.members.status != UNBORN)
    write_member(world.diary, world.members, everyone, first_day(world.first))


def _write_households(world: World, who: I, known: I) -> None:
    homes, places = world.homes, world.places
    village, kind = homes.village[who], homes.kind[who]
    registered = day_in((2015 - 1970) * 12 + who % 66, 1 + who % 28)
    world.diary.write(
        "households",
        household_id=who,
        village_code=np.array(places.codes)[village],
        county_name=places.county_name,
        township_name=np.array(places.townships)[village],
        village_name=np.array(places.names)[village],
        household_type=np.array(TYPES)[kind],
        registered_on=np.where(kind == ORDINARY, NEVER, registered),
        known_on=known,
    )


def keep_records(world: World, month: int) -> None:
    """The month's paper."""
    _check_use(world, month)
    if month_number(month) == 10:
        _write_assets(world, month)
    if month_number(month) == 11:
        _review(world, month)
    if month_number(month) == 12:
        _write_statements(world, month)
        _reclassify(world, month)
        world.year.clear()


def _write_statements(world: World, month: int) -> None:
    """The calendar year just ended, asked between March and May of the next."""
    rng, p, n = world.chance.records, world.p, len(world.homes)
    if month - world.first < 11:
        return
    who = np.flatnonzero(~happens(rng, p.survey_missed, n))
    known = day_in(month + whole(rng, 3, 5, len(who)), whole(rng, 1, 28, len(who)))
    told = {flow: _told(world, flow, who) for flow in (*_MONEY_IN, *_MONEY_OUT)}
    world.diary.write(
        "income_statements",
        household_id=who,
        period_start=np.full(len(who), first_day(month - 11)),
        period_end=last_day(month),
        **told,
        known_on=known,
    )


def _told(world: World, flow: str, who: I) -> F:
    noise = round_about(world.chance.records, world.p.survey_noise, len(who))
    return np.round(world.year[flow][who] * _TOLD.get(flow, 1.0) * noise, -2)


def _write_assets(world: World, month: int) -> None:
    """An autumn count of animals, and what the household says of its savings and private debts."""
    homes, rng, n = world.homes, world.chance.records, len(world.homes)
    who = np.flatnonzero(~happens(rng, world.p.survey_missed, n))
    size = len(who)
    day = first_day(month) + whole(rng, 0, 27, size)
    counted = np.round(homes.units[who] * round_about(rng, 0.08, size))
    world.diary.write(
        "assets",
        household_id=who,
        observed_on=day,
        sheep_count=np.where(homes.industry[who] == 0, counted, 0.0),
        cattle_count=np.where(homes.industry[who] == 1, counted, 0.0),
        farmland_mu=homes.land[who],
        savings=np.round(0.85 * homes.cash[who] * round_about(rng, 0.35, size), -2),
        outside_debt=np.round(0.7 * homes.debt[who] * round_about(rng, 0.4, size), -2),
        known_on=day + whole(rng, 3, 30, size),
    )


def _review(world: World, month: int) -> None:
    """The village's points: partly character, against that of the neighbours, partly the mood of the meeting."""
    homes, book, rng, n = world.homes, world.book, world.chance.records, len(world.homes)
    honesty = homes.honesty - _neighbours_mean(world, homes.honesty)
    behind = np.bincount(book.household[book.in_arrears], minlength=n) > 0
    integrity = 76 + 3 * honesty + 2 * homes.diligence - 6 * behind + rng.normal(0, 9, n)
    civility = 78 + 2 * honesty + 3 * homes.diligence + rng.normal(0, 8, n)
    who = np.flatnonzero(~happens(rng, 0.04, n))
    day = first_day(month) + whole(rng, 0, 27, len(who))
    world.diary.write(
        "village_reviews",
        household_id=who,
        reviewed_on=day,
        integrity_points=np.round(np.clip(integrity, 0, 100))[who],
        civility_points=np.round(np.clip(civility, 0, 100))[who],
        known_on=day + whole(rng, 1, 30, len(who)),
    )


def _neighbours_mean(world: World, value: F) -> F:
    """The mean of each household's village."""
    village = world.homes.village
    people = np.bincount(village, minlength=len(world.arrears))
    return np.asarray((np.bincount(village, value, len(world.arrears)) / np.maximum(people, 1))[village])


def _reclassify(world: World, month: int) -> None:
    """Ordinary households that a blow left without means come under watch."""
    homes, rng = world.homes, world.chance.records
    fell = (homes.kind == ORDINARY) & (month - homes.struck < 12) & (homes.cash < 2000)
    who = np.flatnonzero(fell & happens(rng, 0.3, len(homes)))
    homes.kind[who] = _SUDDEN
    _write_households(world, who, first_day(month) + whole(rng, 5, 27, len(who)))


def _check_use(world: World, month: int) -> None:
    """Someone looks at what the money became; some misuse is put right months later."""
    book, p, rng = world.book, world.p, world.chance.records
    age = month - month_of(book.originated)
    often = np.where(book.checked, p.checked_again * (age <= 12), p.use_checked * (age <= 6))
    loans = np.flatnonzero(book.open & (age >= 1) & happens(rng, often, len(book)))
    book.checked[loans] = True
    size = len(loans)
    day = first_day(month) + whole(rng, 0, 27, size)
    wrong = happens(rng, p.check_wrong, size)
    finding = np.where(wrong, rng.choice(4, size, p=[0.7, 0.15, 0.05, 0.1]), book.true_use[loans])
    _write_checks(world, loans, day, np.array(FINDINGS)[finding])
    mended = (finding != AS_DECLARED) & (book.true_use[loans] != AS_DECLARED) & happens(rng, _PUT_RIGHT, size)
    _put_right(world, month, loans[mended], day[mended])


def _put_right(world: World, month: int, loans: I, found: I) -> None:
    """What cash there is goes into animals or inputs after all."""
    homes, home = world.homes, world.book.household[loans]
    moved = np.minimum(0.8 * homes.cash[home], 0.6 * world.book.principal[loans])
    np.subtract.at(homes.cash, home, moved)
    homes.cash = np.maximum(homes.cash, 0)
    np.add.at(homes.units, home, moved / world.unit_worth(month)[home])
    world.book.true_use[loans] = AS_DECLARED
    day = found + whole(world.chance.records, 30, 150, len(loans))
    _write_checks(world, loans, day, np.full(len(loans), "put_right"))


def _write_checks(world: World, loans: I, day: I, finding: NDArray[np.str_]) -> None:
    known = np.maximum(day + whole(world.chance.records, 1, 30, len(loans)), world.book.known[loans])
    world.diary.write("use_checks", loan_id=loans, checked_on=day, finding=finding, known_on=known)
