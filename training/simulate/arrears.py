"""Instalments that are due and not yet covered, and the days on which a loan is bad and recovers by the contract."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from training.simulate.days import NEVER, Bools, Floats, Ints
from training.simulate.loan_book import Book
from training.simulate.schedule import Instalments

BAD_AFTER = 30
"""Days past due at which a loan has gone bad (contract, section 2)."""
_LEAST = 1.005
"""Yuan short that are none (contract, section 2: arrears.least), and half a cent of rounding."""
_LATEST = np.iinfo(np.int64).max


def _no_numbers() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(slots=True)
class BadSpells:
    """Each time that a loan was bad, one entry a time; arrears_ended_on is NEVER while it lasts."""

    loan: Ints = field(default_factory=_no_numbers)
    bad_on: Ints = field(default_factory=_no_numbers)
    arrears_ended_on: Ints = field(default_factory=_no_numbers)

    def begin(self, book: Book, loans: Ints, day: Ints) -> None:
        """Enter loans that go bad, each on the earliest of its days; those that are bad already stay as they are."""
        if not len(loans):
            return
        sound = book.bad_since[loans] == NEVER
        first = _earliest_days(len(book), loans[sound], day[sound])
        new = np.flatnonzero(first != NEVER)
        book.bad_since[new] = first[new]
        self.loan = np.append(self.loan, new)
        self.bad_on = np.append(self.bad_on, first[new])
        self.arrears_ended_on = np.append(self.arrears_ended_on, np.full(len(new), NEVER))

    def end(self, book: Book, loans: Ints, day: Ints) -> None:
        """Enter the days on which arrears ended, of those of the loans, each named once, that are bad."""
        is_bad = book.bad_since[loans] != NEVER
        if not is_bad.any():
            return
        loans, day = loans[is_bad], day[is_bad]
        ended_on = np.full(len(book), NEVER)
        ended_on[loans] = day
        lasting = (self.arrears_ended_on == NEVER) & (ended_on[self.loan] != NEVER)
        self.arrears_ended_on[lasting] = ended_on[self.loan[lasting]]
        book.bad_since[loans] = NEVER
        book.cleared_on[loans] = day


@dataclass(slots=True)
class UnpaidInstalments:
    """One entry an instalment; principal, interest: yuan due on its loan up to and with this instalment."""

    loan: Ints = field(default_factory=_no_numbers)
    due_on: Ints = field(default_factory=_no_numbers)
    principal: Floats = field(default_factory=lambda: np.zeros(0))
    interest: Floats = field(default_factory=lambda: np.zeros(0))

    def add(self, book: Book, rows: Instalments) -> None:
        """Enter instalments, at most one a loan, that the book already counts as due."""
        self.loan = np.append(self.loan, rows.loan)
        self.due_on = np.append(self.due_on, rows.due_on)
        self.principal = np.append(self.principal, book.due_principal[rows.loan])
        self.interest = np.append(self.interest, book.due_interest[rows.loan])

    def remove_covered(self, book: Book, spells: BadSpells, payers: Ints) -> None:
        """Remove what payments cover, and set from when each loan is in arrears: its oldest uncovered instalment.

        payers: loans on which something was just paid; the arrears of those that owe nothing by that day are over.
        """
        covered = (book.paid_principal[self.loan] > self.principal - _LEAST) & (
            book.paid_interest[self.loan] > self.interest - _LEAST
        )
        late = covered & (self.due_on + BAD_AFTER < book.last_paid_on[self.loan])
        spells.begin(book, self.loan[late], self.due_on[late] + BAD_AFTER)
        self._filter(~covered)
        book.arrears_since = _earliest_days(len(book), self.loan, self.due_on)
        owing = self.due_on <= book.last_paid_on[self.loan]
        still_late = np.zeros(len(book), dtype=np.bool_)
        still_late[self.loan[owing]] = True
        over = payers[~still_late[payers]]
        spells.end(book, over, book.last_paid_on[over])

    def release(self, book: Book, spells: BadSpells, loans: Ints, day: Ints) -> None:
        """Remove all instalments of loans that are renewed or extended on a day, which ends their arrears."""
        released_on = np.full(len(book), NEVER)
        released_on[loans] = day
        mine = released_on[self.loan] != NEVER
        late = mine & (self.due_on + BAD_AFTER < released_on[self.loan])
        spells.begin(book, self.loan[late], self.due_on[late] + BAD_AFTER)
        spells.end(book, loans, day)
        self._filter(~mine)
        book.arrears_since[loans] = NEVER

    def mark_bad_loans(self, book: Book, spells: BadSpells, today: int) -> None:
        """Begin the spells of loans with an instalment 30 days old by today; remove instalments of closed loans."""
        self._filter(book.open[self.loan])
        old = self.due_on + BAD_AFTER <= today
        spells.begin(book, self.loan[old], self.due_on[old] + BAD_AFTER)

    def _filter(self, mask: Bools) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name)[mask])


def _earliest_days(size: int, loans: Ints, day: Ints) -> Ints:
    """The earliest of its days for each of `size` loans, NEVER where it has none."""
    first = np.full(size, _LATEST)
    np.minimum.at(first, loans, day)
    return np.where(first == _LATEST, NEVER, first)
