"""Instalments that have fallen due and are not yet covered, and the day on which a loan went bad by the contract."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from training.simulate.days import NEVER, B, F, I
from training.simulate.loan_book import Book
from training.simulate.schedule import Instalments

_CENT = 0.005
_LATEST = np.iinfo(np.int64).max
BAD_AFTER = 30
"""Days past due at which a loan has gone bad (contract, section 2)."""


def _days() -> I:
    return np.zeros(0, dtype=np.int64)


@dataclass(slots=True)
class Unpaid:
    """One entry an instalment. principal, interest: yuan due on its loan up to and with it."""

    loan: I = field(default_factory=_days)
    due_on: I = field(default_factory=_days)
    principal: F = field(default_factory=lambda: np.zeros(0))
    interest: F = field(default_factory=lambda: np.zeros(0))

    def fall_due(self, book: Book, rows: Instalments) -> None:
        """Enter instalments, one a loan, that the book already counts as due."""
        self.loan = np.append(self.loan, rows.loan)
        self.due_on = np.append(self.due_on, rows.due_on)
        self.principal = np.append(self.principal, book.due_principal[rows.loan])
        self.interest = np.append(self.interest, book.due_interest[rows.loan])

    def take_stock(self, book: Book) -> None:
        """Strike out what is covered; a loan is in arrears since its oldest instalment that is not."""
        covered = (book.paid_principal[self.loan] > self.principal - _CENT) & (
            book.paid_interest[self.loan] > self.interest - _CENT
        )
        late = covered & (book.last_paid[self.loan] > self.due_on + BAD_AFTER)
        _go_bad(book, self.loan[late], self.due_on[late] + BAD_AFTER)
        self._keep(~covered)
        book.since = _earliest(len(book), self.loan, self.due_on)

    def grow_old(self, book: Book, today: int) -> None:
        """What is thirty days old by today makes its loan bad; what belongs to an ended loan is let go."""
        self._keep(book.open[self.loan])
        old = self.due_on + BAD_AFTER <= today
        _go_bad(book, self.loan[old], self.due_on[old] + BAD_AFTER)

    def _keep(self, which: B) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name)[which])


def _go_bad(book: Book, loans: I, day: I) -> None:
    """The first such day stands."""
    before = np.flatnonzero(book.bad_on != NEVER)
    loans, day = np.append(before, loans), np.append(book.bad_on[before], day)
    book.bad_on = _earliest(len(book), loans, day)


def _earliest(size: int, loans: I, day: I) -> I:
    """The earliest of its days for each loan, NEVER where it has none."""
    first = np.full(size, _LATEST)
    np.minimum.at(first, loans, day)
    return np.where(first == _LATEST, NEVER, first)
