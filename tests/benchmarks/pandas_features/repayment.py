"""Repayment: what fell due, what was paid, by whom, and how late; what is owed, and what comes due."""

from __future__ import annotations

from datetime import date

import pandas as pd

from tests.benchmarks.pandas_features.book import ALWAYS, NEVER, Book
from tests.benchmarks.pandas_features.days import first_day, last_day
from tests.benchmarks.pandas_features.grouped import counted, largest, ratio, summed


def of_loans(book: Book, dues: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """For every loan; what is said of closed ones is not asked for."""
    count = len(book.loans)
    return pd.concat(
        [
            _arrears(book.loans, dues),
            _delays(late_at(dues), count, as_of),
            _shares(book, dues, as_of),
            _coming(book.loans, dues, as_of),
        ],
        axis=1,
    )


def late_at(dues: pd.DataFrame) -> pd.DataFrame:
    """Dues covered after their day, or not at all, and how many days later."""
    late = dues.loc[(dues["day"] < 0) & (dues["covered"] > dues["day"]), ["loan", "home", "day", "covered"]]
    return late.assign(days=late["covered"].clip(upper=0) - late["day"])


def _arrears(loans: pd.DataFrame, dues: pd.DataFrame) -> pd.DataFrame:
    """What has fallen due and is not paid, and since when."""
    past, found = dues.loc[dues["day"] <= 0, ["loan", "principal", "interest"]], {}
    for money in ("principal", "interest"):
        fallen = summed(past[money], past["loan"], len(loans))
        found[f"overdue_{money}"] = (fallen - loans[f"paid_{money}"]).clip(lower=0) / 100
    whole = summed(dues["principal"], dues["loan"], len(loans)) >= loans["principal"]
    since = {"": "covered", "principal_": "principal_covered", "interest_": "interest_covered"}
    for money, covered in since.items():
        unpaid = dues.loc[(dues["day"] < 0) & (dues[covered] == NEVER), ["loan", "day"]]
        days = largest(-unpaid["day"], unpaid["loan"], len(loans), empty=0)
        found[f"{money}days_past_due"] = days.where(whole | (days > 0)) if money else days
    return pd.DataFrame(found)


def _delays(late: pd.DataFrame, count: int, as_of: date) -> pd.DataFrame:
    year = late[late["day"] >= first_day(as_of, 12)]
    recent = year[year["day"] >= first_day(as_of, 6)]
    return pd.DataFrame(
        {
            "days_late_max_6m": largest(recent["days"], recent["loan"], count, empty=0),
            "days_late_max_12m": largest(year["days"], year["loan"], count, empty=0),
            "late_instalments_12m": counted(year["loan"], count),
        }
    )


def _shares(book: Book, dues: pd.DataFrame, as_of: date) -> pd.DataFrame:
    count, begins = len(book.loans), first_day(as_of, 12)
    fell = dues.loc[dues["day"].between(begins, 0), ["loan", "due"]]
    made = book.payments[book.payments["day"] >= begins]
    paid = made["principal"] + made["interest"]
    due = summed(fell["due"], fell["loan"], count)
    return pd.DataFrame(
        {
            "paid_share_12m": ratio(summed(paid, made["loan"], count), due),
            "borrower_paid_share_12m": ratio(summed(paid * made["by_borrower"], made["loan"], count), due),
        }
    )


def _coming(loans: pd.DataFrame, dues: pd.DataFrame, as_of: date) -> pd.DataFrame:
    count = len(loans)
    coming = dues.loc[dues["day"] > 0, ["loan", "day", "due", "principal"]]
    soon = coming[coming["day"] <= last_day(as_of, 6)]
    next_3m, next_5m = (soon[soon["day"] <= last_day(as_of, months)] for months in (3, 5))
    return pd.DataFrame(
        {
            "days_to_next_due": coming.groupby("loan")["day"].min().reindex(range(count)),
            "due_next_3m": summed(next_3m["due"], next_3m["loan"], count) / 100,
            "due_next_6m": summed(soon["due"], soon["loan"], count) / 100,
            "principal_share_next_5m": ratio(
                summed(next_5m["principal"], next_5m["loan"], count), loans["outstanding"]
            ),
        }
    )


def of_homes(book: Book, dues: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """How a household kept to the due days of all its loans, open and closed."""
    homes, late = book.households, late_at(dues)
    ever = counted(dues.loc[dues["day"] <= 0, "home"], homes)
    year = late[late["day"] >= first_day(as_of, 12)]
    asked_12m = counted(dues.loc[dues["day"].between(first_day(as_of, 12), 0), "home"], homes)
    paid = dues.loc[(dues["covered"] != NEVER) & (dues["covered"] != ALWAYS), ["home", "day", "covered"]]
    ahead = summed(paid["day"] - paid["covered"], paid["home"], homes)
    longest = largest(year["days"], year["home"], homes, empty=0)
    return book.handed_out(
        pd.DataFrame(
            {
                "household_instalments_ever": ever,
                "household_late_share": ratio(counted(late["home"], homes), ever),
                "household_days_late_max_12m": longest.where(asked_12m > 0),
                "household_days_late_mean": ratio(summed(late["days"], late["home"], homes), ever),
                "household_days_before_due_mean": ratio(ahead, counted(paid["home"], homes)),
            }
        )
    )
