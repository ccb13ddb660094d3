"""Around maturity and after it: settled early, extended, renewed, compensated, written off."""

from __future__ import annotations

import numpy as np

from training.simulate.banks import write_event, write_instalments, write_payments
from training.simulate.chance import happens, whole
from training.simulate.days import NEVER, F, I, day_in, day_number, first_day, last_day, month_of
from training.simulate.economy import living_cost
from training.simulate.lending import grant
from training.simulate.loan_book import COMPENSATED, RENEWED, REVOLVING, SETTLED_EARLY, WRITTEN_OFF, Book, Terms
from training.simulate.schedule import instalments
from training.simulate.world import World

_BULLET = 2  # methods below this repay in one sum
_FORCE_MAJEURE = 9  # months within which a misfortune counts
_LONGER = (6, 12)  # months an extension adds
_UP_TO_A_MONTH = (3, 25)  # days before maturity at which relief is agreed


def relieve(world: World, month: int) -> None:
    """Before the month's instalments are collected."""
    _settle_early(world, month)
    nearing = world.book.open & (month_of(world.book.matures) == month + 1) & (world.book.method < _BULLET)
    loans = np.flatnonzero(nearing & ~world.book.relief & (world.book.since == NEVER))
    short = _prospect(world, month, loans) < world.book.principal[loans]
    _extend(world, month, loans[short])
    _renew(world, month)


def _prospect(world: World, month: int, loans: I) -> F:
    """What the household will have at maturity: cash above a month's living and the herd it would sell."""
    homes, home = world.homes, world.book.household[loans]
    herd = homes.units * world.quick_sale(month) * world.p.raises_animals_share
    return (np.maximum(homes.cash - living_cost(world), 0) + herd)[home]


def _settle_early(world: World, month: int) -> None:
    """Who has plenty pays everything, with interest to the day."""
    book, rng = world.book, world.chance.repayment
    cash = world.homes.cash
    over = cash[book.household] / np.maximum(book.principal, 1)
    chance = np.where(over > 1.5, 6.0, 0.25) * world.p.early_settled * (over > 1.05)
    chance = np.where(book.product == REVOLVING, world.p.repays_at_will, 1.0) * chance
    seasoned = (month - month_of(book.originated) > 3) & (month_of(book.matures) > month + 2)
    fits = book.open & seasoned & (book.since == NEVER)
    loans = np.flatnonzero(fits & happens(rng, chance, len(book)))
    loans = loans[np.unique(book.household[loans], return_index=True)[1]]
    day = np.maximum(first_day(month) + whole(rng, 0, 19, len(loans)), book.last_paid[loans])
    rest, interest = _to_the_day(book, loans, day)
    cash[book.household[loans]] -= np.minimum(rest + interest, cash[book.household[loans]])
    write_payments(world, loans, day, rest, interest, "borrower")
    book.close(loans, day, SETTLED_EARLY)
    write_event(world, "settled", loans, day, rest)


def _to_the_day(book: Book, loans: I, day: I) -> tuple[F, F]:
    """Principal left, and interest on it since the newest instalment."""
    rest = book.principal[loans] - book.paid_principal[loans]
    begun = np.maximum(book.newest_due, book.originated)[loans]
    return rest, np.round(rest * book.rate[loans] * np.maximum(day - begun, 0) / 360, 2)


def _extend(world: World, month: int, loans: I) -> None:
    """Agreed days before maturity: a later last day and a whole second schedule; the subsidy ends."""
    book, p, rng = world.book, world.p, world.chance.repayment
    struck = month - world.homes.struck[book.household[loans]] <= _FORCE_MAJEURE
    chance = np.where(struck, p.extended_when_struck, p.extended_otherwise)
    loans = loans[happens(rng, chance, len(loans))]
    day = _agreed(world, month, loans)
    months = rng.choice(_LONGER, len(loans))
    matures = day_in(month + 1 + months, day_number(book.matures[loans]))
    book.matures[loans] = matures
    book.schedule[loans] += 1
    book.relief[loans] = True
    book.subsidy[loans] = 0.0
    known = write_event(world, "extended", loans, day, book.principal[loans], matures)
    rows = instalments(book, loans)
    write_instalments(world, rows, known[np.searchsorted(loans, rows.loan)])
    world.calendar.expect(rows, after=first_day(month) - 1)


def _agreed(world: World, month: int, loans: I) -> I:
    """A day of this month, before maturity in the next."""
    latest = np.minimum(world.book.matures[loans] - _UP_TO_A_MONTH[0], last_day(month))
    return np.maximum(latest - whole(world.chance.repayment, *_UP_TO_A_MONTH, len(loans)), first_day(month))


def _renew(world: World, month: int) -> None:
    """At maturity the bank pays the old loan with a new one."""
    book, p, rng = world.book, world.p, world.chance.repayment
    ending = book.open & (month_of(book.matures) == month) & (book.method < _BULLET)
    loans = np.flatnonzero(ending & ~book.relief & (book.since == NEVER))
    able = _prospect(world, month, loans) >= book.principal[loans]
    chance = np.where(able, p.renewed_when_able, p.renewed_when_short)
    loans = loans[happens(rng, chance, len(loans))]
    day = np.maximum(book.matures[loans] - whole(rng, 0, 3, len(loans)), first_day(month))
    _pay_off(world, month, loans, day)
    terms = Terms(
        household=book.household[loans],
        bank=book.bank[loans],
        product=book.product[loans],
        method=book.method[loans],
        principal=book.principal[loans],
        term=rng.choice([12, 24], len(loans)),
        originated=day,
        true_use=book.true_use[loans],
        subsidy=book.subsidy[loans],
        renews=loans,
    )
    grant(world, month, terms)


def _pay_off(world: World, month: int, loans: I, day: I) -> None:
    """The new loan pays the principal; the household, or the state, the rest of the interest."""
    book = world.book
    interest = np.zeros(len(book))
    due = world.calendar.due_in(month)
    mine = due.schedule == book.schedule[due.loan]
    np.add.at(interest, due.loan[mine], due.interest[mine])
    aided = interest[loans] * book.subsidy[loans]
    own = interest[loans] - np.round(aided, 2)
    rest = book.principal[loans] - book.paid_principal[loans]
    write_payments(world, loans, day, np.zeros(len(loans)), aided, "subsidy")
    write_payments(world, loans, day, np.zeros(len(loans)), own, "borrower")
    write_payments(world, loans, day, rest, np.zeros(len(loans)), "other")
    np.subtract.at(world.homes.cash, book.household[loans], own)
    world.homes.cash = np.maximum(world.homes.cash, 0)
    book.close(loans, day, RENEWED)
    write_event(world, "renewed", loans, day, book.principal[loans])
    write_event(world, "settled", loans, day, book.principal[loans])


def clear_away(world: World, month: int) -> None:
    """After the month: the fund pays loans long past due, a few old ones are written off."""
    book, p, rng, n = world.book, world.p, world.chance.repayment, len(world.book)
    late = np.where(book.in_arrears, last_day(month) - book.since, 0)
    matured = book.open & (book.matures <= last_day(month))
    fund = np.flatnonzero(matured & (late > 90) & (book.product == 0) & happens(rng, p.compensated, n))
    _compensate(world, month, fund)
    lost = np.flatnonzero(book.open & (late > 300) & happens(rng, p.written_off, n))
    day = first_day(month) + whole(rng, 20, 27, len(lost))
    amount = book.outstanding[lost]
    book.close(lost, day, WRITTEN_OFF)
    write_event(world, "written_off", lost, day, amount)


def _compensate(world: World, month: int, loans: I) -> None:
    """Fund and bank share the loss; what the fund pays reaches the bank on the day."""
    book = world.book
    day = np.maximum(first_day(month) + whole(world.chance.repayment, 20, 27, len(loans)), book.last_paid[loans])
    amount = np.round(world.p.fund_share * book.outstanding[loans], 2)
    write_payments(world, loans, day, amount, np.zeros(len(loans)), "compensation_fund")
    book.close(loans, day, COMPENSATED)
    write_event(world, "compensated", loans, day, amount)
