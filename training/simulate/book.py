"""The banks' loans as they truly stand, and the instalments they expect."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from training.simulate.days import NEVER, B, F, I

BANKS = ("甲银行", "乙银行", "丙银行", "丁银行")
PRODUCTS = ("microloan", "revolving", "other")
METHODS = ("bullet_quarterly_interest", "bullet_all", "equal_instalment", "equal_principal")
AS_DECLARED, PARTLY, DIVERTED, IDLE = range(4)
FINDINGS = ("as_declared", "partly_diverted", "diverted", "idle")
OUTCOMES = ("open", "settled", "settled_early", "renewed", "compensated", "written_off")
OPEN, SETTLED, SETTLED_EARLY, RENEWED, COMPENSATED, WRITTEN_OFF = range(6)


def _starts_at(value: float | int | bool) -> Any:
    """A state every new loan begins with."""
    return field(default_factory=lambda: np.array([value])[:0], metadata={"start": value})


@dataclass(slots=True)
class Book:
    """One entry a loan, numbered as granted.

    Terms: days originated and matures (in force), months term, yuan principal, `renews` another loan or -1.
    State: yuan due and paid so far, `since` the day from which something is unpaid, `closed` the day it ended,
    relief: extended or itself a renewal. hazard: the highest chance so far that a payment due would be missed.
    """

    household: I
    bank: I
    product: I
    method: I
    principal: F
    rate: F
    originated: I
    term: I
    matures: I
    true_use: I
    subsidy: F
    renews: I
    known: I
    schedule: I = _starts_at(1)
    due_principal: F = _starts_at(0.0)
    due_interest: F = _starts_at(0.0)
    paid_principal: F = _starts_at(0.0)
    paid_interest: F = _starts_at(0.0)
    since: I = _starts_at(NEVER)
    last_paid: I = _starts_at(NEVER)
    closed: I = _starts_at(NEVER)
    outcome: I = _starts_at(OPEN)
    refuses: B = _starts_at(False)
    relief: B = _starts_at(False)
    hazard: F = _starts_at(0.0)

    def __len__(self) -> int:
        return len(self.household)

    @property
    def open(self) -> B:
        return self.outcome == OPEN

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
        return self.open & (self.since != NEVER)

    def add(self, new: Book) -> I:
        """Enter new loans; their numbers."""
        size = len(new)
        for each in fields(Book):
            entries = getattr(new, each.name)
            if "start" in each.metadata:
                entries = np.full(size, each.metadata["start"], dtype=entries.dtype)
            setattr(self, each.name, np.concatenate([getattr(self, each.name), entries]))
        return np.arange(len(self) - size, len(self), dtype=np.int64)

    def close(self, loans: I, day: I, outcome: int) -> None:
        self.outcome[loans] = outcome
        self.closed[loans] = day
