"""Loans as of a day: the principal still owed, the arrears, the maturity, and whether the loan is open."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl

from features.frame_schema import returns
from features.months import day_offset, month_offset, whole_months_since
from features.snapshot.amounts import as_yuan
from features.snapshot.frame_schemas import BANK_PAYMENTS_SCHEMA, LOANS_SCHEMA
from features.snapshot.latest_versions import LOST_KINDS
from features.snapshot.loan_book import LoanBook

_LOST_ON = pl.col("occurred_on").filter(pl.col("kind").is_in(LOST_KINDS)).min().alias("lost_on")
HOUSEHOLD_COLUMNS = (
    *map(pl.col, ("household", "household_type", "village_code")),
    pl.col("village_code").str.head(9).alias("township_code"),
    pl.col("village_code").str.head(6).alias("county_code"),
)


@returns(LOANS_SCHEMA)
def loans_at(book: LoanBook, as_of: date) -> pl.LazyFrame:
    """One row for each loan paid out by as_of, open or closed, with its arrears and its household's village.

    `is_open` and `days_to_maturity` are as the contract's section 2 defines them.
    """
    registered = whole_months_since("registered_on", as_of).alias("months_registered")
    households = book.versions.newest("households").select(registered, *HOUSEHOLD_COLUMNS)
    joined = (
        book.versions.loans.filter(pl.col("originated_on") <= as_of)
        .join(book.lives.loans.lazy(), on="loan", how="left", maintain_order="left")
        .join(book.events.group_by("loan").agg(_LOST_ON), on="loan", how="left", maintain_order="left")
        .join(households, on="household", how="left", maintain_order="left")
    )
    bank_payments = _bank_payments(book, as_of, joined)
    return (
        joined.join(bank_payments, on=["county_code", "bank"], how="left", maintain_order="left")
        .with_columns(_loan_columns(as_of))
        .drop("outstanding", "maturity", "counts_after")
    )


@cache
def _loan_columns(as_of: date) -> tuple[pl.Expr, ...]:
    matures_on = pl.col("maturity")
    return (
        as_yuan(pl.col("outstanding")).alias("outstanding_principal"),
        as_yuan(pl.col("overdue_principal")).alias("overdue_principal"),
        (pl.col("overdue_interest") / 100).alias("overdue_interest"),  # parts of a fen: rounded where they are told
        (pl.col("subsidy_overdue") / 100).alias("subsidy_overdue"),
        day_offset(matures_on, as_of).alias("days_to_maturity"),
        matures_on.dt.month().cast(pl.String).alias("maturity_month"),
        whole_months_since("originated_on", as_of).alias("months_on_book"),
        whole_months_since("arrears_ended_on", as_of).alias("months_since_arrears"),
        day_offset(pl.col("originated_on"), as_of).alias("day_offset"),
        month_offset("originated_on", as_of).alias("month_offset"),
        (pl.col("matures_on") - pl.col("originated_on")).dt.total_days().alias("term_days"),
        pl.col("renews_loan_id").is_not_null().cast(pl.Int8).alias("renews"),
        (pl.col("ended_on").is_null() & pl.col("lost_on").is_null()).alias("is_open"),
    )


@returns(BANK_PAYMENTS_SCHEMA)
def bank_payments_at(book: LoanBook, as_of: date) -> pl.LazyFrame:
    """For each bank of a county, the days since its newest payment became known, on whatever loan of the book."""
    counties = book.versions.newest("households").select("household", HOUSEHOLD_COLUMNS[-1])
    loans = book.versions.loans.filter(pl.col("originated_on") <= as_of)
    return _bank_payments(book, as_of, loans.join(counties, on="household", how="left"))


def _bank_payments(book: LoanBook, as_of: date, loans: pl.LazyFrame) -> pl.LazyFrame:
    """Those of some loans, with `loan`, `county_code` and `bank`."""
    newest = book.newest_payments.lazy().group_by("loan").agg(pl.col("known_on").max())
    of_banks = loans.select("loan", "county_code", "bank").join(newest, on="loan").group_by("county_code", "bank")
    days = -day_offset(pl.col("known_on").max(), as_of)
    return of_banks.agg(days.cast(pl.Float64).alias("days_since_bank_payments"))
