"""Repayment schedules: the instalments that a loan's terms make due, and when."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from training.simulate.days import PAYDAY, Bools, Floats, Ints, day_in, day_of_month, month_of
from training.simulate.loan_book import METHODS, Book

_BULLET_QUARTERLY, _BULLET_ALL, _EQUAL_INSTALMENT, _EQUAL_PRINCIPAL = range(len(METHODS))


@dataclass(frozen=True, slots=True)
class Instalments:
    """One entry an instalment, sorted by loan and day.

    loan, schedule: numbers; due_on: day; principal, interest: yuan.
    """

    loan: Ints
    schedule: Ints
    due_on: Ints
    principal: Floats
    interest: Floats

    def __getitem__(self, index: object) -> Instalments:
        return Instalments(*(getattr(self, name)[index] for name in self.__slots__))

    def __len__(self) -> int:
        return len(self.loan)


_NO_INSTALMENTS = Instalments(*(np.zeros(0, dtype=np.int64),) * 3, *(np.zeros(0),) * 2)


class Calendar:
    """The instalments that fall due in each month to come."""

    def __init__(self) -> None:
        self._by_month: dict[int, list[Instalments]] = defaultdict(list)

    def add(self, rows: Instalments, after: int) -> None:
        """Enter the instalments due after a day."""
        rows = rows[rows.due_on > after]
        months = month_of(rows.due_on)
        for month in np.unique(months):
            self._by_month[int(month)].append(rows[months == month])

    def due_in(self, month: int) -> Instalments:
        """Instalments due in a month, in the order in which they were entered."""
        batches = self._by_month[month]
        if len(batches) != 1:
            batches[:] = [_concatenate([_NO_INSTALMENTS, *batches])]
        return batches[0]

    def drop(self, month: int) -> None:
        """Forget a month that is over."""
        del self._by_month[month]

    def copy(self) -> Calendar:
        """A calendar with the same instalments, to which others can be added."""
        copy = Calendar()
        copy._by_month.update({month: list(batches) for month, batches in self._by_month.items()})
        return copy


def instalments(book: Book, loans: Ints) -> Instalments:
    """The whole schedule in force of each loan, from first to last instalment."""
    monthly = book.method[loans] >= _EQUAL_INSTALMENT
    bullet = loans[~monthly]
    in_one_sum = _bullet_instalments(
        book, bullet, book.principal[bullet], book.originated_on[bullet], book.originated_on[bullet]
    )
    return _concatenate([in_one_sum, _monthly_instalments(book, loans[monthly])])


def rest_instalments(book: Book, loans: Ints, agreed_on: Ints, known_on: Ints) -> Instalments:
    """A schedule of what is outstanding of each bullet loan, due after known_on; interest runs from agreed_on."""
    return _bullet_instalments(book, loans, book.outstanding[loans], agreed_on, known_on)


def _concatenate(batches: list[Instalments]) -> Instalments:
    return Instalments(*(np.concatenate([getattr(rows, name) for rows in batches]) for name in Instalments.__slots__))


def _bullet_instalments(book: Book, loans: Ints, principal: Floats, accrues_from: Ints, begins: Ints) -> Instalments:
    """Principal in one sum at maturity; interest each quarter after the month it begins, or all at once."""
    ends = book.matures_on[loans]
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
    previous = np.where(first, accrues_from[loan], np.roll(due_on, 1))
    repaid = np.where(due_on == ends[loan], principal[loan], 0.0)
    interest = principal[loan] * book.rate[loans][loan] * (due_on - previous) / 360
    return Instalments(loans[loan], book.schedule[loans][loan], due_on, repaid, np.round(interest, 2))


def _monthly_instalments(book: Book, loans: Ints) -> Instalments:
    """A share of the principal each month on the day of origination, with interest on the rest."""
    term, begins = book.term[loans], book.originated_on[loans]
    row = np.repeat(np.arange(len(loans)), term)
    number = np.arange(len(row)) - np.repeat(np.cumsum(term) - term, term) + 1
    principal, monthly_rate, terms = book.principal[loans][row], book.rate[loans][row] / 12, term[row]
    even = book.method[loans][row] == _EQUAL_PRINCIPAL
    repaid_earlier = _repaid_principal(principal, monthly_rate, terms, number - 1, even)
    repaid = _repaid_principal(principal, monthly_rate, terms, number, even)
    return Instalments(
        loan=loans[row],
        schedule=book.schedule[loans][row],
        due_on=day_in(month_of(begins)[row] + number, day_of_month(begins)[row]),
        principal=np.round(repaid - repaid_earlier, 2),
        interest=np.round((principal - repaid_earlier) * monthly_rate, 2),
    )


def _repaid_principal(principal: Floats, rate: Floats, term: Ints, number: Ints, even: Bools) -> Floats:
    """Principal repaid after `number` instalments, rounded to the cent so that instalments add up to the principal.

    rate: monthly. even: equal principal each month, else an annuity.
    """
    annuity = ((1 + rate) ** number - 1) / ((1 + rate) ** term - 1)
    return np.round(principal * np.where(even, number / term, annuity), 2)
