"""Loans as of a day: the principal still owed, the arrears, the maturity, and whether the loan is open."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl

from features.frame_schema import returns
from features.months import day_offset, month_offset, whole_months_since
from features.snapshot.amounts import as_yuan, fen
from features.snapshot.frame_schemas import DUES_SCHEMA, LOANS_SCHEMA
from features.snapshot.latest_versions import CLOSING_KINDS
from features.snapshot.loan_book import LoanBook

_CLOSED_ON = pl.col("occurred_on").filter(pl.col("kind").is_in(CLOSING_KINDS)).min().alias("closed_on")
_NEWEST_MATURITY = pl.col("new_matures_on").filter(pl.col("new_matures_on").is_not_null()).last()
_HOUSEHOLD_COLUMNS = (
    *map(pl.col, ("household", "household_type", "village_code")),
    pl.col("village_code").str.head(9).alias("township_code"),
    pl.col("village_code").str.head(6).alias("county_code"),
)


@returns(LOANS_SCHEMA)
def loans_at(book: LoanBook, as_of: date) -> pl.LazyFrame:
    """One row for each loan paid out by as_of, open or closed, with its arrears and its household's village.

    `is_open` and `days_to_maturity` are as the contract's section 2 defines them.
    """
    paid = book.payments.group_by("loan").agg(pl.col("principal_paid", "interest_paid").sum())
    dues = dues_in_force(book).filter(pl.col("due_on") <= as_of)
    due = dues.group_by("loan").agg(pl.col("principal_due", "interest_due").sum())
    events = book.events.sort("loan", "occurred_on", "known_on", "new_matures_on")
    registered = whole_months_since("registered_on", as_of).alias("months_registered")
    households = book.versions.newest("households").select(registered, *_HOUSEHOLD_COLUMNS)
    joined = (
        book.versions.loans.filter(pl.col("originated_on") <= as_of)
        .join(paid, on="loan", how="left")
        .join(due, on="loan", how="left")
        .join(events.group_by("loan").agg(_CLOSED_ON, _NEWEST_MATURITY), on="loan", how="left")
        .join(households, on="household", how="left")
        .with_columns(pl.col("principal_paid", "interest_paid", "principal_due", "interest_due").fill_null(0))
    )
    return joined.with_columns(_loan_columns(as_of))


@cache
def _loan_columns(as_of: date) -> tuple[pl.Expr, ...]:
    outstanding = fen("principal") - pl.col("principal_paid")
    matures_on = pl.coalesce("new_matures_on", "matures_on")
    return (
        as_yuan(outstanding).alias("outstanding_principal"),
        _shortfall("principal").alias("overdue_principal"),
        _shortfall("interest").alias("overdue_interest"),
        day_offset(matures_on, as_of).alias("days_to_maturity"),
        matures_on.dt.month().cast(pl.String).alias("maturity_month"),
        whole_months_since("originated_on", as_of).alias("months_on_book"),
        day_offset(pl.col("originated_on"), as_of).alias("day_offset"),
        month_offset("originated_on", as_of).alias("month_offset"),
        (pl.col("matures_on") - pl.col("originated_on")).dt.total_days().alias("term_days"),
        pl.col("renews_loan_id").is_not_null().cast(pl.Int8).alias("renews"),
        ((outstanding > 0) & pl.col("closed_on").is_null()).alias("is_open"),
    )


def _shortfall(money: str) -> pl.Expr:
    return as_yuan(pl.max_horizontal(pl.col(f"{money}_due") - pl.col(f"{money}_paid"), pl.lit(0, pl.Int64)))


@returns(DUES_SCHEMA)
def dues_in_force(book: LoanBook) -> pl.LazyFrame:
    """The dues of each loan's newest schedule."""
    return book.dues.filter(pl.col("ends_on").is_null())
