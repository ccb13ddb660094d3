"""The banks' loans with their true state, and the instalments due on them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from training.simulate.days import NEVER, Bools, Floats, Ints

BANKS = ("甲银行", "乙银行", "丙银行", "丁银行")
PRODUCTS = ("microloan", "revolving", "other")
MICROLOAN, REVOLVING, OTHER = range(3)
METHODS = ("bullet_quarterly_interest", "bullet_all", "equal_instalment", "equal_principal")
AS_DECLARED, PARTLY, DIVERTED, IDLE = range(4)
FINDINGS = ("as_declared", "partly_diverted", "diverted", "idle")
OUTCOMES = ("open", "settled", "settled_early", "renewed", "compensated", "written_off")
OPEN, SETTLED, SETTLED_EARLY, RENEWED, COMPENSATED, WRITTEN_OFF = range(6)

_INITIAL_STATE: dict[str, float | int | bool] = {
    "rate": 0.0,
    "matures_on": NEVER,
    "schedule": 1,
    "due_principal": 0.0,
    "due_interest": 0.0,
    "paid_principal": 0.0,
    "paid_interest": 0.0,
    "arrears_since": NEVER,
    "newest_due_on": NEVER,
    "last_paid_on": NEVER,
    "closed_on": NEVER,
    "known_on": NEVER,
    "outcome": OPEN,
    "refuses": False,
    "checked": False,
    "had_relief": False,
    "bad_since": NEVER,
    "cleared_on": NEVER,
}
"""State of every loan when it is granted."""


@dataclass(slots=True)
class Terms:
    """Agreed terms, one entry a loan.

    household, bank, product, method: numbers; principal: yuan; term: months; originated_on: day; subsidy: the state's
    share of the interest; refunded: whether the household pays that share and is paid back; renews: the loan that this
    one renews, or -1. true_use, what the money is really used for, is in no table.
    """

    household: Ints
    bank: Ints
    product: Ints
    method: Ints
    principal: Floats
    term: Ints
    originated_on: Ints
    true_use: Ints
    subsidy: Floats
    refunded: Bools
    renews: Ints

    def __len__(self) -> int:
        return len(self.household)


@dataclass(slots=True)
class Book(Terms):
    """All loans with their state, one entry a loan, numbered as granted.

    rate: yearly interest rate. matures_on: last day of the schedule in force, whose number is `schedule`. due_*,
    paid_*: yuan so far. arrears_since: first day from which something is unpaid. had_relief: extended, or itself a
    renewal. bad_since: first day of the time that it is bad now, by the contract. cleared_on: day on which its arrears
    ended when it was last bad.
    """

    rate: Floats
    matures_on: Ints
    schedule: Ints
    due_principal: Floats
    due_interest: Floats
    paid_principal: Floats
    paid_interest: Floats
    arrears_since: Ints
    newest_due_on: Ints
    last_paid_on: Ints
    closed_on: Ints
    known_on: Ints
    outcome: Ints
    refuses: Bools
    checked: Bools
    had_relief: Bools
    bad_since: Ints
    cleared_on: Ints

    @property
    def paid_by_state(self) -> Floats:
        """The share of each loan's interest that the state pays the bank."""
        return np.where(self.refunded, 0.0, self.subsidy)

    @property
    def open(self) -> Bools:
        """Whether each loan is open."""
        return np.asarray(self.outcome == OPEN, dtype=np.bool_)

    @property
    def owed(self) -> Floats:
        """Principal and interest due and not paid, yuan."""
        return self.owed_principal + np.maximum(self.due_interest - self.paid_interest, 0)

    @property
    def owed_principal(self) -> Floats:
        """Principal due and not paid, yuan."""
        return np.maximum(self.due_principal - self.paid_principal, 0)

    @property
    def outstanding(self) -> Floats:
        """Principal not yet repaid, due or not, yuan; 0 for closed loans."""
        return np.where(self.open, self.principal - self.paid_principal, 0.0)

    @property
    def in_arrears(self) -> Bools:
        """Whether each loan is open with something unpaid."""
        return np.asarray(self.open & (self.arrears_since != NEVER), dtype=np.bool_)

    def add(self, terms: Terms) -> Ints:
        """Enter new loans, nothing due or paid yet, and return their numbers."""
        size = len(terms)
        for name, start in _INITIAL_STATE.items():
            setattr(self, name, np.append(getattr(self, name), np.full(size, start)))
        for each in fields(Terms):
            setattr(self, each.name, np.append(getattr(self, each.name), getattr(terms, each.name)))
        return np.arange(len(self) - size, len(self), dtype=np.int64)

    def close(self, loans: Ints, day: Ints, outcome: int) -> None:
        """End loans on a day, with one of the OUTCOMES by number."""
        self.outcome[loans] = outcome
        self.closed_on[loans] = day


def empty_book() -> Book:
    """A book without loans."""
    numbers, yuan = np.zeros(0, dtype=np.int64), np.zeros(0)
    no = np.zeros(0, dtype=np.bool_)
    terms = Terms(numbers, numbers, numbers, numbers, yuan, numbers, numbers, numbers, yuan, no, numbers)
    states = {name: np.array([start])[:0] for name, start in _INITIAL_STATE.items()}
    return Book(**{each.name: getattr(terms, each.name) for each in fields(Terms)}, **states)
