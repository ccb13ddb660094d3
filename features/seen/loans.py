"""Loans as they stood on a day: what is still owed, until when, and whether the loan is open."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.months import day_offset, month_offset, whole_months_since
from features.rows import Rows
from features.seen.coverage import paid_by_day
from features.seen.versions import as_yuan, fen, newest_known

CLOSING = ("settled", "compensated", "written_off")


def loans_seen(rows: Rows, as_of: date) -> pl.LazyFrame:
    """One row for each loan known and paid out by as_of, with the place of its household.

    Money in yuan. `is_open` and `days_to_maturity` as the contract's section 2 says; `paid_off_on` is the day
    by which the whole principal had come back.
    """
    loans = newest_known(rows, "loans", as_of).filter(pl.col("originated_on") <= as_of)
    joined = (
        loans.join(_paid(rows, as_of), on="loan_id", how="left")
        .join(_events(rows, as_of), on="loan_id", how="left")
        .join(_places(rows, as_of), on="household_id", how="left")
    )
    outstanding = fen("principal") - pl.col("principal_paid").fill_null(0)
    matures_on = pl.coalesce("new_matures_on", "matures_on")
    return joined.with_columns(
        as_yuan(outstanding).alias("outstanding_principal"),
        as_yuan(pl.col("principal_paid").fill_null(0)).alias("principal_paid"),
        as_yuan(pl.col("interest_paid").fill_null(0)).alias("interest_paid"),
        day_offset(matures_on, as_of).alias("days_to_maturity"),
        whole_months_since(pl.col("originated_on"), as_of).alias("months_on_book"),
        (-day_offset(pl.col("originated_on"), as_of)).alias("days_on_book"),
        month_offset(pl.col("originated_on"), as_of).alias("origination_offset"),
        (pl.col("matures_on") - pl.col("originated_on")).dt.total_days().alias("term_days"),
        ((outstanding > 0) & pl.col("closed_on").is_null()).alias("is_open"),
        matures_on.dt.month().cast(pl.String).alias("maturity_month"),
        pl.col("renews_loan_id").is_not_null().cast(pl.Int8).alias("renews"),
    )


def paid_off(rows: Rows, known_by: date | None) -> pl.LazyFrame:
    """`paid_off_on`: the day by which a loan's whole principal had been repaid, where it has come."""
    principal = newest_known(rows, "loans", known_by).select("loan_id", fen("principal"))
    reached = (
        paid_by_day(rows, known_by)
        .join(principal, on="loan_id")
        .filter((pl.col("principal_to_date") >= pl.col("principal")) & (pl.col("principal_paid") > 0))
    )
    return reached.group_by("loan_id").agg(pl.col("paid_on").min().alias("paid_off_on"))


def closings(rows: Rows, known_by: date | None) -> pl.LazyFrame:
    """Settled, compensated or written off: `kind` and `occurred_on` of each such event."""
    events = newest_known(rows, "loan_events", known_by)
    return events.filter(pl.col("kind").is_in(CLOSING)).select("loan_id", "kind", "occurred_on")


def _paid(rows: Rows, as_of: date) -> pl.LazyFrame:
    payments = newest_known(rows, "payments", as_of)
    return payments.group_by("loan_id").agg(fen("principal_paid").sum(), fen("interest_paid").sum())


def _events(rows: Rows, as_of: date) -> pl.LazyFrame:
    """Each loan's closing day and its newest agreed maturity."""
    events = newest_known(rows, "loan_events", as_of)
    closing = pl.col("kind").is_in(CLOSING)
    agreed = pl.col("new_matures_on").is_not_null()
    return (
        events.sort("loan_id", "occurred_on", "known_on", "new_matures_on")
        .group_by("loan_id")
        .agg(
            pl.col("occurred_on").filter(closing).min().alias("closed_on"),
            pl.col("new_matures_on").filter(agreed).last(),
        )
    )


def _places(rows: Rows, as_of: date) -> pl.LazyFrame:
    village = pl.col("village_code")
    return newest_known(rows, "households", as_of).select(
        "household_id",
        "household_type",
        whole_months_since(pl.col("registered_on"), as_of).alias("months_registered"),
        village,
        village.str.head(9).alias("township_code"),
        village.str.head(6).alias("county_code"),
    )
