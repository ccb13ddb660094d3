"""When an instalment was covered: the day on which everything paid reached everything due up to it."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.rows import Rows
from features.seen.versions import fen, newest_known

_ALWAYS = date(1900, 1, 1)
"""The day on which an instalment with nothing due up to it counts as covered."""
_SCHEDULE = ("loan_id", "schedule_no")


def paid_by_day(rows: Rows, known_by: date | None) -> pl.LazyFrame:
    """Each loan's paying days: `principal_to_date`, `interest_to_date` in fen after that day's payments."""
    payments = newest_known(rows, "payments", known_by)
    days = payments.group_by("loan_id", "paid_on").agg(fen("principal_paid").sum(), fen("interest_paid").sum())
    return days.sort("loan_id", "paid_on").with_columns(
        pl.col("principal_paid").cum_sum().over("loan_id").alias("principal_to_date"),
        pl.col("interest_paid").cum_sum().over("loan_id").alias("interest_to_date"),
    )


def with_coverage(instalments: pl.LazyFrame, paid: pl.LazyFrame) -> pl.LazyFrame:
    """Instalments (dues in fen) with `principal_covered_on`, `interest_covered_on` and `covered_on`.

    Contract, section 2: the first paid_on at which cumulative principal paid reaches cumulative principal due
    and the same for interest; null where that day has not come. Each schedule counts from its own beginning.
    """
    due = instalments.sort(*_SCHEDULE, "due_on").with_columns(
        pl.col("principal_due").cum_sum().over(_SCHEDULE).alias("principal_needed"),
        pl.col("interest_due").cum_sum().over(_SCHEDULE).alias("interest_needed"),
    )
    for money in ("principal", "interest"):
        due = _with_reached(due, paid, money)
    both = pl.max_horizontal("principal_covered_on", "interest_covered_on")
    known = pl.col("principal_covered_on").is_not_null() & pl.col("interest_covered_on").is_not_null()
    return due.with_columns(pl.when(known).then(both).alias("covered_on"))


def _with_reached(due: pl.LazyFrame, paid: pl.LazyFrame, money: str) -> pl.LazyFrame:
    """With the first day on which the money paid to date reached the money needed."""
    needed, reached = f"{money}_needed", f"{money}_covered_on"
    days = paid.filter(pl.col(f"{money}_paid") > 0).select(
        "loan_id", pl.col(f"{money}_to_date").alias("to_date"), pl.col("paid_on").alias(reached)
    )
    found = due.sort(needed).join_asof(
        days.sort("to_date"),
        left_on=needed,
        right_on="to_date",
        by="loan_id",
        strategy="forward",
        check_sortedness=False,  # sorted just above; polars cannot tell within groups
    )
    day = pl.when(pl.col(needed) == 0).then(pl.lit(_ALWAYS)).otherwise(pl.col(reached))
    return found.with_columns(day.alias(reached)).drop("to_date")
