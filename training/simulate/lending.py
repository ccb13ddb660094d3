"""Lending: which households borrow, how much and for how long, and what they really use the money for."""

from __future__ import annotations

import numpy as np

from training.simulate.banks import write_loans
from training.simulate.chance import happens, integers, sigmoid
from training.simulate.days import Bools, Floats, Ints, day_in, day_of_month, first_day, month_of, year_of
from training.simulate.industries import EARLIER_RATE, LENDING_RATE
from training.simulate.loan_book import (
    AS_DECLARED,
    COMPENSATED,
    DIVERTED,
    IDLE,
    MICROLOAN,
    OTHER,
    PARTLY,
    REVOLVING,
    Terms,
)
from training.simulate.population import ORDINARY
from training.simulate.schedule import instalments
from training.simulate.world import World

_PRODUCT_SHARES = (0.76, 0.12, 0.12)  # microloan, revolving, other; assumed
_CREDIT_LINE_MONTHS, _SHORTEST_TERM = 36, 3
_DRAW_TERMS = (6, 12, 12)
_DRAW_SHARES = (0.5, 0.75, 1.0, 1.0)  # share of the credit line in a later draw, assumed
_YUAN = np.array([10_000, 15_000, 20_000, 25_000, 30_000, 40_000, 50_000.0])
_YUAN_SHARES = (0.02, 0.02, 0.06, 0.03, 0.15, 0.15, 0.57)
_TERMS = np.array([12, 24, 36])
_TERM_SHARES = (0.60, 0.20, 0.20)
_BANK_SHARES = (0.46, 0.26, 0.18, 0.10)
_FIRST_RUSH = 1.7  # times as many new loans in the first simulated year
_INVESTED_SHARES = np.array([0.35, 0.2, 0.0, 0.0])  # share of the money put to work, by true use
_CASH_SHARES = np.array([0.5, 0.25, 0.0, 0.8])  # share that stays as cash for feed and inputs


def lend(world: World, month: int) -> None:
    """Grant the month's new loans to households that ask, and let them use the money."""
    households = world.households
    household = np.flatnonzero(draw_applicants(world, month))
    terms = draw_terms(world, month, household)
    book_loans(world, month, terms)
    worth = world.unit_worth(month)[household]
    np.add.at(households.units, household, _INVESTED_SHARES[terms.true_use] * terms.principal / worth)
    np.add.at(households.cash, household, _CASH_SHARES[terms.true_use] * terms.principal)


def draw_terms(world: World, month: int, household: Ints) -> Terms:
    """Terms of a new loan of each household; opens the revolving grants among them.

    A draw on an earlier grant is short, and never longer than the grant.
    """
    rng, households, scenario, size = world.chance.lending, world.households, world.scenario, len(household)
    p = world.parameters
    ordinary, draws_line = households.household_type[household] == ORDINARY, _has_credit_line(world, month)[household]
    product = np.where(ordinary, rng.choice(3, size, p=[0.6, 0.2, 0.2]), rng.choice(3, size, p=_PRODUCT_SHARES))
    product = np.where(draws_line, REVOLVING, product)
    monthly_method = rng.choice([0, 2, 3], size, p=[0.2, 0.5, 0.3])
    line_draw = np.round(households.credit_line[household] * rng.choice(_DRAW_SHARES, size), -3)
    principal = np.where(draws_line, line_draw, draw_principals(world, month, size))
    new_line = (product == REVOLVING) & ~draws_line
    # A revolving grant: as much as is drawn first, for three years (domain).
    households.credit_line_until[household[new_line]] = month + _CREDIT_LINE_MONTHS
    households.credit_line[household[new_line]] = principal[new_line]
    bank = rng.choice(len(_BANK_SHARES), size, p=_BANK_SHARES)
    term = rng.choice(_TERMS, size, p=_TERM_SHARES)
    draw_term = np.minimum(rng.choice(_DRAW_TERMS, size), households.credit_line_until[household] - month)
    originated_on = day_in(month, integers(rng, 1, 28, size))
    true_use = draw_true_uses(world, household)
    scenario_subsidy = scenario.subsidy if scenario.has_begun(month) else 1.0
    return Terms(
        household=household,
        bank=bank,
        product=product,
        method=np.choose(product, [0, 1, monthly_method]),
        principal=principal,
        term=np.where(product == REVOLVING, draw_term, term),
        originated_on=originated_on,
        true_use=true_use,
        subsidy=draw_subsidies(world, ordinary) * (product == MICROLOAN) * scenario_subsidy,
        refunded=happens(rng, p.subsidy_refunded, size),
        renews=np.full(size, -1),
    )


def _has_credit_line(world: World, month: int) -> Bools:
    """Whether each household's revolving grant leaves time for another draw."""
    return np.asarray(world.households.credit_line_until > month + _SHORTEST_TERM, dtype=np.bool_)


def draw_applicants(world: World, month: int) -> Bools:
    """Whether each household asks for a loan: of age, not too old, nothing in arrears; a second open loan is rare."""
    households, book, p, n = world.households, world.book, world.parameters, len(world.households)
    loans = np.bincount(book.household[book.open], minlength=n)
    in_arrears = np.bincount(book.household[book.in_arrears], minlength=n) > 0
    lost_loan = np.bincount(book.household[book.outcome >= COMPENSATED], minlength=n) > 0
    age = (first_day(month) - households.head_born_on) / 365.25
    first = np.where(_has_credit_line(world, month), p.draws_again, p.borrows)
    chance = np.where(loans == 0, first, np.where(loans == 1, p.borrows_again, 0.0))
    chance = chance * np.where(households.household_type == ORDINARY, 1.0, p.registered_borrow)
    chance = chance * (_FIRST_RUSH if month - world.first_month < 12 else 1.0)
    eligible = (age >= 18) & (age < 64) & ~in_arrears & ~lost_loan
    return happens(world.chance.lending, chance * eligible, n)


def draw_principals(world: World, month: int, size: int) -> Floats:
    """Round sums in yuan; once a scenario raises the limit, many who would take the most take more."""
    rng, scenario = world.chance.lending, world.scenario
    principal = rng.choice(_YUAN, size, p=_YUAN_SHARES)
    if not scenario.has_begun(month) or scenario.limit <= _YUAN.max():
        return principal
    more = rng.choice([0.0, 0.4, 0.6, 1.0], size) * (scenario.limit - _YUAN.max())
    return principal + np.where(principal == _YUAN.max(), np.round(more, -3), 0.0)


def draw_subsidies(world: World, ordinary: Bools) -> Floats:
    """The state's share of the interest of each new loan, before scenario and product."""
    p, rng, size = world.parameters, world.chance.lending, len(ordinary)
    registered = np.where(happens(rng, p.full_subsidy, size), 1.0, 0.5)
    return np.where(ordinary, 0.5 * happens(rng, p.half_subsidy_ordinary, size), registered)


def draw_true_uses(world: World, household: Ints) -> Ints:
    """True use of the money by number; the less honest and less diligent spend it elsewhere, some leave it idle."""
    rng, households, size = world.chance.lending, world.households, len(household)
    log_odds = world.parameters.misused - 0.5 * households.honesty[household] - 0.2 * households.diligence[household]
    misused = happens(rng, sigmoid(log_odds), size)
    other_use = rng.choice([PARTLY, DIVERTED, IDLE], size, p=[0.6, 0.15, 0.25])
    return np.where(misused, other_use, AS_DECLARED)


def book_loans(world: World, month: int, terms: Terms) -> None:
    """Enter loans in the book and their instalments in the calendar, and let the banks report them."""
    book = world.book
    loans = book.add(terms)
    rate = LENDING_RATE.get(year_of(month), EARLIER_RATE)
    book.rate[loans] = rate + 0.015 * (terms.product == OTHER)
    book.matures_on[loans] = day_in(month + terms.term, day_of_month(terms.originated_on))
    book.had_relief[loans] = terms.renews >= 0
    rows = instalments(book, loans)
    world.calendar.add(rows, after=0)
    write_loans(world, loans, rows)


def flag_principal_due_soon(world: World, month: int) -> None:
    """Mark households whose principal falls due within eight months; they begin to save."""
    book = world.book
    near = book.open & (month_of(book.matures_on) - month < 8)
    world.households.principal_due_soon = np.bincount(book.household[near], minlength=len(world.households)) > 0
