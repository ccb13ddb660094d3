"""Loans as they stood on a day: what is still owed, until when, and whether the loan is open."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl

from features.months import day_offset, month_offset, whole_months_since
from features.snapshot.amounts import as_yuan, fen
from features.snapshot.latest_versions import CLOSING, Known
from features.snapshot.loan_book import Book


def loans_seen(book: Book, as_of: date) -> pl.LazyFrame:
    """One row for each loan known and paid out by as_of, with what is overdue and the place of its household.

    Money in yuan. `is_open` and `days_to_maturity` as the contract's section 2 says.
    """
    loans = book.loans.filter(pl.col("originated_on") <= as_of)
    joined = (
        loans.join(_paid(book), on="loan", how="left")
        .join(_due(book, as_of), on="loan", how="left")
        .join(_events(book), on="loan", how="left")
        .join(_places(book.known, as_of), on="household", how="left")
        .with_columns(pl.col("principal_paid", "interest_paid", "principal_due", "interest_due").fill_null(0))
    )
    return joined.with_columns(_standing(as_of))


@cache
def _standing(as_of: date) -> tuple[pl.Expr, ...]:
    outstanding = fen("principal") - pl.col("principal_paid")
    matures_on = pl.coalesce("new_matures_on", "matures_on")
    return (
        as_yuan(outstanding).alias("outstanding_principal"),
        _short("principal").alias("overdue_principal"),
        _short("interest").alias("overdue_interest"),
        day_offset(matures_on, as_of).alias("days_to_maturity"),
        matures_on.dt.month().cast(pl.String).alias("maturity_month"),
        whole_months_since("originated_on", as_of).alias("months_on_book"),
        day_offset(pl.col("originated_on"), as_of).alias("day_offset"),
        month_offset("originated_on", as_of).alias("month_offset"),
        (pl.col("matures_on") - pl.col("originated_on")).dt.total_days().alias("term_days"),
        pl.col("renews_loan_id").is_not_null().cast(pl.Int8).alias("renews"),
        ((outstanding > 0) & pl.col("closed_on").is_null()).alias("is_open"),
    )


def _paid(book: Book) -> pl.LazyFrame:
    return book.payments.group_by("loan").agg(pl.col("principal_paid", "interest_paid").sum())


def _due(book: Book, as_of: date) -> pl.LazyFrame:
    """What the schedule in force has asked for by as_of."""
    due = in_force(book).filter(pl.col("due_on") <= as_of)
    return due.group_by("loan").agg(pl.col("principal_due", "interest_due").sum())


def in_force(book: Book) -> pl.LazyFrame:
    """The dues of each loan's newest schedule."""
    return book.dues.filter(pl.col("ends_on").is_null())


def _short(money: str) -> pl.Expr:
    return as_yuan(pl.max_horizontal(pl.col(f"{money}_due") - pl.col(f"{money}_paid"), pl.lit(0, pl.Int64)))


def _events(book: Book) -> pl.LazyFrame:
    """Each loan's closing day and its newest agreed maturity."""
    ordered = book.events.sort("loan", "occurred_on", "known_on", "new_matures_on")
    return ordered.group_by("loan").agg(_CLOSED_ON, _NEWEST_AGREED)


def _places(known: Known, as_of: date) -> pl.LazyFrame:
    registered = whole_months_since("registered_on", as_of).alias("months_registered")
    return known.newest("households").select(registered, *_PLACE)


_CLOSED_ON = pl.col("occurred_on").filter(pl.col("kind").is_in(CLOSING)).min().alias("closed_on")
_NEWEST_AGREED = pl.col("new_matures_on").filter(pl.col("new_matures_on").is_not_null()).last()
_PLACE = (
    *map(pl.col, ("household", "household_type", "village_code")),
    pl.col("village_code").str.head(9).alias("township_code"),
    pl.col("village_code").str.head(6).alias("county_code"),
)
