"""What banks write down of their loans, and when the county learns of it."""

from __future__ import annotations

import numpy as np

from training.simulate.chance import happens, whole
from training.simulate.days import NEVER, F, I, day_in, day_number, first_day, month_of
from training.simulate.industries import INDUSTRIES
from training.simulate.loan_book import BANKS, METHODS, PRODUCTS
from training.simulate.schedule import Instalments
from training.simulate.world import World

_NIGHTLY = 0  # the bank whose books the county reads every night; the others deliver once a month
_CLOSES = 28  # day of the month of their delivery; what comes later waits for the third of the next
_DELAYED = 0.006  # of rows missing from a delivery, assumed
_USES = np.array([*(each.code for each in INDUSTRIES), "other"])


def delivered(world: World, loans: I, day: I) -> I:
    """The day the county learns what a bank booked on `day`: 1 to 35 days later, never before the loan."""
    rng, book, size = world.chance.records, world.book, len(loans)
    nightly = day + whole(rng, 1, 3, size)
    month = month_of(day)
    late = (day_number(day) >= _CLOSES) | happens(rng, _DELAYED, size)
    monthly = np.where(late, day_in(month + 1, 3), day_in(month, _CLOSES))
    known = np.where(book.bank[loans] == _NIGHTLY, nightly, np.maximum(monthly, day + 1))
    return np.maximum(_held_back(world, loans, day, known), book.known[loans])


def _held_back(world: World, loans: I, day: I, known: I) -> I:
    """A scenario's bank delivers months later what it books from then on."""
    scenario = world.scenario
    late = (world.book.bank[loans] == scenario.late_bank) & (day >= first_day(scenario.begins))
    return np.where(late, day_in(month_of(known) + scenario.late_months, _CLOSES), known)


def write_loans(world: World, loans: I, rows: Instalments) -> None:
    """New loans and their schedules, delivered together."""
    book, size = world.book, len(loans)
    book.known[loans] = delivered(world, loans, book.originated[loans])
    own = world.homes.industry[book.household[loans]]
    declared = np.where(happens(world.chance.records, 0.05, size), len(INDUSTRIES), own)
    world.diary.write(
        "loans",
        loan_id=loans,
        household_id=book.household[loans],
        borrower_member_id=np.searchsorted(world.members.household, book.household[loans]),
        bank=np.array(BANKS)[book.bank[loans]],
        product=np.array(PRODUCTS)[book.product[loans]],
        principal=book.principal[loans],
        annual_rate=book.rate[loans],
        originated_on=book.originated[loans],
        matures_on=book.matures[loans],
        repayment_method=np.array(METHODS)[book.method[loans]],
        declared_use=_USES[declared],
        subsidy_share=book.subsidy[loans],
        renews_loan_id=book.renews[loans],
        known_on=book.known[loans],
    )
    write_instalments(world, rows, book.known[rows.loan])


def write_instalments(world: World, rows: Instalments, known: I) -> None:
    world.diary.write(
        "instalments",
        loan_id=rows.loan,
        schedule_no=rows.schedule,
        due_on=rows.due_on,
        principal_due=rows.principal,
        interest_due=rows.interest,
        known_on=known,
    )


def write_payments(world: World, loans: I, day: I, principal: F, interest: F, payer: str) -> None:
    """Enter payments in the bank's book, and in the county's when they are delivered."""
    book = world.book
    principal, interest = np.round(principal, 2), np.round(interest, 2)
    something = principal + interest > 0.005
    loans, day = loans[something], day[something]
    principal, interest = principal[something], interest[something]
    book.paid_principal[loans] += principal
    book.paid_interest[loans] += interest
    book.last_paid[loans] = np.maximum(book.last_paid[loans], day)
    world.diary.write(
        "payments",
        payment_id=world.diary.numbers(len(loans)),
        loan_id=loans,
        paid_on=day,
        principal_paid=principal,
        interest_paid=interest,
        payer=payer,
        known_on=delivered(world, loans, day),
    )


def write_event(world: World, kind: str, loans: I, day: I, amount: F, matures: I | int = NEVER) -> I:
    """An event of loans, and the day the county learns of it."""
    known = delivered(world, loans, day)
    world.diary.write(
        "loan_events",
        loan_id=loans,
        occurred_on=day,
        kind=kind,
        amount=amount,
        new_matures_on=matures,
        known_on=known,
    )
    return known
