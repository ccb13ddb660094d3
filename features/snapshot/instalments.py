"""Instalments of the schedule in force on a day: due or to come, covered or not, and how late."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl

from features.frame_schema import returns
from features.months import day_offset, month_offset
from features.snapshot.amounts import as_yuan
from features.snapshot.frame_schemas import INSTALMENTS_SCHEMA
from features.snapshot.life_rules import FROM_THE_START
from features.snapshot.loan_book import LoanBook

_BOTH = ("principal_covered_on", "interest_covered_on")
_COVERED_ON = pl.when(pl.all_horizontal(pl.col(_BOTH).is_not_null())).then(pl.max_horizontal(_BOTH)).alias("covered_on")


@returns(INSTALMENTS_SCHEMA)
def instalments_at(book: LoanBook, as_of: date) -> pl.LazyFrame:
    """One row for each instalment of the schedule in force at as_of, covered or not.

    Instalments due after the loan was repaid, settled or renewed are left out: they are not asked.
    """
    dues = book.lives.dues.lazy().with_columns(_COVERED_ON)
    return dues.join(book.versions.loans.select("loan", "household"), on="loan").select(_instalment_columns(as_of))


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
        (pl.col("interest_due") / 100).alias("interest_due"),  # parts of a fen: rounded where they are summed
        (pl.col("state_interest") / 100).alias("state_interest"),
        pl.when(offset <= 0).then(pl.max_horizontal(late, pl.lit(0))).alias("days_late"),
        _unpaid_days("covered_on", offset).alias("unpaid_days"),
        _unpaid_days("principal_covered_on", offset).alias("principal_unpaid_days"),
        _unpaid_days("interest_covered_on", offset).alias("interest_unpaid_days"),
        pl.when(pl.col("asks") & (pl.col("covered_on") > FROM_THE_START))
        .then((pl.col("due_on") - pl.col("covered_on")).dt.total_days())
        .alias("days_before_due"),
        pl.col("covered_on").is_not_null().alias("covered"),
    )


def _unpaid_days(covered_on: str, offset: pl.Expr) -> pl.Expr:
    past_due = pl.when(pl.col(covered_on).is_null()).then(-offset).otherwise(0)
    return pl.when(offset <= 0).then(past_due)
