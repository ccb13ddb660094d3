"""Relief and exits: loans settled early, extended, renewed, compensated by the fund or written off."""

from __future__ import annotations

import numpy as np

from training.simulate.banks import write_event, write_instalments, write_payments
from training.simulate.chance import happens, integers
from training.simulate.days import NEVER, Floats, Ints, day_in, day_of_month, first_day, last_day, month_of
from training.simulate.economy import living_cost
from training.simulate.lending import book_loans
from training.simulate.loan_book import (
    COMPENSATED,
    MICROLOAN,
    RENEWED,
    REVOLVING,
    SETTLED_EARLY,
    WRITTEN_OFF,
    Terms,
)
from training.simulate.schedule import instalments
from training.simulate.world import World

_BULLET = 2  # methods below this repay in one sum
_FORCE_MAJEURE = 9  # months within which a misfortune counts
_EXTENSION_MONTHS = (6, 12)
_AGREED_DAYS_AHEAD = (3, 25)  # days between the agreement on an extension and maturity


def settle_early(world: World, month: int) -> None:
    """Some households with plenty of cash repay everything, with interest to the day."""
    book, rng = world.book, world.chance.repayment
    cash = world.households.cash
    over = cash[book.household] / np.maximum(book.principal, 1)
    chance = np.where(over > 1.5, 6.0, 0.25) * world.parameters.early_settled * (over > 1.05)
    chance = np.where(book.product == REVOLVING, world.parameters.repays_at_will, 1.0) * chance
    seasoned = (month - month_of(book.originated_on) > 3) & (month_of(book.matures_on) > month + 2)
    eligible = book.open & seasoned & (book.arrears_since == NEVER)
    loans = np.flatnonzero(eligible & happens(rng, chance, len(book)))
    loans = loans[np.unique(book.household[loans], return_index=True)[1]]
    day = np.maximum(first_day(month) + integers(rng, 0, 19, len(loans)), book.last_paid_on[loans])
    principal = book.principal[loans] - book.paid_principal[loans]
    interest_from = np.maximum(book.newest_due_on, book.originated_on)[loans]
    interest = np.round(principal * book.rate[loans] * np.maximum(day - interest_from, 0) / 360, 2)
    cash[book.household[loans]] -= np.minimum(principal + interest, cash[book.household[loans]])
    write_payments(world, loans, day, principal, interest, "borrower")
    book.close(loans, day, SETTLED_EARLY)
    write_event(world, "settled", loans, day, principal)


def extend_loans(world: World, month: int) -> None:
    """Extend some bullet loans that mature next month and that the household cannot repay.

    The extension is agreed this month: a later maturity and a whole second schedule.
    """
    book, p, rng = world.book, world.parameters, world.chance.repayment
    matures_next = book.open & (month_of(book.matures_on) == month + 1) & (book.method < _BULLET)
    loans = np.flatnonzero(matures_next & ~book.had_relief & (book.arrears_since == NEVER))
    loans = loans[_funds_at_maturity(world, month, loans) < book.principal[loans]]
    struck = month - world.households.last_struck[book.household[loans]] <= _FORCE_MAJEURE
    chance = np.where(struck, p.extended_when_struck, p.extended_otherwise)
    loans = loans[happens(rng, chance, len(loans))]
    latest = np.minimum(book.matures_on[loans] - _AGREED_DAYS_AHEAD[0], last_day(month))
    day = np.maximum(latest - integers(rng, *_AGREED_DAYS_AHEAD, len(loans)), first_day(month))
    months = rng.choice(_EXTENSION_MONTHS, len(loans))
    matures_on = day_in(month + 1 + months, day_of_month(book.matures_on[loans]))
    book.matures_on[loans] = matures_on
    book.schedule[loans] += 1
    book.had_relief[loans] = True
    known_on = write_event(world, "extended", loans, day, book.principal[loans], matures_on)
    rows = instalments(book, loans)
    write_instalments(world, rows, known_on[np.searchsorted(loans, rows.loan)])
    world.calendar.add(rows, after=first_day(month) - 1)


def _funds_at_maturity(world: World, month: int, loans: Ints) -> Floats:
    """Yuan that each loan's household will have: cash above a month's living cost, and the herd it would sell."""
    households = world.households
    herd = households.units * world.quick_sale_value(month) * world.parameters.raises_animals_share
    funds = np.maximum(households.cash - living_cost(world), 0) + herd
    return funds[world.book.household[loans]]


def renew_loans(world: World, month: int) -> None:
    """At maturity the bank replaces some bullet loans by new ones, which pay them off."""
    book, p, rng = world.book, world.parameters, world.chance.repayment
    matures = book.open & (month_of(book.matures_on) == month) & (book.method < _BULLET)
    loans = np.flatnonzero(matures & ~book.had_relief & (book.arrears_since == NEVER))
    able = _funds_at_maturity(world, month, loans) >= book.principal[loans]
    chance = np.where(able, p.renewed_when_able, p.renewed_when_short)
    loans = loans[happens(rng, chance, len(loans))]
    day = np.maximum(book.matures_on[loans] - integers(rng, 0, 3, len(loans)), first_day(month))
    pay_off_renewed(world, month, loans, day)
    terms = Terms(
        household=book.household[loans],
        bank=book.bank[loans],
        product=book.product[loans],
        method=book.method[loans],
        principal=book.principal[loans],
        term=rng.choice([12, 24], len(loans)),
        originated_on=day,
        true_use=book.true_use[loans],
        subsidy=book.subsidy[loans],
        refunded=book.refunded[loans],
        renews=loans,
    )
    book_loans(world, month, terms)


def pay_off_renewed(world: World, month: int, loans: Ints, day: Ints) -> None:
    """Close renewed loans: the new loan pays the principal, household and state pay the last interest."""
    book = world.book
    interest = np.zeros(len(book))
    due = world.calendar.due_in(month)
    in_force = due.schedule == book.schedule[due.loan]
    np.add.at(interest, due.loan[in_force], due.interest[in_force])
    subsidy = interest[loans] * book.paid_by_state[loans]
    own_interest = interest[loans] - np.round(subsidy, 2)
    principal = book.principal[loans] - book.paid_principal[loans]
    nothing = np.zeros(len(loans))
    write_payments(world, loans, day, nothing, subsidy, "subsidy")
    write_payments(world, loans, day, nothing, own_interest, "borrower")
    write_payments(world, loans, day, principal, nothing, "other")
    np.subtract.at(world.households.cash, book.household[loans], own_interest)
    world.households.cash = np.maximum(world.households.cash, 0)
    book.close(loans, day, RENEWED)
    write_event(world, "renewed", loans, day, book.principal[loans])
    write_event(world, "settled", loans, day, book.principal[loans])


def close_lost_loans(world: World, month: int) -> None:
    """At the month's end the fund compensates some loans long past due, and banks write off some old ones.

    Fund and bank share the loss of a compensated loan; the fund's money reaches the bank on the day.
    """
    book, p, rng, n = world.book, world.parameters, world.chance.repayment, len(world.book)
    days_late = np.where(book.in_arrears, last_day(month) - book.arrears_since, 0)
    matured = book.open & (book.matures_on <= last_day(month))
    compensated = np.flatnonzero(
        matured & (days_late > 90) & (book.product == MICROLOAN) & happens(rng, p.compensated, n)
    )
    day = first_day(month) + integers(rng, 20, 27, len(compensated))
    day = np.maximum(day, book.last_paid_on[compensated])
    amount = np.round(p.fund_share * book.outstanding[compensated], 2)
    write_payments(world, compensated, day, amount, np.zeros(len(compensated)), "compensation_fund")
    book.close(compensated, day, COMPENSATED)
    write_event(world, "compensated", compensated, day, amount)
    written_off = np.flatnonzero(book.open & (days_late > 300) & happens(rng, p.written_off, n))
    day = first_day(month) + integers(rng, 20, 27, len(written_off))
    amount = book.outstanding[written_off]
    book.close(written_off, day, WRITTEN_OFF)
    write_event(world, "written_off", written_off, day, amount)
