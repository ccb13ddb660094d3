"""Bank records: loans, schedules, payments and events, and the day on which the county learns of each."""

from __future__ import annotations

import numpy as np

from training.simulate.chance import happens, integers
from training.simulate.days import END, NEVER, Floats, Ints, day_in, day_of_month, first_day, month_of
from training.simulate.industries import INDUSTRIES
from training.simulate.loan_book import BANKS, METHODS, PRODUCTS
from training.simulate.schedule import Instalments
from training.simulate.world import World

_NIGHTLY = 0  # the bank whose books the county reads every night; the others deliver once a month
_DELIVERY_DAY = 28  # day of the month of their delivery; what comes later waits for the third of the next
_WITHDRAWN_AFTER = (10, 40)  # days until a mistaken event is withdrawn, assumed
_DELAYED = 0.006  # of rows missing from a delivery, assumed
_MANNERS = np.array(["", "direct", "refund"])
_USES = np.array([*(each.code for each in INDUSTRIES), "other"])


def delivery_days(world: World, loans: Ints, day: Ints) -> Ints:
    """Day on which the county learns of what a bank booked on `day`: 1 to 35 days later, never before the loan.

    A scenario's late bank delivers months later.
    """
    rng, book, scenario, size = world.chance.records, world.book, world.scenario, len(loans)
    nightly = day + integers(rng, 1, 3, size)
    month = month_of(day)
    misses_delivery = (day_of_month(day) >= _DELIVERY_DAY) | happens(rng, _DELAYED, size)
    monthly = np.where(misses_delivery, day_in(month + 1, 3), day_in(month, _DELIVERY_DAY))
    known_on = np.where(book.bank[loans] == _NIGHTLY, nightly, np.maximum(monthly, day + 1))
    is_late = (book.bank[loans] == scenario.late_bank) & (day >= first_day(scenario.begins))
    known_on = np.where(is_late, day_in(month_of(known_on) + scenario.late_months, _DELIVERY_DAY), known_on)
    return np.maximum(known_on, book.known_on[loans])


def write_loans(world: World, loans: Ints, rows: Instalments) -> None:
    """Write new loans and their schedules, delivered together."""
    book, size = world.book, len(loans)
    book.known_on[loans] = delivery_days(world, loans, book.originated_on[loans])
    own_industry = world.households.industry[book.household[loans]]
    declared = np.where(happens(world.chance.records, 0.05, size), len(INDUSTRIES), own_industry)
    world.diary.write(
        "loans",
        loan_id=loans,
        household_id=book.household[loans],
        borrower_member_id=np.searchsorted(world.members.household, book.household[loans]),
        bank=np.array(BANKS)[book.bank[loans]],
        product=np.array(PRODUCTS)[book.product[loans]],
        principal=book.principal[loans],
        annual_rate=book.rate[loans],
        originated_on=book.originated_on[loans],
        matures_on=book.matures_on[loans],
        repayment_method=np.array(METHODS)[book.method[loans]],
        declared_use=_USES[declared],
        subsidy_share=book.subsidy[loans],
        subsidy_manner=_MANNERS[np.where(book.subsidy[loans] > 0, 1 + book.refunded[loans], 0)],
        renews_loan_id=book.renews[loans],
        known_on=book.known_on[loans],
    )
    write_instalments(world, rows, book.known_on[rows.loan])


def write_instalments(world: World, rows: Instalments, known_on: Ints) -> None:
    """Write schedules that are known from a day on."""
    world.diary.write(
        "instalments",
        loan_id=rows.loan,
        schedule_no=rows.schedule,
        due_on=rows.due_on,
        principal_due=rows.principal,
        interest_due=rows.interest,
        known_on=known_on,
    )


def write_payments(world: World, loans: Ints, day: Ints, principal: Floats, interest: Floats, payer: str) -> None:
    """Enter payments in the bank's book, and in the county's tables when they are delivered; sums of 0 are skipped."""
    book = world.book
    principal, interest = np.round(principal, 2), np.round(interest, 2)
    is_paid = principal + interest > 0.005
    loans, day = loans[is_paid], day[is_paid]
    principal, interest = principal[is_paid], interest[is_paid]
    book.paid_principal[loans] += principal
    book.paid_interest[loans] += interest
    book.last_paid_on[loans] = np.maximum(book.last_paid_on[loans], day)
    _write_payment_rows(world, loans, day, principal, interest, payer)


def write_reversed_payments(
    world: World, loans: Ints, day: Ints, reversed_on: Ints, principal: Floats, interest: Floats
) -> None:
    """Write payments of borrowers and their reversals, of the same sums below zero; the book is as it was before."""
    principal, interest = np.round(principal, 2), np.round(interest, 2)
    _write_payment_rows(world, loans, day, principal, interest, "borrower")
    _write_payment_rows(world, loans, reversed_on, -principal, -interest, "borrower")


def _write_payment_rows(world: World, loans: Ints, day: Ints, principal: Floats, interest: Floats, payer: str) -> None:
    world.diary.write(
        "payments",
        payment_id=world.diary.new_ids(len(loans)),
        loan_id=loans,
        paid_on=day,
        principal_paid=principal,
        interest_paid=interest,
        payer=payer,
        known_on=delivery_days(world, loans, day),
    )


def write_event(
    world: World, kind: str, loans: Ints, day: Ints, amount: Floats, new_matures_on: Ints | int = NEVER
) -> Ints:
    """Write an event of loans, and return the days on which the county learns of it."""
    known_on = delivery_days(world, loans, day)
    world.diary.write(
        "loan_events",
        loan_id=loans,
        occurred_on=day,
        kind=kind,
        amount=amount,
        new_matures_on=new_matures_on,
        withdrawn="",
        known_on=known_on,
    )
    return known_on


def write_withdrawn_event(
    world: World, kind: str, loans: Ints, day: Ints, amount: Floats, new_matures_on: Ints | int = NEVER
) -> None:
    """Write events that a bank enters by mistake, and weeks later the same events as withdrawn.

    Only those are written whose withdrawal is known by the last day.
    """
    known_on = delivery_days(world, loans, day)
    withdrawn_on = known_on + integers(world.chance.records, *_WITHDRAWN_AFTER, len(loans))
    rows = np.flatnonzero(withdrawn_on <= END)
    for withdrawn, days in (("", known_on), ("true", withdrawn_on)):
        world.diary.write(
            "loan_events",
            loan_id=loans[rows],
            occurred_on=day[rows],
            kind=kind,
            amount=amount[rows],
            new_matures_on=np.broadcast_to(np.asarray(new_matures_on), (len(loans),))[rows],
            withdrawn=withdrawn,
            known_on=days[rows],
        )
