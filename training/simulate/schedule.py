"""Instalments: what a loan's terms make due, and when."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from training.simulate.days import PAYDAY, B, F, I, day_in, day_number, month_of
from training.simulate.loan_book import METHODS, Book

_BULLET_QUARTERLY, _BULLET_ALL, _EQUAL_INSTALMENT, _EQUAL_PRINCIPAL = range(len(METHODS))


@dataclass(frozen=True, slots=True)
class Instalments:
    """One entry an instalment, by loan and day; yuan."""

    loan: I
    schedule: I
    due_on: I
    principal: F
    interest: F

    def __getitem__(self, which: object) -> Instalments:
        return Instalments(*(getattr(self, name)[which] for name in self.__slots__))

    def __len__(self) -> int:
        return len(self.loan)


_NONE = Instalments(*(np.zeros(0, dtype=np.int64),) * 3, *(np.zeros(0),) * 2)


class Calendar:
    """The instalments that fall due in each month to come."""

    def __init__(self) -> None:
        self._by_month: dict[int, list[Instalments]] = defaultdict(list)

    def expect(self, rows: Instalments, after: int) -> None:
        """Enter the instalments due after that day."""
        rows = rows[rows.due_on > after]
        months = month_of(rows.due_on)
        for month in np.unique(months):
            self._by_month[int(month)].append(rows[months == month])

    def due_in(self, month: int) -> Instalments:
        """In the order in which they were entered."""
        parts = self._by_month[month]
        if len(parts) != 1:
            parts[:] = [_joined([_NONE, *parts])]
        return parts[0]

    def forget(self, month: int) -> None:
        del self._by_month[month]

    def copied(self) -> Calendar:
        """The same expectations, to which others can be added."""
        copy = Calendar()
        copy._by_month.update({month: list(parts) for month, parts in self._by_month.items()})
        return copy


def instalments(book: Book, loans: I) -> Instalments:
    """The whole schedule in force of each loan, from first to last instalment."""
    method = book.method[loans]
    monthly = method >= _EQUAL_INSTALMENT
    parts = [_bullet(book, loans[~monthly]), _monthly(book, loans[monthly])]
    return _joined(parts)


def _joined(parts: list[Instalments]) -> Instalments:
    return Instalments(*(np.concatenate([getattr(part, name) for part in parts]) for name in Instalments.__slots__))


def _bullet(book: Book, loans: I) -> Instalments:
    """Principal in one sum at maturity; interest each quarter after the month it begins, or all at once."""
    begins, ends = book.originated[loans], book.matures[loans]
    months = month_of(begins)[:, None] + np.arange(1, 64)
    days = day_in(months, PAYDAY)
    quarterly = (book.method[loans] == _BULLET_QUARTERLY)[:, None]
    due = quarterly & (months % 3 == 2) & (days < ends[:, None])
    row, column = np.nonzero(due)
    loan = np.concatenate([row, np.arange(len(loans))])
    due_on = np.concatenate([days[row, column], ends])
    order = np.lexsort((due_on, loan))
    loan, due_on = loan[order], due_on[order]
    first = np.concatenate([[True], loan[1:] != loan[:-1]])[: len(loan)]
    previous = np.where(first, begins[loan], np.roll(due_on, 1))
    principal = np.where(due_on == ends[loan], book.principal[loans][loan], 0.0)
    interest = book.principal[loans][loan] * book.rate[loans][loan] * (due_on - previous) / 360
    return Instalments(loans[loan], book.schedule[loans][loan], due_on, principal, np.round(interest, 2))


def _monthly(book: Book, loans: I) -> Instalments:
    """A part of the principal each month on the day of origination, with interest on what is left."""
    term, begins = book.term[loans], book.originated[loans]
    at = np.repeat(np.arange(len(loans)), term)
    number = np.arange(len(at)) - np.repeat(np.cumsum(term) - term, term) + 1
    principal, monthly_rate, terms = book.principal[loans][at], book.rate[loans][at] / 12, term[at]
    even = book.method[loans][at] == _EQUAL_PRINCIPAL
    before = _repaid(principal, monthly_rate, terms, number - 1, even)
    after = _repaid(principal, monthly_rate, terms, number, even)
    return Instalments(
        loan=loans[at],
        schedule=book.schedule[loans][at],
        due_on=day_in(month_of(begins)[at] + number, day_number(begins)[at]),
        principal=np.round(after - before, 2),
        interest=np.round((principal - before) * monthly_rate, 2),
    )


def _repaid(principal: F, rate: F, term: I, number: I, even: B) -> F:
    """Principal repaid after that many instalments, to the cent so that the parts add up."""
    annuity = ((1 + rate) ** number - 1) / ((1 + rate) ** term - 1)
    return np.round(principal * np.where(even, number / term, annuity), 2)
