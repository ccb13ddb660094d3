"""Instalments of the schedule in force on a day: due or to come, covered or not, how late."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl

from features.months import day_offset, month_offset
from features.snapshot.amounts import as_yuan
from features.snapshot.loan_book import Book
from features.snapshot.loans import in_force


def instalments_seen(book: Book, as_of: date) -> pl.LazyFrame:
    """One row for each instalment still owed or once owed, under the schedule in force at as_of.

    Money in yuan; days as offsets from as_of. `days_late` counts from the due day to the day of coverage, or
    to as_of; it is null before the due day. `unpaid_days`, `principal_unpaid_days` and `interest_unpaid_days`
    are days past due of what is not covered, 0 where it is. `covered`: whether it is, and `days_before_due` how
    early.
    """
    numbers = book.loans.select("loan", "household")
    return _owed(book).join(numbers, on="loan").select(_instalment(as_of))


@cache
def _instalment(as_of: date) -> tuple[pl.Expr, ...]:
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
        _unpaid("covered_on", offset).alias("unpaid_days"),
        _unpaid("principal_covered_on", offset).alias("principal_unpaid_days"),
        _unpaid("interest_covered_on", offset).alias("interest_unpaid_days"),
        _days_before_due().alias("days_before_due"),
        pl.col("covered_on").is_not_null().alias("covered"),
    )


def _unpaid(covered_on: str, offset: pl.Expr) -> pl.Expr:
    due = pl.when(pl.col(covered_on).is_null()).then(-offset).otherwise(0)
    return pl.when(offset <= 0).then(due)


def _days_before_due() -> pl.Expr:
    """Null where nothing had to be paid; the day of coverage says nothing there."""
    needed = pl.col("principal_needed") + pl.col("interest_needed")
    return pl.when(needed > 0).then((pl.col("due_on") - pl.col("covered_on")).dt.total_days())


def _owed(book: Book) -> pl.LazyFrame:
    """Less what fell due after the loan was repaid or settled: interest that never accrued is not late."""
    ended = book.endings.select("loan", _ENDED_ON)
    return in_force(book).join(ended, on="loan", how="left").filter(_OWED)


_ENDED_ON = pl.min_horizontal("paid_off_on", "settled_on").alias("ended_on")
_OWED = pl.col("ended_on").is_null() | (pl.col("due_on") <= pl.col("ended_on"))
