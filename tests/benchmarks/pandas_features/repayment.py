"""Repayment: what fell due, what was paid, by whom, and how late; what is owed, and what comes due."""

from __future__ import annotations

from datetime import date

import pandas as pd

from tests.benchmarks.pandas_features.book import Book
from tests.benchmarks.pandas_features.community import county_of
from tests.benchmarks.pandas_features.days import dates, first_day, last_day, months_since
from tests.benchmarks.pandas_features.grouped import counted, largest, ratio, summed, yuan

LONGEST_LOOK = 365
"""Days beyond which repayment cover does not look."""
_OWED = ["overdue_principal", "overdue_interest", "subsidy_overdue", "times_bad"]
_STATUS = ["status", "has_gone_bad", "bad_by", "probation_dues_left"]
_STATUS_DAYS = ["bad_since", "bad_due_on", "arrears_ended_on", "probation_until"]


def of_loans(book: Book, as_of: date) -> pd.DataFrame:
    """For every loan; what is said of closed ones is not asked for."""
    count = len(book.loans)
    return pd.concat(
        [
            book.loans[[*_STATUS, *_OWED]],
            pd.DataFrame({name: _day_or_missing(as_of, book.loans[name]) for name in _STATUS_DAYS}),
            months_since(as_of, book.loans["arrears_ended_on"]).rename("months_since_arrears"),
            _arrears(book.loans, book.dues),
            _delays(late_at(book.dues), count, as_of),
            _shares(book, as_of),
            _coming(book.loans, book.dues, as_of),
        ],
        axis=1,
    )


def _day_or_missing(as_of: date, days: pd.Series) -> pd.Series:
    return pd.Series(dates(as_of, days), index=days.index).where(days.notna())


def late_at(dues: pd.DataFrame) -> pd.DataFrame:
    """Dues covered after their day, or not at all, and how many days later."""
    covered = dues["covered"].fillna(0)
    late = dues.loc[(dues["day"] < 0) & (covered > dues["day"]), ["loan", "home", "day"]]
    return late.assign(days=covered - late["day"])


def _arrears(loans: pd.DataFrame, dues: pd.DataFrame) -> pd.DataFrame:
    """Since when what has fallen due is not covered; without a schedule nobody says it before the maturity."""
    found, is_told = {}, loans["has_schedule"] | (loans["matures_on"] < 0)
    since = {"": "covered", "principal_": "principal_covered", "interest_": "interest_covered"}
    for money, covered in since.items():
        unpaid = dues.loc[(dues["day"] < 0) & dues[covered].isna(), ["loan", "day"]]
        days = largest(-unpaid["day"], unpaid["loan"], len(loans), empty=0)
        found[f"{money}days_past_due"] = days.where(is_told | (days > 0)) if money else days
    fallen = dues.loc[dues["day"] <= 0]
    since_last_due = -largest(fallen["day"], fallen["loan"], len(loans))
    return pd.DataFrame(found | {"has_schedule": loans["has_schedule"], "days_since_last_due": since_last_due})


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


def _shares(book: Book, as_of: date) -> pd.DataFrame:
    count, begins = len(book.loans), first_day(as_of, 12)
    fell = book.dues.loc[book.dues["day"].between(begins, 0), ["loan", "whole_due"]]
    made = book.payments[(book.payments["day"] >= begins) & book.payments["counts"]]
    paid = made["principal"] + made["interest"]
    due = summed(fell["whole_due"], fell["loan"], count)
    return pd.DataFrame(
        {
            "paid_share_12m": ratio(summed(paid, made["loan"], count), due),
            "borrower_paid_share_12m": ratio(summed(paid * (made["payer"] == "borrower"), made["loan"], count), due),
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
            "due_next_3m": yuan(summed(next_3m["due"], next_3m["loan"], count)),
            "due_next_6m": yuan(summed(soon["due"], soon["loan"], count)),
            "principal_share_next_5m": ratio(
                summed(next_5m["principal"], next_5m["loan"], count), loans["outstanding"]
            ),
        }
    )


def of_homes(book: Book, as_of: date) -> pd.DataFrame:
    """How a household kept to the due days of all its loans, open and closed."""
    homes, dues, late = book.households, book.dues, late_at(book.dues)
    ever = counted(dues.loc[dues["day"] <= 0, "home"], homes)
    year = late[late["day"] >= first_day(as_of, 12)]
    asked_12m = counted(dues.loc[dues["day"].between(first_day(as_of, 12), 0), "home"], homes)
    paid = dues.loc[dues["ahead"].notna(), ["home", "ahead"]]
    ahead = summed(paid["ahead"], paid["home"], homes)
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


def of_banks(book: Book, village_code: pd.Series) -> pd.DataFrame:
    """For each open loan, the days since a payment to its bank, in its county, became known. village_code: by home."""
    loans = book.loans
    county = county_of(village_code)[loans["home"]].set_axis(loans.index)
    known_on = loans["paid_known_on"].where(loans["originated_on"] <= 0)
    newest = known_on.groupby([county, loans["bank"]], observed=True).transform("max")
    return pd.DataFrame({"days_since_bank_payments": book.for_open_loans(-newest)})


def due_to_maturity(book: Book) -> pd.DataFrame:
    """What falls due on all open loans of a household until each of them matures."""
    opened = book.opened[["loan", "home"]].assign(
        place=range(len(book.opened)), until=book.opened["matures_on"].clip(0, LONGEST_LOOK)
    )
    coming = book.dues[(book.dues["day"] > 0) & book.dues["loan"].isin(opened["loan"])]
    pairs = opened[["home", "place", "until"]].merge(coming[["home", "day", "due"]], on="home")
    within = pairs[pairs["day"] <= pairs["until"]]
    return pd.DataFrame({"household_due_to_maturity": yuan(summed(within["due"], within["place"], len(opened)))})
