"""Events of a household or a loan: hardships, credit events, policies, claims, use checks, reviews, extensions."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl

from features.frame_schema import returns
from features.months import day_offset, month_offset, whole_months_since
from features.snapshot.amounts import as_yuan, fen, null_if_after
from features.snapshot.frame_schemas import (
    CLAIMS_SCHEMA,
    CREDIT_EVENTS_SCHEMA,
    HARDSHIPS_SCHEMA,
    LOAN_EVENTS_SCHEMA,
    POLICIES_SCHEMA,
    REVIEWS_SCHEMA,
    USE_CHECKS_SCHEMA,
)
from features.snapshot.latest_versions import LatestVersions, last_row_of_each
from features.snapshot.loan_book import LoanBook

_PERSON_LOST = ("death", "missing", "custody")
_SUDDEN = ("illness", "disaster", "accident", "epidemic", *_PERSON_LOST)
_INDUSTRY = ("sheep_income", "daylily_price", "crop")
_PERSON = ("accident", "serious_illness")
_FINDINGS = {"right": ("put_right", "as_declared"), "diverted": ("diverted",), "ill_used": ("partly_diverted", "idle")}
_DAYS_BY_FINDING = (
    pl.col("loan"),
    *(
        pl.when(pl.col("finding").is_in(codes)).then(pl.col("checked_on")).alias(name)
        for name, codes in _FINDINGS.items()
    ),
)
_LAST_DAY_BY_FINDING = pl.col(*_FINDINGS).max()


def _not_put_right(ill_use: str) -> pl.Expr:
    """1 where an ill use was found after the last check that found the use right, or without such a check."""
    since = pl.col(ill_use) > pl.col("right")
    return (pl.col(ill_use).is_not_null() & since.fill_null(True)).cast(pl.Int8).alias(ill_use)


_NOT_PUT_RIGHT = (_not_put_right("diverted"), _not_put_right("ill_used"))


@returns(HARDSHIPS_SCHEMA)
def hardships_at(versions: LatestVersions, as_of: date) -> pl.LazyFrame:
    """One row for each hardship."""
    return versions.newest("hardships").select(_hardship_columns(as_of))


@cache
def _hardship_columns(as_of: date) -> tuple[pl.Expr, ...]:
    return (
        pl.col("household"),
        pl.col("member_id"),
        *_offsets("occurred_on", as_of),
        _yuan_or_null("loss_amount").alias("loss"),
        _is_open("resolved_on", as_of).alias("unresolved"),
        pl.col("cause").is_in(_PERSON_LOST).cast(pl.Int8).alias("lost"),
        (pl.col("cause") == "death").cast(pl.Int8).alias("death"),
        pl.col("cause").is_in(_SUDDEN).cast(pl.Int8).alias("sudden"),
    )


@returns(CREDIT_EVENTS_SCHEMA)
def credit_events_at(versions: LatestVersions, as_of: date) -> pl.LazyFrame:
    """One row for each credit event."""
    return versions.newest("credit_events").select(_credit_event_columns(as_of))


@cache
def _credit_event_columns(as_of: date) -> tuple[pl.Expr, ...]:
    kind = pl.col("kind")
    return (
        pl.col("household"),
        *_offsets("occurred_on", as_of),
        _yuan_or_null("amount"),
        _is_open("closed_on", as_of).alias("open"),
        kind.is_in(("default_elsewhere", "court_enforcement")).cast(pl.Int8).alias("default"),
        (kind == "overdue_elsewhere").cast(pl.Int8).alias("overdue"),
        (kind == "new_debt").cast(pl.Int8).alias("new_debt"),
        (kind == "guarantee_called").cast(pl.Int8).alias("guarantee_called"),
        (kind == "inquiry").cast(pl.Int8).alias("inquiry"),
    )


@returns(POLICIES_SCHEMA)
def policies_at(versions: LatestVersions, as_of: date) -> pl.LazyFrame:
    """One row for each insurance policy, in force or not."""
    return versions.newest("policies").select(_policy_columns(as_of))


@cache
def _policy_columns(as_of: date) -> tuple[pl.Expr, ...]:
    in_force = (pl.col("insured_from") <= as_of) & (pl.col("insured_to") >= as_of)
    return (
        pl.col("household"),
        in_force.cast(pl.Int8).alias("in_force"),
        pl.col("kind").is_in(_INDUSTRY).cast(pl.Int8).alias("industry"),
        pl.col("kind").is_in(_PERSON).cast(pl.Int8).alias("person"),
        _yuan_or_null("sum_insured"),
    )


@returns(CLAIMS_SCHEMA)
def claims_at(versions: LatestVersions, as_of: date) -> pl.LazyFrame:
    """One row for each insurance claim; the amount paid counts from the day of settlement."""
    return versions.newest("claims").select(_claim_columns(as_of))


@cache
def _claim_columns(as_of: date) -> tuple[pl.Expr, ...]:
    settled = pl.col("settled_on") <= as_of
    return (
        pl.col("household"),
        *_offsets("occurred_on", as_of),
        _is_open("settled_on", as_of).alias("open"),
        _yuan_or_null("claimed_amount").alias("claimed"),
        pl.when(settled).then(_yuan_or_null("paid_amount")).alias("paid"),
    )


@returns(USE_CHECKS_SCHEMA)
def use_checks_at(versions: LatestVersions, as_of: date) -> pl.LazyFrame:
    """One row for each loan checked: the newest finding, and which ill uses have not been put right since."""
    checks = versions.cached_frame("use checks", lambda: versions.newest("use_checks")).lazy()
    months = whole_months_since("checked_on", as_of).alias("months_since")
    last = last_row_of_each(checks, "loan", "checked_on").select("loan", "finding", months)
    days = checks.select(_DAYS_BY_FINDING).group_by("loan").agg(_LAST_DAY_BY_FINDING)
    return last.join(days, on="loan").with_columns(_NOT_PUT_RIGHT)


@returns(REVIEWS_SCHEMA)
def reviews_at(versions: LatestVersions, as_of: date) -> pl.LazyFrame:
    """One row for each household reviewed: its newest village review, and the integrity points of the one before."""
    previous = {"integrity_before": "integrity_points"}
    newest = last_row_of_each(versions.newest("village_reviews"), "household", "reviewed_on", previous)
    return newest.with_columns(whole_months_since("reviewed_on", as_of).alias("age_months"))


@returns(LOAN_EVENTS_SCHEMA)
def loan_events_at(book: LoanBook, as_of: date) -> pl.LazyFrame:
    """One row for each extension or renewal of a loan."""
    events = book.events.filter(pl.col("kind").is_in(("extended", "renewed")))
    return events.select("loan", *_offsets("occurred_on", as_of))


@cache
def _offsets(day: str, as_of: date) -> tuple[pl.Expr, pl.Expr]:
    return day_offset(pl.col(day), as_of).alias("day_offset"), month_offset(day, as_of).alias("month_offset")


def _yuan_or_null(yuan: str) -> pl.Expr:
    return as_yuan(pl.when(pl.col(yuan).is_not_null()).then(fen(yuan)))


def _is_open(closed_on: str, as_of: date) -> pl.Expr:
    """1 while the closing day has not come by as_of."""
    return null_if_after(closed_on, as_of).is_null().cast(pl.Int8)
