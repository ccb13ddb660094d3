"""What falls due is paid, forgotten, refused, or cannot be paid: from the household's cash and herd."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate.banks import write_event, write_payments
from training.simulate.chance import happens, round_about, sigmoid, whole
from training.simulate.days import NEVER, B, F, I, first_day, last_day
from training.simulate.economy import living_cost
from training.simulate.industries import INDUSTRIES
from training.simulate.loan_book import SETTLED
from training.simulate.schedule import Instalments
from training.simulate.world import World

_ANIMAL = np.array([each.animal for each in INDUSTRIES])
_CENT = 0.005
_SUBSIDY_DELAY = (8, 25)  # days, assumed: an office's delay, never a bad loan
_SMALL = 2000  # yuan: an instalment that no household puts off


@dataclass(frozen=True, slots=True)
class Will:
    """One entry a loan that owes something. pays: wants to and thinks of it; gap: chance that kin fill it."""

    loans: I
    fresh: B
    pays: B
    gap: F


def collect(world: World, month: int) -> None:
    """The month's instalments: interest first, then what brings principal, each from what is left."""
    due = world.calendar.due_in(month)
    rows = due[_in_force(world, due)]
    interest = _fall_due(world, rows[rows.principal == 0])
    _face(world, month, interest)
    principal = _fall_due(world, rows[rows.principal > 0])
    _face(world, month, principal | ~interest)
    _settle(world)
    world.unpaid.grow_old(world.book, last_day(month))
    world.calendar.forget(month)


def _in_force(world: World, rows: Instalments) -> B:
    book = world.book
    return np.asarray(book.open[rows.loan] & (book.schedule[rows.loan] == rows.schedule), dtype=np.bool_)


def _fall_due(world: World, rows: Instalments) -> B:
    """Add to what is due; the state pays its share of the interest. True for loans with an instalment."""
    book = world.book
    book.due_principal[rows.loan] += rows.principal
    book.due_interest[rows.loan] += rows.interest
    book.newest_due[rows.loan] = rows.due_on
    world.unpaid.fall_due(book, rows)
    _aid(world, rows[book.subsidy[rows.loan] > 0])
    touched = np.zeros(len(book), dtype=np.bool_)
    touched[rows.loan] = True
    return touched


def _aid(world: World, rows: Instalments) -> None:
    """The subsidy comes about the due day, seldom weeks later."""
    book, rng, size = world.book, world.chance.repayment, len(rows)
    late = happens(rng, world.p.subsidy_late, size)
    day = rows.due_on + np.where(late, whole(rng, *_SUBSIDY_DELAY, size), whole(rng, -5, 0, size))
    day = np.maximum(day, book.originated[rows.loan])
    share = rows.interest * book.subsidy[rows.loan]
    write_payments(world, rows.loan, day, np.zeros(size), share, "subsidy")


def _face(world: World, month: int, faced: B) -> None:
    """Every loan faced that owes something: will it be paid, and from what?"""
    book = world.book
    loans = np.flatnonzero(faced & book.open & (book.owed > _CENT))
    _pay(world, month, _will(world, month, loans, book.since[loans] == NEVER))
    world.unpaid.take_stock(book)


def _will(world: World, month: int, loans: I, new: B) -> Will:
    """Forgetting wears off, refusing is given up slowly; both follow from people, place and trouble."""
    book, rng, size = world.book, world.chance.repayment, len(loans)
    large = book.owed_principal[loans] > 0.3 * book.principal[loans]
    forgets = np.where(new, _forgets(world, month, loans, large), world.p.keeps_forgetting)
    refuses = large * _refuses(world, month, loans)
    gap = np.where(large, _helped(world, month, loans, new), 0.8)
    gives_in = happens(rng, world.p.gives_in, size)
    book.refuses[loans] = np.where(book.refuses[loans], ~gives_in, happens(rng, refuses * new, size))
    return Will(loans, new, ~book.refuses[loans] & ~happens(rng, forgets, size), gap)


def _forgets(world: World, month: int, loans: I, large: B) -> F:
    """Chance that an instalment is missed though there is money."""
    homes, p, home = world.homes, world.p, world.book.household[loans]
    trouble = 0.8 * ((homes.sick_until[home] >= month) | (homes.jobless_until[home] >= month))
    care = 0.42 * homes.diligence[home] + 0.20 * homes.honesty[home]
    base = np.where(large, p.forgets_principal, p.forgets_interest)
    return sigmoid(base - care + trouble + _gone(world, month, home))


def _refuses(world: World, month: int, loans: I) -> F:
    """Chance of not wanting to repay: character, what the neighbours do, money long since spent."""
    homes, p, home = world.homes, world.p, world.book.household[loans]
    crowd = p.contagion * world.arrears[homes.village[home]]
    misused = 0.7 * (world.book.true_use[loans] > 0)
    return sigmoid(p.refuses - 1.0 * homes.honesty[home] + crowd + misused + _gone(world, month, home))


def _gone(world: World, month: int, home: I) -> F:
    """Log-odds added once the one who signed is dead, missing or in custody."""
    return np.where(world.homes.gone_until[home] >= month, 2.0, 0.0)


def _helped(world: World, month: int, loans: I, new: B) -> F:
    """Chance that kin lend what is missing: less the more it is, and to those in debt, and where all are short."""
    homes, p, home = world.homes, world.p, world.book.household[loans]
    base = np.where(new, p.helped_at_maturity, p.helped_later)
    strained = p.kin_strained * world.strained[homes.village[home]] + world.scenario.reluctance(month)
    missing = np.maximum(world.book.owed[loans] - _means(world, month, loans), 0) / p.kin_lend
    return sigmoid(base - missing - strained + 0.7 * homes.standing[home] - homes.debt[home] / 40_000)


def _means(world: World, month: int, loans: I) -> F:
    """Cash above a month's living, and a part of the herd; a small sum is found before the living."""
    homes, home = world.homes, world.book.household[loans]
    share = np.where(_ANIMAL[homes.industry], world.p.raises_animals_share, 0.3)
    herd = homes.units * world.quick_sale(month) * share
    kept = np.where(world.book.owed[loans] > _SMALL, living_cost(world)[home], 0.0)
    return np.maximum(homes.cash[home] - kept, 0) + herd[home]


def _pay(world: World, month: int, will: Will) -> None:
    """In full; or with kin's help; or a round part of it; several loans of a household share what it has."""
    book, rng = world.book, world.chance.repayment
    loans = will.loans[will.pays]
    need, home = book.owed[loans], book.household[loans]
    together = np.bincount(home, weights=need, minlength=len(world.homes))[home]
    raised = _means(world, month, loans) * round_about(rng, world.p.unseen_means, len(loans))
    share = np.minimum(raised / together, 1.0)
    short = share < 1
    helped = short & happens(rng, will.gap[will.pays], len(loans))
    part = np.floor(share * need / 100) * 100 * happens(rng, 0.5, len(loans))
    paid = np.where(~short | helped, need, np.where(part >= 500, part, 0.0))
    lent = np.where(helped, (1 - share) * need, 0.0)
    np.add.at(world.homes.debt, home, lent)
    _take_from_home(world, month, home, paid - lent)
    interest = np.minimum(paid, np.maximum(book.due_interest - book.paid_interest, 0)[loans])
    day = _days(world, month, loans, will.fresh[will.pays])
    write_payments(world, loans, day, paid - interest, interest, "borrower")


def _take_from_home(world: World, month: int, home: I, yuan: F) -> None:
    """From cash first, then animals and stock are sold."""
    homes = world.homes
    np.subtract.at(homes.cash, home, yuan)
    sold = np.maximum(-homes.cash, 0) / world.quick_sale(month)
    homes.units = np.maximum(homes.units - sold, 0)
    homes.cash = np.maximum(homes.cash, 0)


def _days(world: World, month: int, loans: I, new: B) -> I:
    """About the due day for what fell due this month, any day for what is older."""
    book, rng, size = world.book, world.chance.repayment, len(loans)
    careless = sigmoid(world.p.pays_days_late - 0.6 * world.homes.diligence[book.household[loans]])
    about = np.where(happens(rng, careless, size), whole(rng, 1, 6, size), whole(rng, -4, 0, size))
    usual = np.maximum(book.newest_due[loans] + about, book.originated[loans])
    any_day = first_day(month) + whole(rng, 0, 27, size)
    latest = np.maximum(book.last_paid[loans], any_day)
    return np.where(new, usual, np.minimum(latest, last_day(month)))


def _settle(world: World) -> None:
    """A loan paid to the last cent ends."""
    book = world.book
    loans = np.flatnonzero(book.open & (book.outstanding < _CENT) & (book.owed < _CENT))
    day = book.last_paid[loans] + whole(world.chance.records, 0, 2, len(loans))
    book.close(loans, day, SETTLED)
    write_event(world, "settled", loans, day, book.principal[loans])
