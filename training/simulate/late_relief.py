"""Relief of bullet loans that are past their maturity: extended as a rest, or renewed, once the interest is paid."""

from __future__ import annotations

import numpy as np

from training.simulate.banks import write_event, write_instalments, write_payments
from training.simulate.chance import happens, integers
from training.simulate.days import Floats, Ints, day_in, day_of_month, first_day, last_day
from training.simulate.lending import book_loans
from training.simulate.loan_book import RENEWED, Terms
from training.simulate.schedule import rest_instalments
from training.simulate.world import World

_BULLET = 2  # methods below this repay in one sum
_LATE_DAYS = (10, 270)  # past the maturity, within which a bank still agrees, assumed
_EXTENSION_MONTHS = (6, 12)
_PAID_FIRST = (0.0, 0.0, 0.1, 0.2, 0.3)  # share of the principal that is repaid before an extension, assumed


def extend_late(world: World, month: int) -> None:
    """Extend some loans past their maturity: a later one, and a second schedule that asks for the rest alone.

    What was due is no longer owed from the day of the agreement; the household pays the interest first, and some of
    the principal.
    """
    book, rng = world.book, world.chance.repayment
    loans = draw_late_loans(world, month, world.parameters.extended_late)
    day = agreement_days(world, month, loans)
    part = np.floor(rng.choice(_PAID_FIRST, len(loans)) * book.outstanding[loans] / 100) * 100
    pay_with_kin(world, loans, day, part)
    matures_on = day_in(month + rng.choice(_EXTENSION_MONTHS, len(loans)), day_of_month(book.matures_on[loans]))
    world.unpaid.release(book, world.spells, loans, day)
    book.matures_on[loans] = matures_on
    book.schedule[loans] += 1
    book.had_relief[loans] = True
    book.refuses[loans] = False
    book.due_principal[loans], book.due_interest[loans] = book.paid_principal[loans], book.paid_interest[loans]
    known_on = write_event(world, "extended", loans, day, book.outstanding[loans], matures_on)
    rows = rest_instalments(book, loans, day, known_on)
    write_instalments(world, rows, known_on[np.searchsorted(loans, rows.loan)])
    world.calendar.add(rows, after=last_day(month))


def renew_late(world: World, month: int) -> None:
    """Replace some loans past their maturity by new ones, which pay off the principal; the household pays interest."""
    book, rng = world.book, world.chance.repayment
    loans = draw_late_loans(world, month, world.parameters.renewed_late)
    day = agreement_days(world, month, loans)
    pay_with_kin(world, loans, day, np.zeros(len(loans)))
    principal = book.outstanding[loans]
    write_payments(world, loans, day, principal, np.zeros(len(loans)), "other")
    world.unpaid.release(book, world.spells, loans, day)
    book.close(loans, day, RENEWED)
    write_event(world, "renewed", loans, day, principal)
    write_event(world, "settled", loans, day, principal)
    terms = Terms(
        household=book.household[loans],
        bank=book.bank[loans],
        product=book.product[loans],
        method=book.method[loans],
        principal=principal,
        term=rng.choice([12, 24], len(loans)),
        originated_on=day,
        true_use=book.true_use[loans],
        subsidy=book.subsidy[loans],
        refunded=book.refunded[loans],
        renews=loans,
    )
    book_loans(world, month, terms)


def draw_late_loans(world: World, month: int, chance: float) -> Ints:
    """Bullet loans past their maturity, not relieved before, that a bank relieves this month."""
    book = world.book
    days_late = last_day(month) - book.matures_on
    matured = (days_late >= _LATE_DAYS[0]) & (days_late <= _LATE_DAYS[1]) & (book.last_paid_on <= last_day(month))
    late = np.flatnonzero(book.in_arrears & matured & (book.method < _BULLET) & ~book.had_relief)
    return late[happens(world.chance.repayment, chance, len(late))]


def agreement_days(world: World, month: int, loans: Ints) -> Ints:
    """Days of the month, after the maturity and the last payment of each loan."""
    day = first_day(month) + integers(world.chance.repayment, 9, 26, len(loans))
    return np.maximum(np.maximum(day, world.book.last_paid_on[loans]), world.book.matures_on[loans] + 1)


def pay_with_kin(world: World, loans: Ints, day: Ints, principal: Floats) -> None:
    """Pay the interest owed and some principal on a day; kin lend what the household has not."""
    book, households = world.book, world.households
    interest = np.maximum(book.due_interest - book.paid_interest, 0)[loans]
    np.subtract.at(households.cash, book.household[loans], principal + interest)
    households.debt += np.maximum(-households.cash, 0)
    households.cash = np.maximum(households.cash, 0)
    write_payments(world, loans, day, principal, interest, "borrower")
