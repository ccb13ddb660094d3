"""Instalments of the schedule in force on a day: due or to come, covered or not, and how late."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl

from features.frame_schema import returns
from features.months import day_offset, month_offset
from features.snapshot.amounts import as_yuan
from features.snapshot.frame_schemas import INSTALMENTS_SCHEMA
from features.snapshot.loan_book import LoanBook
from features.snapshot.loans import dues_in_force

_ENDED_ON = pl.min_horizontal("paid_off_on", "settled_on").alias("ended_on")
_OWED = pl.col("ended_on").is_null() | (pl.col("due_on") <= pl.col("ended_on"))
_HAD_TO_BE_PAID = pl.col("principal_needed") + pl.col("interest_needed") > 0
_DAYS_BEFORE_DUE = pl.when(_HAD_TO_BE_PAID).then((pl.col("due_on") - pl.col("covered_on")).dt.total_days())
"""Null where nothing had to be paid: the day of coverage means nothing there."""


@returns(INSTALMENTS_SCHEMA)
def instalments_at(book: LoanBook, as_of: date) -> pl.LazyFrame:
    """One row for each instalment of the schedule in force at as_of, covered or not.

    Instalments due after the loan was repaid or settled are left out: interest that never accrued is not late.
    """
    ended = book.endings.select("loan", _ENDED_ON)
    owed = dues_in_force(book).join(ended, on="loan", how="left").filter(_OWED)
    return owed.join(book.versions.loans.select("loan", "household"), on="loan").select(_instalment_columns(as_of))


@cache
def _instalment_columns(as_of: date) -> tuple[pl.Expr, ...]:
    offset = day_offset(pl.col("due_on"), as_of)
    late = pl.coalesce(day_offset(pl.col("covered_on"), as_of), pl.lit(0)) - offset
    return (
        pl.col("loan"),
        pl.col("household"),
        offset.alias("day_offset"),
        month_offset("due_on", as_of).alias("month_offset"),
        as_yuan(pl.col("principal_due")).alias("principal_due"),
        as_yuan(pl.col("interest_due")).alias("interest_due"),
        pl.when(offset <= 0).then(pl.max_horizontal(late, pl.lit(0))).alias("days_late"),
        _unpaid_days("covered_on", offset).alias("unpaid_days"),
        _unpaid_days("principal_covered_on", offset).alias("principal_unpaid_days"),
        _unpaid_days("interest_covered_on", offset).alias("interest_unpaid_days"),
        _DAYS_BEFORE_DUE.alias("days_before_due"),
        pl.col("covered_on").is_not_null().alias("covered"),
    )


def _unpaid_days(covered_on: str, offset: pl.Expr) -> pl.Expr:
    past_due = pl.when(pl.col(covered_on).is_null()).then(-offset).otherwise(0)
    return pl.when(offset <= 0).then(past_due)
