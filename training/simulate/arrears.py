"""Instalments that are due and not yet covered, and the day on which a loan goes bad by the contract."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from training.simulate.days import NEVER, Bools, Floats, Ints
from training.simulate.loan_book import Book
from training.simulate.schedule import Instalments

BAD_AFTER = 30
"""Days past due at which a loan has gone bad (contract, section 2)."""
_CENT = 0.005
_LATEST = np.iinfo(np.int64).max


def _no_numbers() -> Ints:
    return np.zeros(0, dtype=np.int64)


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

    def remove_covered(self, book: Book) -> None:
        """Remove what payments cover, and set from when each loan is in arrears: its oldest uncovered instalment."""
        covered = (book.paid_principal[self.loan] > self.principal - _CENT) & (
            book.paid_interest[self.loan] > self.interest - _CENT
        )
        late = covered & (book.last_paid_on[self.loan] > self.due_on + BAD_AFTER)
        _set_bad_on(book, self.loan[late], self.due_on[late] + BAD_AFTER)
        self._filter(~covered)
        book.arrears_since = _earliest_days(len(book), self.loan, self.due_on)

    def mark_bad_loans(self, book: Book, today: int) -> None:
        """Set `bad_on` of loans with an instalment 30 days old by today; remove instalments of closed loans."""
        self._filter(book.open[self.loan])
        old = self.due_on + BAD_AFTER <= today
        _set_bad_on(book, self.loan[old], self.due_on[old] + BAD_AFTER)

    def _filter(self, mask: Bools) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name)[mask])


def _set_bad_on(book: Book, loans: Ints, day: Ints) -> None:
    """Record the days on which loans go bad; the earliest day of a loan counts."""
    bad_loans = np.flatnonzero(book.bad_on != NEVER)
    loans, day = np.append(bad_loans, loans), np.append(book.bad_on[bad_loans], day)
    book.bad_on = _earliest_days(len(book), loans, day)


def _earliest_days(size: int, loans: Ints, day: Ints) -> Ints:
    """The earliest of its days for each of `size` loans, NEVER where it has none."""
    first = np.full(size, _LATEST)
    np.minimum.at(first, loans, day)
    return np.where(first == _LATEST, NEVER, first)
