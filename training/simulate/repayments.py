"""Repayment of what falls due: paid from cash, herd and kin, or forgotten, refused, or out of reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate.banks import write_event, write_payments, write_reversed_payments
from training.simulate.chance import happens, integers, noise_factors, sigmoid
from training.simulate.days import NEVER, Bools, Floats, Ints, first_day, last_day, month_of
from training.simulate.economy import living_cost
from training.simulate.industries import INDUSTRIES
from training.simulate.loan_book import SETTLED
from training.simulate.schedule import Instalments
from training.simulate.world import World

_ANIMAL = np.array([each.animal for each in INDUSTRIES])
_LEAST = 1.005  # yuan that no bank asks for, and half a cent of rounding
_SUBSIDY_DELAY = (8, 25)  # days, assumed: an office's delay, never a bad loan
_REVERSED_AFTER = (1, 5)  # days, assumed
_KIN_REMEMBER = 0.3  # share of a relapse's log-odds by which kin are less ready to lend, assumed
_SMALL = 2000  # yuan: an instalment that no household puts off


@dataclass(frozen=True, slots=True)
class Willingness:
    """Borrowers' intent to pay, one entry a loan that owes something.

    new: nothing was in arrears. pays: wants to pay and thinks of it. kin_chance: chance that kin lend what is missing.
    """

    loans: Ints
    new: Bools
    pays: Bools
    kin_chance: Floats


def collect_instalments(world: World, month: int) -> None:
    """Collect the month's instalments: those of interest alone first, then those with principal; settle paid loans."""
    book = world.book
    due = world.calendar.due_in(month)
    rows = due[book.open[due.loan] & (book.schedule[due.loan] == due.schedule)]
    interest_due = _fall_due(world, rows[rows.principal == 0])
    _collect(world, month, interest_due)
    principal_due = _fall_due(world, rows[rows.principal > 0])
    _collect(world, month, principal_due | ~interest_due)
    loans = np.flatnonzero(book.open & (book.outstanding < _LEAST) & (book.owed < _LEAST))
    day = book.last_paid_on[loans] + integers(world.chance.records, 0, 2, len(loans))
    book.close(loans, day, SETTLED)
    write_event(world, "settled", loans, day, book.principal[loans])
    world.calendar.drop(month)


def _fall_due(world: World, rows: Instalments) -> Bools:
    """Add instalments to what is due, and pay the state's share of their interest; True for each loan with one.

    The subsidy comes about the due day, seldom weeks later.
    """
    book, rng = world.book, world.chance.repayment
    book.due_principal[rows.loan] += rows.principal
    book.due_interest[rows.loan] += rows.interest
    book.newest_due_on[rows.loan] = rows.due_on
    world.unpaid.add(book, rows)
    subsidized = rows[book.paid_by_state[rows.loan] > 0]
    size = len(subsidized)
    late = happens(rng, world.parameters.subsidy_late, size)
    delay = np.where(late, integers(rng, *_SUBSIDY_DELAY, size), integers(rng, -5, 0, size))
    day = np.maximum(subsidized.due_on + delay, book.originated_on[subsidized.loan])
    subsidy = subsidized.interest * book.subsidy[subsidized.loan]
    write_payments(world, subsidized.loan, day, np.zeros(size), subsidy, "subsidy")
    has_instalment = np.zeros(len(book), dtype=np.bool_)
    has_instalment[rows.loan] = True
    return has_instalment


def _collect(world: World, month: int, selected: Bools) -> None:
    """Let the households of the selected loans that owe something pay what they want to and can."""
    book = world.book
    loans = np.flatnonzero(selected & book.open & (book.owed > _LEAST))
    payers = pay(world, month, draw_willingness(world, month, loans, book.arrears_since[loans] == NEVER))
    world.unpaid.remove_covered(book, world.spells, payers)


def draw_willingness(world: World, month: int, loans: Ints, new: Bools) -> Willingness:
    """Who pays: forgetting wears off, and refusing is given up slowly.

    Someone forgets less when much is due, and refuses only then: by character, by what the neighbours do, and when the
    money was spent elsewhere. Both are likelier once the borrower is dead, missing or in custody.
    """
    book, households, p, rng = world.book, world.households, world.parameters, world.chance.repayment
    household = book.household[loans]
    honesty, diligence = households.honesty[household], households.diligence[household]
    large = book.owed_principal[loans] > 0.3 * book.principal[loans]
    borrower_gone = np.where(households.borrower_gone_until[household] >= month, 2.0, 0.0)

    trouble = 0.8 * ((households.sick_until[household] >= month) | (households.jobless_until[household] >= month))
    care = 0.42 * diligence + 0.20 * honesty
    base = np.where(large, p.forgets_principal, p.forgets_interest)
    relapse = relapse_log_odds(world, month, loans)
    forgets = np.where(new, sigmoid(base - care + trouble + borrower_gone + relapse), p.keeps_forgetting)

    crowd = p.contagion * world.arrears_share[households.village[household]]
    misused = 0.7 * (book.true_use[loans] > 0)
    refuses = large * sigmoid(p.refuses - 1.0 * honesty + crowd + misused + borrower_gone)

    gives_in = happens(rng, p.gives_in, len(loans))
    book.refuses[loans] = np.where(book.refuses[loans], ~gives_in, happens(rng, refuses * new, len(loans)))
    pays = ~book.refuses[loans] & ~happens(rng, forgets, len(loans))
    return Willingness(loans, new, pays, np.where(large, kin_help_chances(world, month, loans, new), 0.8))


def relapse_log_odds(world: World, month: int, loans: Ints) -> Floats:
    """Log-odds by which loans that have been bad miss an instalment more often, by the months since their arrears.

    Less often while they are watched, more often afterwards, and seldom once they have long been paid on time.
    """
    p, cleared_on = world.parameters, world.book.cleared_on[loans]
    clean = month - month_of(cleared_on)
    stage = (clean >= p.watched_months).astype(np.int64) + (clean >= p.relapse_months)
    return np.where(cleared_on == NEVER, 0.0, np.array(p.relapses)[stage])


def kin_help_chances(world: World, month: int, loans: Ints, new: Bools) -> Floats:
    """Chance that kin lend what is missing: less the more it is, to households in debt, and where all are short.

    For a loan that was bad they lend the less, the likelier it is to be late again (`relapse_log_odds`).
    """
    households, p, household = world.households, world.parameters, world.book.household[loans]
    base = np.where(new, p.helped_at_maturity, p.helped_later)
    village_strain = p.kin_strained * world.strained_share[households.village[household]]
    strained = village_strain + world.scenario.kin_reluctance(month)
    missing = np.maximum(world.book.owed[loans] - _means(world, month, loans), 0) / p.kin_lend
    kin_ties, debt = households.kin_ties[household], households.debt[household]
    trust = -_KIN_REMEMBER * relapse_log_odds(world, month, loans)
    return sigmoid(base + trust - missing - strained + 0.7 * kin_ties - debt / 40_000)


def _means(world: World, month: int, loans: Ints) -> Floats:
    """Yuan that each loan's household can raise: cash above a month's living cost, and part of the herd.

    A small instalment comes before the living cost.
    """
    households, household = world.households, world.book.household[loans]
    share = np.where(_ANIMAL[households.industry], world.parameters.raises_animals_share, 0.3)
    herd = households.units * world.quick_sale_value(month) * share
    reserve = np.where(world.book.owed[loans] > _SMALL, living_cost(world)[household], 0.0)
    return np.maximum(households.cash[household] - reserve, 0) + herd[household]


def pay(world: World, month: int, willingness: Willingness) -> Ints:
    """Pay in full; or with kin's help; or a round part; returns the loans on which something is paid.

    Several loans of a household share what it has. The money comes from cash first, then animals and stock are sold.
    Few payments are booked wrongly at first: reversed days later, and booked again that day.
    """
    book, households, rng = world.book, world.households, world.chance.repayment
    loans = willingness.loans[willingness.pays]
    owed, household = book.owed[loans], book.household[loans]
    owed_together = np.bincount(household, weights=owed, minlength=len(households))[household]
    raised = _means(world, month, loans) * noise_factors(rng, world.parameters.unseen_means, len(loans))
    share = np.minimum(raised / owed_together, 1.0)
    short = share < 1
    helped = short & happens(rng, willingness.kin_chance[willingness.pays], len(loans))
    round_part = np.floor(share * owed / 100) * 100 * happens(rng, 0.5, len(loans))
    paid = np.where(~short | helped, owed, np.where(round_part >= 500, round_part, 0.0))
    lent_by_kin = np.where(helped, (1 - share) * owed, 0.0)
    np.add.at(households.debt, household, lent_by_kin)
    np.subtract.at(households.cash, household, paid - lent_by_kin)
    sold_units = np.maximum(-households.cash, 0) / world.quick_sale_value(month)
    households.units = np.maximum(households.units - sold_units, 0)
    households.cash = np.maximum(households.cash, 0)
    interest = np.minimum(paid, np.maximum(book.due_interest - book.paid_interest, 0)[loans])
    np.add.at(households.cash, household, interest * (book.subsidy * book.refunded)[loans])
    day, new = draw_payment_days(world, month, loans, willingness.new[willingness.pays]), willingness.new
    is_reversed = new[willingness.pays] & (paid > 0) & happens(rng, world.parameters.payment_reversed, len(loans))
    again = day + np.where(is_reversed, integers(rng, *_REVERSED_AFTER, len(loans)), 0)
    wrong = np.flatnonzero(is_reversed)
    write_reversed_payments(world, loans[wrong], day[wrong], again[wrong], (paid - interest)[wrong], interest[wrong])
    write_payments(world, loans, again, paid - interest, interest, "borrower")
    return loans[paid > 0]


def draw_payment_days(world: World, month: int, loans: Ints, new: Bools) -> Ints:
    """Days about the due day for new instalments, any day of the month for older ones."""
    book, rng, size = world.book, world.chance.repayment, len(loans)
    diligence = world.households.diligence[book.household[loans]]
    late = happens(rng, sigmoid(world.parameters.pays_days_late - 0.6 * diligence), size)
    days_late = np.where(late, integers(rng, 1, 6, size), integers(rng, -4, 0, size))
    about_due_day = np.maximum(book.newest_due_on[loans] + days_late, book.originated_on[loans])
    any_day = first_day(month) + integers(rng, 0, 27, size)
    after_last_payment = np.minimum(np.maximum(book.last_paid_on[loans], any_day), last_day(month))
    return np.where(new, about_due_day, after_last_payment)
