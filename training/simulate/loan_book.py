"""The banks' loans as they truly stand, and the instalments they expect."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from training.simulate.days import NEVER, B, F, I

BANKS = ("甲银行", "乙银行", "丙银行", "丁银行")
PRODUCTS = ("microloan", "revolving", "other")
MICROLOAN, REVOLVING, OTHER = range(3)
METHODS = ("bullet_quarterly_interest", "bullet_all", "equal_instalment", "equal_principal")
AS_DECLARED, PARTLY, DIVERTED, IDLE = range(4)
FINDINGS = ("as_declared", "partly_diverted", "diverted", "idle")
OUTCOMES = ("open", "settled", "settled_early", "renewed", "compensated", "written_off")
OPEN, SETTLED, SETTLED_EARLY, RENEWED, COMPENSATED, WRITTEN_OFF = range(6)


@dataclass(slots=True)
class Terms:
    """What was agreed, one entry a loan: day originated, months term, yuan principal, the state's share of
    the interest, the loan that this one renews or -1; and, unseen, what the money is really used for."""

    household: I
    bank: I
    product: I
    method: I
    principal: F
    term: I
    originated: I
    true_use: I
    subsidy: F
    renews: I

    def __len__(self) -> int:
        return len(self.household)


@dataclass(slots=True)
class Book(Terms):
    """One entry a loan, numbered as granted, with its state.

    rate, matures: yearly rate, last day in force. schedule: number of the one in force. due_*, paid_*: yuan
    so far. newest_due, last_paid, closed, known: days. since: the day from which something is unpaid.
    relief: extended, or itself a renewal. bad_on: the day it went bad by the contract.
    """

    rate: F
    matures: I
    schedule: I
    due_principal: F
    due_interest: F
    paid_principal: F
    paid_interest: F
    since: I
    newest_due: I
    last_paid: I
    closed: I
    known: I
    outcome: I
    refuses: B
    checked: B
    relief: B
    bad_on: I

    @property
    def open(self) -> B:
        return np.asarray(self.outcome == OPEN, dtype=np.bool_)

    @property
    def owed(self) -> F:
        """Principal and interest due and not paid, yuan."""
        return self.owed_principal + np.maximum(self.due_interest - self.paid_interest, 0)

    @property
    def owed_principal(self) -> F:
        return np.maximum(self.due_principal - self.paid_principal, 0)

    @property
    def outstanding(self) -> F:
        return np.where(self.open, self.principal - self.paid_principal, 0.0)

    @property
    def in_arrears(self) -> B:
        return np.asarray(self.open & (self.since != NEVER), dtype=np.bool_)

    def add(self, terms: Terms) -> I:
        """Enter new loans, nothing due or paid yet; their numbers."""
        size = len(terms)
        for name, start in _AT_FIRST.items():
            setattr(self, name, np.append(getattr(self, name), np.full(size, start)))
        for each in fields(Terms):
            setattr(self, each.name, np.append(getattr(self, each.name), getattr(terms, each.name)))
        return np.arange(len(self) - size, len(self), dtype=np.int64)

    def close(self, loans: I, day: I, outcome: int) -> None:
        self.outcome[loans] = outcome
        self.closed[loans] = day


_AT_FIRST: dict[str, float | int | bool] = {
    "rate": 0.0,
    "matures": NEVER,
    "schedule": 1,
    "due_principal": 0.0,
    "due_interest": 0.0,
    "paid_principal": 0.0,
    "paid_interest": 0.0,
    "since": NEVER,
    "newest_due": NEVER,
    "last_paid": NEVER,
    "closed": NEVER,
    "known": NEVER,
    "outcome": OPEN,
    "refuses": False,
    "checked": False,
    "relief": False,
    "bad_on": NEVER,
}
"""What every loan begins with."""


def empty_book() -> Book:
    whole, yuan = np.zeros(0, dtype=np.int64), np.zeros(0)
    terms = Terms(whole, whole, whole, whole, yuan, whole, whole, whole, yuan, whole)
    states = {name: np.array([start])[:0] for name, start in _AT_FIRST.items()}
    return Book(**{each.name: getattr(terms, each.name) for each in fields(Terms)}, **states)
