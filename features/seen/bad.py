"""The day a loan went bad, by what was known on a day or by all data."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.rows import Rows
from features.seen.coverage import paid_by_day, with_coverage
from features.seen.loans import closings, paid_off
from features.seen.versions import fen, newest_known


def bad_on(rows: Rows, bad_after_days: int, known_by: date | None) -> pl.LazyFrame:
    """`bad_on` for each loan that has gone bad (contract, section 2); loans that have not are absent.

    The first day a loan is `bad_after_days` past due under the schedule in force on that day, or is
    compensated or written off. `known_by` None: by all data. An instalment that fell due after the loan was
    repaid, or one still unpaid when the loan was settled, makes no loan bad.
    """
    late = _late_days(rows, bad_after_days, known_by)
    lost = closings(rows, known_by).filter(pl.col("kind") != "settled").select("loan_id", "occurred_on")
    days = pl.concat([late, lost.rename({"occurred_on": "bad_on"})])
    return days.group_by("loan_id").agg(pl.col("bad_on").min())


def _late_days(rows: Rows, bad_after_days: int, known_by: date | None) -> pl.LazyFrame:
    """The day each instalment became too late, where it did."""
    day = pl.col("due_on") + pl.duration(days=bad_after_days)
    ended = (
        closings(rows, known_by)
        .filter(pl.col("kind") == "settled")
        .group_by("loan_id")
        .agg(pl.col("occurred_on").min().alias("settled_on"))
    )
    candidates = (
        with_coverage(_all_schedules(rows, known_by), paid_by_day(rows, known_by))
        .join(paid_off(rows, known_by), on="loan_id", how="left")
        .join(ended, on="loan_id", how="left")
        .with_columns(day.alias("bad_on"))
    )
    known = pl.lit(True) if known_by is None else pl.col("bad_on") <= known_by
    return candidates.filter(
        known,
        pl.col("starts_on").is_null() | (pl.col("starts_on") <= pl.col("bad_on")),
        pl.col("ends_on").is_null() | (pl.col("bad_on") < pl.col("ends_on")),
        pl.col("covered_on").is_null() | (pl.col("covered_on") > pl.col("bad_on")),
        pl.col("paid_off_on").is_null() | (pl.col("due_on") <= pl.col("paid_off_on")),
        pl.col("settled_on").is_null() | (pl.col("settled_on") > pl.col("bad_on")),
    ).select("loan_id", "bad_on")


def _all_schedules(rows: Rows, known_by: date | None) -> pl.LazyFrame:
    """Instalments of every schedule (dues in fen), with the days from which and until which it was in force."""
    instalments = newest_known(rows, "instalments", known_by).with_columns(fen("principal_due"), fen("interest_due"))
    spans = _spans(rows, known_by)
    return instalments.join(spans, on=["loan_id", "schedule_no"], how="left")


def _spans(rows: Rows, known_by: date | None) -> pl.LazyFrame:
    """The lowest schedule holds from the beginning; a higher one replaces the lower from its first known_on."""
    known = rows["instalments"] if known_by is None else rows["instalments"].filter(pl.col("known_on") <= known_by)
    starts = known.group_by("loan_id", "schedule_no").agg(pl.col("known_on").min().alias("first_known"))
    later = pl.col("first_known").shift(-1).reverse().cum_min().reverse()
    return starts.sort("loan_id", "schedule_no").select(
        "loan_id",
        "schedule_no",
        pl.when(pl.col("schedule_no") > pl.col("schedule_no").min().over("loan_id"))
        .then(pl.col("first_known"))
        .alias("starts_on"),
        later.over("loan_id").alias("ends_on"),
    )
