"""Calendar months: their ends, the months between two days, and the same as columns."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from functools import cache

import polars as pl


def month_end(day: date) -> date:
    """The last day of the month that `day` lies in."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def is_month_end(day: date) -> bool:
    return day == month_end(day)


def months_after(day: date, months: int) -> date:
    """The last day of the month `months` after the month of `day`; negative goes back."""
    index = day.year * 12 + day.month - 1 + months
    return month_end(date(index // 12, index % 12 + 1, 1))


def months_later(day: date, months: int) -> date:
    """The same day of the month so many months later, or the last one where that month is shorter."""
    end = months_after(day, months)
    return end.replace(day=min(day.day, end.day))


def month_ends(first: date, last: date) -> list[date]:
    """All month ends from `first` to `last`, both included."""
    ends = []
    day = month_end(first)
    while day <= last:
        ends.append(day)
        day = months_after(day, 1)
    return ends


def next_day(day: date) -> date:
    return day + timedelta(days=1)


@cache
def month_offset(day: str, as_of: date) -> pl.Expr:
    """Calendar months from as_of's month to the month of column `day`: 0 is the same month, negative is earlier."""
    at = pl.col(day).dt
    return at.year() * 12 + at.month().cast(pl.Int32) - (as_of.year * 12 + as_of.month)


def day_offset(day: pl.Expr, as_of: date) -> pl.Expr:
    """Days from as_of to `day`: negative is past."""
    return (day - pl.lit(as_of)).dt.total_days()


@cache
def whole_months_since(day: str, as_of: date) -> pl.Expr:
    """Whole calendar months from column `day` to as_of, the day of month counted (contract, section 2)."""
    return -month_offset(day, as_of) - (pl.col(day).dt.day().cast(pl.Int32) > as_of.day).cast(pl.Int32)
