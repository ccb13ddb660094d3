"""What befell a household or a loan: hardships, credit events, claims, use checks, reviews, policies."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.months import day_offset, month_offset, whole_months_since
from features.rows import Rows
from features.seen.versions import as_yuan, fen, hidden_after, newest_known

_LOST = ("death", "missing", "custody")
_SUDDEN = ("illness", "disaster", "accident", "epidemic")
_INDUSTRY = ("sheep_income", "daylily_price", "crop")
_PERSON = ("accident", "serious_illness")
_ILL_USED = ("partly_diverted", "idle")


def hardships_seen(rows: Rows, as_of: date) -> pl.LazyFrame:
    """One row a hardship. `unresolved` 1 while not resolved; `lost`: death, missing, custody; `sudden`: R205's."""
    return _placed(newest_known(rows, "hardships", as_of), "occurred_on", as_of).select(
        "household_id",
        "day_offset",
        "month_offset",
        as_yuan(pl.when(pl.col("loss_amount").is_not_null()).then(fen("loss_amount"))).alias("loss"),
        _open("resolved_on", as_of).alias("unresolved"),
        pl.col("cause").is_in(_LOST).cast(pl.Int8).alias("lost"),
        pl.col("cause").is_in(_SUDDEN).cast(pl.Int8).alias("sudden"),
    )


def credit_events_seen(rows: Rows, as_of: date) -> pl.LazyFrame:
    """One row a credit event. `open` 1 while not closed; `default`: default or enforcement elsewhere."""
    kind = pl.col("kind")
    return _placed(newest_known(rows, "credit_events", as_of), "occurred_on", as_of).select(
        "household_id",
        "day_offset",
        "month_offset",
        as_yuan(fen("amount")).alias("amount"),
        _open("closed_on", as_of).alias("open"),
        kind.is_in(("default_elsewhere", "court_enforcement")).cast(pl.Int8).alias("default"),
        (kind == "overdue_elsewhere").cast(pl.Int8).alias("overdue"),
        (kind == "new_debt").cast(pl.Int8).alias("new_debt"),
        (kind == "guarantee_called").cast(pl.Int8).alias("guarantee_called"),
        (kind == "inquiry").cast(pl.Int8).alias("inquiry"),
    )


def policies_seen(rows: Rows, as_of: date) -> pl.LazyFrame:
    """One row a policy known. `in_force` 1 from insured_from to insured_to, both included."""
    in_force = (pl.col("insured_from") <= as_of) & (pl.col("insured_to") >= as_of)
    return newest_known(rows, "policies", as_of).select(
        "household_id",
        in_force.cast(pl.Int8).alias("in_force"),
        pl.col("kind").is_in(_INDUSTRY).cast(pl.Int8).alias("industry"),
        pl.col("kind").is_in(_PERSON).cast(pl.Int8).alias("person"),
        as_yuan(fen("sum_insured")).alias("sum_insured"),
    )


def claims_seen(rows: Rows, as_of: date) -> pl.LazyFrame:
    """One row a claim. `open` 1 while not settled; what was paid counts from the day it was settled."""
    settled = pl.col("settled_on") <= as_of
    return _placed(newest_known(rows, "claims", as_of), "occurred_on", as_of).select(
        "household_id",
        "day_offset",
        "month_offset",
        _open("settled_on", as_of).alias("open"),
        as_yuan(fen("claimed_amount")).alias("claimed"),
        as_yuan(pl.when(settled.fill_null(False)).then(fen("paid_amount")).otherwise(0)).alias("paid"),
    )


def use_checks_seen(rows: Rows, as_of: date) -> pl.LazyFrame:
    """One row for each loan checked: the newest finding; whether ill use stands that nothing put right since."""
    checks = newest_known(rows, "use_checks", as_of).with_columns(day_offset(pl.col("checked_on"), as_of).alias("day"))
    finding, day = pl.col("finding"), pl.col("day")
    right = day.filter(finding.is_in(("put_right", "as_declared"))).max().fill_null(-(10**6))
    return checks.group_by("loan_id").agg(
        finding.sort_by("day").last().alias("finding"),
        (day.filter(finding == "diverted").max() > right).fill_null(False).cast(pl.Int8).alias("diverted"),
        (day.filter(finding.is_in(_ILL_USED)).max() > right).fill_null(False).cast(pl.Int8).alias("ill_used"),
        whole_months_since(pl.col("checked_on").max(), as_of).alias("months_since"),
    )


def reviews_seen(rows: Rows, as_of: date) -> pl.LazyFrame:
    """One row a household: the newest village review and the integrity points of the one before."""
    reviews = newest_known(rows, "village_reviews", as_of).sort("household_id", "reviewed_on")
    points = pl.col("integrity_points")
    return reviews.group_by("household_id", maintain_order=True).agg(
        points.last(),
        points.shift(1).last().alias("integrity_before"),
        pl.col("civility_points").last(),
        whole_months_since(pl.col("reviewed_on").last(), as_of).alias("age_months"),
    )


def loan_events_seen(rows: Rows, as_of: date) -> pl.LazyFrame:
    """One row for each extension or renewal of a loan."""
    events = newest_known(rows, "loan_events", as_of).filter(pl.col("kind").is_in(("extended", "renewed")))
    return _placed(events, "occurred_on", as_of).select("loan_id", "day_offset", "month_offset")


def _placed(rows: pl.LazyFrame, day: str, as_of: date) -> pl.LazyFrame:
    return rows.with_columns(
        day_offset(pl.col(day), as_of).alias("day_offset"), month_offset(pl.col(day), as_of).alias("month_offset")
    )


def _open(closed: str, as_of: date) -> pl.Expr:
    """1 while the closing day has not come by as_of."""
    return hidden_after(closed, as_of).is_null().cast(pl.Int8)
