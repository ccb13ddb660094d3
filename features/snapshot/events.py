"""What befell a household or a loan: hardships, credit events, claims, use checks, reviews, policies."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl

from features.months import day_offset, month_offset, whole_months_since
from features.snapshot.amounts import as_yuan, fen, hidden_after
from features.snapshot.latest_versions import Known, last_of_each
from features.snapshot.loan_book import Book

_LOST = ("death", "missing", "custody")
_SUDDEN = ("illness", "disaster", "accident", "epidemic")
_INDUSTRY = ("sheep_income", "daylily_price", "crop")
_PERSON = ("accident", "serious_illness")
_FOUND = {"right": ("put_right", "as_declared"), "diverted": ("diverted",), "ill_used": ("partly_diverted", "idle")}


def hardships_seen(known: Known, as_of: date) -> pl.LazyFrame:
    """One row a hardship. `unresolved` 1 while not resolved; `lost`: death, missing, custody; `sudden`: R205's."""
    return known.newest("hardships").select(_hardship(as_of))


@cache
def _hardship(as_of: date) -> tuple[pl.Expr, ...]:
    return (
        pl.col("household"),
        *_placed("occurred_on", as_of),
        _if_known("loss_amount").alias("loss"),
        _open("resolved_on", as_of).alias("unresolved"),
        pl.col("cause").is_in(_LOST).cast(pl.Int8).alias("lost"),
        pl.col("cause").is_in(_SUDDEN).cast(pl.Int8).alias("sudden"),
    )


def credit_events_seen(known: Known, as_of: date) -> pl.LazyFrame:
    """One row a credit event. `open` 1 while not closed; `default`: default or enforcement elsewhere."""
    return known.newest("credit_events").select(_credit_event(as_of))


@cache
def _credit_event(as_of: date) -> tuple[pl.Expr, ...]:
    kind = pl.col("kind")
    return (
        pl.col("household"),
        *_placed("occurred_on", as_of),
        _if_known("amount"),
        _open("closed_on", as_of).alias("open"),
        kind.is_in(("default_elsewhere", "court_enforcement")).cast(pl.Int8).alias("default"),
        (kind == "overdue_elsewhere").cast(pl.Int8).alias("overdue"),
        (kind == "new_debt").cast(pl.Int8).alias("new_debt"),
        (kind == "guarantee_called").cast(pl.Int8).alias("guarantee_called"),
        (kind == "inquiry").cast(pl.Int8).alias("inquiry"),
    )


def policies_seen(known: Known, as_of: date) -> pl.LazyFrame:
    """One row a policy known. `in_force` 1 from insured_from to insured_to, both included."""
    return known.newest("policies").select(_policy(as_of))


@cache
def _policy(as_of: date) -> tuple[pl.Expr, ...]:
    in_force = (pl.col("insured_from") <= as_of) & (pl.col("insured_to") >= as_of)
    return (
        pl.col("household"),
        in_force.cast(pl.Int8).alias("in_force"),
        pl.col("kind").is_in(_INDUSTRY).cast(pl.Int8).alias("industry"),
        pl.col("kind").is_in(_PERSON).cast(pl.Int8).alias("person"),
        _if_known("sum_insured"),
    )


def claims_seen(known: Known, as_of: date) -> pl.LazyFrame:
    """One row a claim. `open` 1 while not settled; what was paid counts from the day it was settled."""
    return known.newest("claims").select(_claim(as_of))


@cache
def _claim(as_of: date) -> tuple[pl.Expr, ...]:
    settled = pl.col("settled_on") <= as_of
    return (
        pl.col("household"),
        *_placed("occurred_on", as_of),
        _open("settled_on", as_of).alias("open"),
        _if_known("claimed_amount").alias("claimed"),
        pl.when(settled).then(_if_known("paid_amount")).alias("paid"),
    )


def use_checks_seen(known: Known, as_of: date) -> pl.LazyFrame:
    """One row for each loan checked: the newest finding; whether ill use stands that nothing put right since."""
    checks = known.shared("use checks", lambda: known.newest("use_checks"))
    months = whole_months_since("checked_on", as_of).alias("months_since")
    last = last_of_each(checks, "loan", "checked_on").select("loan", "finding", months)
    days = checks.select(_FOUND_ON).group_by("loan").agg(_LAST_FOUND)
    return last.join(days, on="loan").with_columns(_NOT_PUT_RIGHT)


def _not_put_right(found: str) -> pl.Expr:
    """1 where it was found after the use was last seen to be right, or was never seen to be."""
    since = pl.col(found) > pl.col("right")
    return (pl.col(found).is_not_null() & since.fill_null(True)).cast(pl.Int8).alias(found)


_FOUND_ON = (
    pl.col("loan"),
    *(pl.when(pl.col("finding").is_in(codes)).then(pl.col("checked_on")).alias(name) for name, codes in _FOUND.items()),
)
_LAST_FOUND = pl.col(*_FOUND).max()
_NOT_PUT_RIGHT = (_not_put_right("diverted"), _not_put_right("ill_used"))


def reviews_seen(known: Known, as_of: date) -> pl.LazyFrame:
    """One row a household: the newest village review and the integrity points of the one before."""
    before = {"integrity_before": "integrity_points"}
    newest = last_of_each(known.newest("village_reviews"), "household", "reviewed_on", before)
    return newest.with_columns(whole_months_since("reviewed_on", as_of).alias("age_months"))


def loan_events_seen(book: Book, as_of: date) -> pl.LazyFrame:
    """One row for each extension or renewal of a loan."""
    events = book.events.filter(pl.col("kind").is_in(("extended", "renewed")))
    return events.select("loan", *_placed("occurred_on", as_of))


@cache
def _placed(day: str, as_of: date) -> tuple[pl.Expr, pl.Expr]:
    """How many days and calendar months it lies from as_of."""
    return day_offset(pl.col(day), as_of).alias("day_offset"), month_offset(day, as_of).alias("month_offset")


def _if_known(yuan: str) -> pl.Expr:
    return as_yuan(pl.when(pl.col(yuan).is_not_null()).then(fen(yuan)))


def _open(closed: str, as_of: date) -> pl.Expr:
    """1 while the closing day has not come by as_of."""
    return hidden_after(closed, as_of).is_null().cast(pl.Int8)
