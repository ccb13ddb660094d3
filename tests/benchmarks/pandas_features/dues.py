"""Instalments of the schedules in force, and the day on which each was covered."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd

from tests.benchmarks.pandas_features.book import ALWAYS, MONEY, NEVER, Book
from tests.benchmarks.pandas_features.evening import MOST_DAYS, Evening, newest_in_order
from tests.benchmarks.pandas_features.grouped import Array, fen, running

LONGEST_LOOK = 365
"""Days beyond which repayment cover does not look."""


def dues_at(evening: Evening, book: Book) -> pd.DataFrame:
    """By loan and day, without what fell due after the loan was repaid or settled; money in fen.

    principal_covered, interest_covered, covered: the days on which they were.
    """
    read = evening.versions("instalments", book.all_loans, "schedule_no", "due_on", "principal_due", "interest_due")
    rows = newest_in_order(read[_owed(read, book)], "loan", "due_on")
    dues = pd.DataFrame(
        {
            "loan": rows["loan"].astype("int64"),
            "home": book.loans["home"].to_numpy()[rows["loan"]],
            "day": rows["due_on"],
            "principal": fen(rows["principal_due"]),
            "interest": fen(rows["interest_due"]),
        },
        copy=False,
    )
    principal, interest = (_covered(dues, book, money) for money in MONEY)
    return dues.assign(
        due=dues["principal"] + dues["interest"],
        principal_covered=principal,
        interest_covered=interest,
        covered=np.maximum(principal, interest),
    )


def _owed(rows: pd.DataFrame, book: Book) -> Array:
    """Rows of each loan's highest schedule, due by the day it was repaid or settled."""
    loan, schedule = rows["loan"].to_numpy(), rows["schedule_no"].to_numpy()
    highest = np.ones(len(book.loans), dtype="int64")
    np.maximum.at(highest, loan[schedule > 1], schedule[schedule > 1])
    in_force, ended_on = schedule == highest[loan], _ended_on(book)[loan]
    return cast("Array", in_force & (rows["due_on"].to_numpy() <= ended_on))


def _ended_on(book: Book) -> Array:
    """The day by which each loan was repaid or settled; NEVER if it was not."""
    loans = book.loans
    principal = loans["principal"].clip(lower=1).to_numpy()
    repaid = book.reached_on("principal", np.arange(len(loans)), principal)
    return cast("Array", np.minimum(repaid, loans["settled_on"].fillna(NEVER).to_numpy()))


def _covered(dues: pd.DataFrame, book: Book, money: str) -> Array:
    loan, needed = dues["loan"].to_numpy(), running(dues[money], dues["loan"], len(book.loans))
    asked, covered = needed > 0, np.full(len(dues), ALWAYS)
    covered[asked] = book.reached_on(money, loan[asked], needed[asked])
    return covered


def due_to_maturity(book: Book, dues: pd.DataFrame) -> pd.DataFrame:
    """What falls due on all open loans of a household until each of them matures: a running sum, looked up twice."""
    opened = book.loans["is_open"].to_numpy()[dues["loan"]]
    coming = dues.loc[opened & dues["day"].between(1, LONGEST_LOOK).to_numpy(), ["home", "day", "due"]]
    keys = coming["home"].to_numpy() * MOST_DAYS + coming["day"].to_numpy()
    order = np.argsort(keys, kind="stable")
    sums = np.append(0, coming["due"].to_numpy()[order].cumsum())
    loans = book.loans.take(book.opened)
    home, until = loans["home"].to_numpy("int64") * MOST_DAYS, loans["matures_on"].clip(0, LONGEST_LOOK).to_numpy()
    begin, end = (np.searchsorted(keys[order], day, side="right") for day in (home, home + until))
    return pd.DataFrame({"household_due_to_maturity": (sums[end] - sums[begin]) / 100})
