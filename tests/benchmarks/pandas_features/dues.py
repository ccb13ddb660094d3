"""Instalments of the schedules in force, and the day on which each was covered."""

from __future__ import annotations

import pandas as pd

from tests.benchmarks.pandas_features.book import ALWAYS, MONEY, NEVER, Book
from tests.benchmarks.pandas_features.evening import Evening
from tests.benchmarks.pandas_features.grouped import fen, summed

LONGEST_LOOK = 365
"""Days beyond which repayment cover does not look."""


def dues_at(evening: Evening, book: Book) -> pd.DataFrame:
    """By loan and day, without what fell due after the loan was repaid or settled; money in fen.

    principal_covered, interest_covered, covered: the days on which they were.
    """
    columns = ("due_on", "schedule_no", "principal_due", "interest_due")
    rows = evening.in_order("instalments", book.all_loans, *columns)
    in_force = rows[rows["schedule_no"] == rows.groupby("loan")["schedule_no"].transform("max")]
    numbered = in_force.merge(book.loans[["loan", "home", "ended_on"]], on="loan")
    owed = numbered[numbered["due_on"] <= numbered["ended_on"]].reset_index(drop=True)
    dues = pd.DataFrame(
        {
            "loan": owed["loan"],
            "home": owed["home"],
            "day": owed["due_on"],
            "principal": fen(owed["principal_due"]),
            "interest": fen(owed["interest_due"]),
        }
    )
    covered = {f"{money}_covered": _covered(dues, book, money) for money in MONEY}
    whole = {"due": dues["principal"] + dues["interest"], "covered": pd.DataFrame(covered).max(axis=1)}
    return dues.assign(**covered, **whole)


def _covered(dues: pd.DataFrame, book: Book, money: str) -> pd.Series:
    """The first day on which what was paid on each loan reached what was needed."""
    needed = dues.groupby("loan")[money].cumsum()
    asked = dues[["loan"]].assign(to_date=needed, due=dues.index)
    paid = book.payments.loc[book.payments[money] > 0, ["loan", f"{money}_to_date", "day"]]
    found = pd.merge_asof(
        asked.sort_values("to_date"),
        paid.rename(columns={f"{money}_to_date": "to_date"}).sort_values("to_date", kind="stable"),
        on="to_date",
        by="loan",
        direction="forward",
    )
    return found.set_index("due")["day"].reindex(dues.index).fillna(NEVER).mask(needed == 0, ALWAYS)


def due_to_maturity(book: Book, dues: pd.DataFrame) -> pd.DataFrame:
    """What falls due on all open loans of a household until each of them matures."""
    opened = book.opened[["loan", "home"]].assign(
        place=range(len(book.opened)), until=book.opened["matures_on"].clip(0, LONGEST_LOOK)
    )
    coming = dues[(dues["day"] > 0) & dues["loan"].isin(opened["loan"])]
    pairs = opened[["home", "place", "until"]].merge(coming[["home", "day", "due"]], on="home")
    within = pairs[pairs["day"] <= pairs["until"]]
    return pd.DataFrame({"household_due_to_maturity": summed(within["due"], within["place"], len(opened)) / 100})
