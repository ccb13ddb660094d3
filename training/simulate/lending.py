"""Who borrows, how much, for how long, and what really becomes of the money."""

from __future__ import annotations

import numpy as np

from training.simulate.banks import write_loans
from training.simulate.chance import happens, sigmoid, whole
from training.simulate.days import B, F, I, day_in, day_number, first_day, month_of, year_of
from training.simulate.industries import EARLIER_RATE, LENDING_RATE
from training.simulate.loan_book import AS_DECLARED, COMPENSATED, DIVERTED, IDLE, OTHER, PARTLY, REVOLVING, Terms
from training.simulate.population import ORDINARY
from training.simulate.schedule import instalments
from training.simulate.world import World

_PRODUCTS = (0.76, 0.12, 0.12)  # microloan, revolving, other; assumed
_LINE_MONTHS, _LEAST_TERM = 36, 3
_DRAW_TERMS = (6, 12, 12)
_DRAWN = (0.5, 0.75, 1.0, 1.0)  # share of the line in a later draw, assumed
_YUAN = np.array([10_000, 15_000, 20_000, 25_000, 30_000, 40_000, 50_000.0])
_YUAN_SHARES = (0.02, 0.02, 0.06, 0.03, 0.15, 0.15, 0.57)
_TERMS = np.array([12, 24, 36])
_TERM_SHARES = (0.60, 0.20, 0.20)
_BANK_SHARES = (0.46, 0.26, 0.18, 0.10)
_FIRST_RUSH = 1.7  # times as many new loans in the first year of the county's life
_INVESTED = np.array([0.35, 0.2, 0.0, 0.0])  # share of the money put to work, by true use
_KEPT = np.array([0.5, 0.25, 0.0, 0.8])  # share that stays as cash for feed and inputs


def lend(world: World, month: int) -> None:
    """The month's new loans to households that ask."""
    who = np.flatnonzero(_asks(world, month))
    rng, homes, size = world.chance.lending, world.homes, len(who)
    ordinary, draws = homes.kind[who] == ORDINARY, _has_line(world, month)[who]
    product = np.where(ordinary, rng.choice(3, size, p=[0.6, 0.2, 0.2]), rng.choice(3, size, p=_PRODUCTS))
    product = np.where(draws, REVOLVING, product)
    monthly = rng.choice([0, 2, 3], size, p=[0.2, 0.5, 0.3])
    principal = np.where(draws, _part_of_line(world, who), _principal(world, month, size))
    _open_lines(world, month, who, principal, (product == REVOLVING) & ~draws)
    terms = Terms(
        household=who,
        bank=rng.choice(len(_BANK_SHARES), size, p=_BANK_SHARES),
        product=product,
        method=np.choose(product, [0, 1, monthly]),
        principal=principal,
        term=_term(world, month, who, product == REVOLVING),
        originated=day_in(month, whole(rng, 1, 28, size)),
        true_use=_true_use(world, who),
        subsidy=_subsidy(world, ordinary) * (product == 0) * _subsidy_left(world, month),
        renews=np.full(size, -1),
    )
    grant(world, month, terms)
    _spend(world, month, who, principal, terms.true_use)


def _has_line(world: World, month: int) -> B:
    """Households whose revolving grant leaves time for another draw."""
    return np.asarray(world.homes.line_until > month + _LEAST_TERM, dtype=np.bool_)


def _part_of_line(world: World, who: I) -> F:
    drawn = world.homes.line[who] * world.chance.lending.choice(_DRAWN, len(who))
    return np.asarray(np.round(drawn, -3), dtype=np.float64)


def _open_lines(world: World, month: int, who: I, principal: F, opened: B) -> None:
    """A revolving grant: as much as was drawn first, for three years (domain)."""
    world.homes.line_until[who[opened]] = month + _LINE_MONTHS
    world.homes.line[who[opened]] = principal[opened]


def _term(world: World, month: int, who: I, revolving: B) -> I:
    """A draw is short, and never longer than its grant."""
    rng = world.chance.lending
    usual = rng.choice(_TERMS, len(who), p=_TERM_SHARES)
    draw = np.minimum(rng.choice(_DRAW_TERMS, len(who)), world.homes.line_until[who] - month)
    return np.where(revolving, draw, usual)


def _principal(world: World, month: int, size: int) -> F:
    """Round sums; once the limit is raised, many of those who took the most take more."""
    rng, scenario = world.chance.lending, world.scenario
    principal = rng.choice(_YUAN, size, p=_YUAN_SHARES)
    if not scenario.has_begun(month) or scenario.limit <= _YUAN.max():
        return principal
    more = rng.choice([0.0, 0.4, 0.6, 1.0], size) * (scenario.limit - _YUAN.max())
    return principal + np.where(principal == _YUAN.max(), np.round(more, -3), 0.0)


def _subsidy_left(world: World, month: int) -> float:
    return world.scenario.subsidy if world.scenario.has_begun(month) else 1.0


def grant(world: World, month: int, terms: Terms) -> None:
    """Enter loans in the book, expect their instalments, let the banks report them."""
    book = world.book
    loans = book.add(terms)
    rate = LENDING_RATE.get(year_of(month), EARLIER_RATE)
    book.rate[loans] = rate + 0.015 * (terms.product == OTHER)
    book.matures[loans] = day_in(month + terms.term, day_number(terms.originated))
    book.relief[loans] = terms.renews >= 0
    rows = instalments(book, loans)
    world.calendar.expect(rows, after=0)
    write_loans(world, loans, rows)


def _asks(world: World, month: int) -> B:
    """Grown up, not too old, nothing in arrears; a second loan beside the first is rare."""
    homes, book, p, n = world.homes, world.book, world.p, len(world.homes)
    loans = np.bincount(book.household[book.open], minlength=n)
    behind = np.bincount(book.household[book.in_arrears], minlength=n) > 0
    lost = np.bincount(book.household[book.outcome >= COMPENSATED], minlength=n) > 0
    age = (first_day(month) - homes.head_birth) / 365.25
    first = np.where(_has_line(world, month), p.draws_again, p.borrows)
    chance = np.where(loans == 0, first, np.where(loans == 1, p.borrows_again, 0.0))
    chance = chance * np.where(homes.kind == ORDINARY, 1.0, p.registered_borrow)
    chance = chance * (_FIRST_RUSH if month - world.first < 12 else 1.0)
    fits = (age >= 18) & (age < 64) & ~behind & ~lost
    return happens(world.chance.lending, chance * fits, n)


def _subsidy(world: World, ordinary: B) -> F:
    p, rng, size = world.p, world.chance.lending, len(ordinary)
    registered = np.where(happens(rng, p.full_subsidy, size), 1.0, 0.5)
    return np.where(ordinary, 0.5 * happens(rng, p.half_subsidy_ordinary, size), registered)


def _true_use(world: World, who: I) -> I:
    """The less honest and the less diligent spend it elsewhere; some do nothing with it."""
    rng, homes = world.chance.lending, world.homes
    misused = happens(rng, sigmoid(world.p.misused - 0.5 * homes.honesty[who] - 0.2 * homes.diligence[who]), len(who))
    how = rng.choice([PARTLY, DIVERTED, IDLE], len(who), p=[0.6, 0.15, 0.25])
    return np.where(misused, how, AS_DECLARED)


def _spend(world: World, month: int, who: I, principal: F, use: I) -> None:
    """Animals, inputs and stock; or a wedding; or a drawer."""
    worth = world.unit_worth(month)[who]
    np.add.at(world.homes.units, who, _INVESTED[use] * principal / worth)
    np.add.at(world.homes.cash, who, _KEPT[use] * principal)


def look_ahead(world: World, month: int) -> None:
    """Households whose principal falls due within eight months begin to save."""
    book = world.book
    near = book.open & (month_of(book.matures) - month < 8)
    world.homes.due_soon = np.bincount(book.household[near], minlength=len(world.homes)) > 0
