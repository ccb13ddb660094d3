"""Debt and credit: what the household borrowed here, and what other lenders report."""

from __future__ import annotations

from datetime import date

import pandas as pd

from tests.benchmarks.pandas_features.book import Book
from tests.benchmarks.pandas_features.days import first_day, months_since
from tests.benchmarks.pandas_features.evening import Evening
from tests.benchmarks.pandas_features.grouped import counted, flags, largest, summed, total

_DEFAULT = ("default_elsewhere", "court_enforcement")


def of_loans(book: Book, as_of: date) -> pd.DataFrame:
    """Over all loans of a household, and over its open ones."""
    homes, loans = book.households, book.loans
    loans = loans.assign(overdue=loans["overdue_principal"] + loans["overdue_interest"])
    paid_out, is_open = loans[loans["originated_on"] <= 0], loans[loans["is_open"]]
    new = paid_out[paid_out["originated_on"] >= first_day(as_of, 12)]
    months = months_since(as_of, paid_out["originated_on"])
    return book.handed_out(
        pd.DataFrame(
            {
                "household_outstanding": summed(is_open["outstanding"], is_open["home"], homes) / 100,
                "household_open_loans": counted(is_open["home"], homes),
                "household_overdue_amount": summed(is_open["overdue"], is_open["home"], homes).round(6),
                "household_loans_ever": counted(paid_out["home"], homes),
                "household_new_loans_12m": counted(new["home"], homes),
                "household_months_known": largest(months, paid_out["home"], homes),
                "household_principal_max": largest(paid_out["principal"], paid_out["home"], homes) / 100,
            }
        )
    )


def of_events(evening: Evening, book: Book) -> pd.DataFrame:
    homes, as_of = book.households, evening.as_of
    rows = evening.known("credit_events", book.homes, "occurred_on", "kind", "amount", "closed_on")
    default = rows[rows["kind"].isin(_DEFAULT) & ~(rows["closed_on"] <= 0)]
    year = rows[rows["occurred_on"] >= first_day(as_of, 12)]
    borrowed = year[year["kind"] == "new_debt"]
    asked = year[(year["kind"] == "inquiry") & (year["occurred_on"] >= first_day(as_of, 6))]
    return book.handed_out(
        pd.DataFrame(
            {
                "default_elsewhere": flags(default["home"], homes),
                "overdue_elsewhere_12m": counted(year.loc[year["kind"] == "overdue_elsewhere", "home"], homes),
                "new_debt_12m": total(borrowed["amount"], borrowed["home"], homes),
                "guarantees_called_12m": counted(year.loc[year["kind"] == "guarantee_called", "home"], homes),
                "inquiries_6m": counted(asked["home"], homes),
            }
        )
    )
