"""What falls due is paid, forgotten, refused, or cannot be paid: from the household's cash and herd."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate.banks import write_event, write_payments
from training.simulate.book import SETTLED
from training.simulate.chance import happens, sigmoid, whole
from training.simulate.days import NEVER, B, F, I, first_day, last_day
from training.simulate.economy import living_cost
from training.simulate.industries import INDUSTRIES
from training.simulate.schedule import Instalments
from training.simulate.world import World

_ANIMAL = np.array([each.animal for each in INDUSTRIES])
_CENT = 0.005


@dataclass(frozen=True, slots=True)
class Will:
    """One entry a loan that owes something. pays: wants to and thinks of it; gap: chance that kin fill a gap."""

    loans: I
    fresh: B
    pays: B
    gap: F


def collect(world: World, month: int) -> None:
    """The month's instalments: interest first, then what brings principal, each from what is left."""
    parts = world.calendar.due_in(month)
    rows = [part[_in_force(world, part)] for part in parts]
    for with_principal in (False, True):
        fresh = np.zeros(len(world.book), dtype=np.bool_)
        for part in rows:
            _fall_due(world, part[(part.principal > 0) == with_principal], fresh)
        _face(world, month, fresh, old_too=with_principal)
    _settle(world)


def _in_force(world: World, rows: Instalments) -> B:
    book = world.book
    return book.open[rows.loan] & (book.schedule[rows.loan] == rows.schedule)


def _fall_due(world: World, rows: Instalments, fresh: B) -> None:
    """Add to what is due; the state pays its share of the interest, mostly about the day."""
    book = world.book
    np.add.at(book.due_principal, rows.loan, rows.principal)
    np.add.at(book.due_interest, rows.loan, rows.interest)
    fresh[rows.loan] = True
    np.maximum.at(world.newest_due, rows.loan, rows.due_on)
    aided = np.flatnonzero(book.subsidy[rows.loan] > 0)
    loans, size = rows.loan[aided], len(aided)
    rng = world.chance.repayment
    late = happens(rng, world.p.subsidy_late, size)
    day = rows.due_on[aided] + np.where(late, whole(rng, 12, 50, size), whole(rng, -3, 2, size))
    share = rows.interest[aided] * book.subsidy[loans]
    write_payments(world, loans, np.maximum(day, book.originated[loans]), np.zeros(size), share, "subsidy")


def _face(world: World, month: int, fresh: B, old_too: bool) -> None:
    """Every loan with something due or left over from before: will it be paid, and from what?"""
    book = world.book
    owing = book.open & (book.owed > _CENT) & (fresh | old_too)
    loans = np.flatnonzero(owing)
    new = fresh[loans] & (book.since[loans] == NEVER)
    will = _will(world, month, loans, new)
    _pay(world, month, will)
    still = book.owed[loans] > _CENT
    book.since[loans] = np.where(
        still, np.where(book.since[loans] == NEVER, world.newest_due[loans], book.since[loans]), NEVER
    )


def _will(world: World, month: int, loans: I, new: B) -> Will:
    """Forgetting wears off, refusing is given up slowly; both follow from people, place and trouble."""
    book, homes, p, rng = world.book, world.homes, world.p, world.chance.repayment
    home, size = book.household[loans], len(loans)
    principal = book.owed_principal[loans] > _CENT
    trouble = 0.8 * ((homes.sick_until[home] >= month) | (homes.jobless_until[home] >= month))
    gone = 2.0 * (homes.gone_until[home] >= month)
    care = 0.55 * homes.diligence[home] + 0.25 * homes.honesty[home]
    base = np.where(principal, p.forgets_principal, p.forgets_interest)
    forgets = np.where(new, sigmoid(base - care + trouble + gone), p.keeps_forgetting)
    crowd = p.contagion * world.arrears[homes.village[home]]
    misused = 0.7 * (book.true_use[loans] > 0)
    refuses = principal * sigmoid(p.refuses - 0.9 * homes.honesty[home] + crowd + misused + gone)
    turned = np.where(book.refuses[loans], ~happens(rng, p.gives_in, size), happens(rng, refuses * new, size))
    book.refuses[loans] = turned
    odds = np.where(new, p.helped_at_maturity, p.helped_later) + 0.7 * homes.standing[home] - homes.debt[home] / 40_000
    gap = np.where(principal, sigmoid(odds), 0.8)
    _remember(world, month, loans, new, 1 - (1 - forgets) * (1 - refuses), gap)
    return Will(loans, new, ~turned & ~happens(rng, forgets, size), gap)


def _remember(world: World, month: int, loans: I, new: B, missed: F, gap: F) -> None:
    """The truth of a loan: the highest chance that a payment falling due would not be made."""
    short = _means(world, month, loans) < world.book.owed[loans]
    chance = np.where(short, 1 - (1 - missed) * gap, missed)
    hazard = world.book.hazard
    hazard[loans[new]] = np.maximum(hazard[loans], chance)[new]


def _means(world: World, month: int, loans: I) -> F:
    """Cash above a month's living, and for principal a part of the herd."""
    homes, home = world.homes, world.book.household[loans]
    herd = homes.units * world.quick_sale(month) * np.where(_ANIMAL[homes.industry], world.p.raises_animals_share, 0.3)
    principal = world.book.owed_principal[loans] > _CENT
    return np.maximum(homes.cash - living_cost(world), 0)[home] + np.where(principal, herd[home], 0.0)


def _pay(world: World, month: int, will: Will) -> None:
    """In full; or with kin's help; or a round part of it; several loans of a household share what it has."""
    book, rng = world.book, world.chance.repayment
    loans = will.loans[will.pays]
    need, home = book.owed[loans], book.household[loans]
    together = np.bincount(home, weights=need, minlength=len(world.homes))[home]
    share = np.minimum(_means(world, month, loans) / together, 1.0)
    short = share < 1
    helped = short & happens(rng, will.gap[will.pays], len(loans))
    part = np.floor(share * need / 100) * 100 * happens(rng, 0.5, len(loans))
    paid = np.where(~short | helped, need, np.where(part >= 500, part, 0.0))
    lent = np.where(helped, (1 - share) * need, 0.0)
    np.add.at(world.homes.debt, home, lent)
    _take_from_home(world, month, home, paid - lent)
    interest = np.minimum(paid, np.maximum(book.due_interest - book.paid_interest, 0)[loans])
    write_payments(world, loans, _days(world, month, loans, will.fresh[will.pays]), paid - interest, interest, "borrower")


def _take_from_home(world: World, month: int, home: I, yuan: F) -> None:
    """From cash first, then animals and stock are sold."""
    homes = world.homes
    np.subtract.at(homes.cash, home, yuan)
    sold = np.maximum(-homes.cash, 0) / world.quick_sale(month)
    homes.units = np.maximum(homes.units - sold, 0)
    homes.cash = np.maximum(homes.cash, 0)


def _days(world: World, month: int, loans: I, new: B) -> I:
    """About the due day for what fell due this month, any day for what is older."""
    rng, size = world.chance.repayment, len(loans)
    about = np.clip(np.round(rng.normal(-0.5, 2.2, size)), -4, 6).astype(np.int64)
    usual = np.maximum(world.newest_due[loans] + about, world.book.originated[loans])
    any_day = first_day(month) + whole(rng, 0, 27, size)
    latest = np.maximum(world.book.last_paid[loans], any_day)
    return np.where(new, usual, np.minimum(latest, last_day(month)))


def _settle(world: World) -> None:
    """A loan paid to the last cent ends."""
    book = world.book
    done = book.open & (book.principal - book.paid_principal < _CENT) & (book.due_interest - book.paid_interest < _CENT)
    loans = np.flatnonzero(done)
    day = book.last_paid[loans] + whole(world.chance.records, 0, 2, len(loans))
    book.close(loans, day, SETTLED)
    write_event(world, "settled", loans, day, book.principal[loans])
