"""Calendar months: month ends, months between two days, and expressions that count them in columns."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import polars as pl

COUNTY_ZONE = ZoneInfo("Asia/Shanghai")
"""The time zone of the counties: days of people and deliveries are days there."""


def month_end(day: date) -> date:
    """The last day of the month that `day` lies in.

    >>> month_end(date(2024, 2, 10))
    datetime.date(2024, 2, 29)
    """
    return day.replace(day=monthrange(day.year, day.month)[1])


def is_month_end(day: date) -> bool:
    """Whether `day` is the last one of its month.

    >>> is_month_end(date(2024, 2, 28))
    False
    """
    return day == month_end(day)


def month_end_after(day: date, months: int) -> date:
    """The last day of the month that is `months` after the month of `day`; a negative number goes back.

    >>> month_end_after(date(2024, 1, 15), -2)
    datetime.date(2023, 11, 30)
    """
    month_index = day.year * 12 + day.month - 1 + months
    return month_end(date(month_index // 12, month_index % 12 + 1, 1))


def same_day_after(day: date, months: int) -> date:
    """The day `months` calendar months after `day`; the last of that month where it has no such day.

    >>> same_day_after(date(2024, 1, 31), 1)
    datetime.date(2024, 2, 29)
    """
    end = month_end_after(day, months)
    return end.replace(day=min(day.day, end.day))


def month_ends(first: date, last: date) -> list[date]:
    """All month ends from `first` to `last`, both included, oldest first.

    >>> month_ends(date(2024, 1, 31), date(2024, 3, 30))
    [datetime.date(2024, 1, 31), datetime.date(2024, 2, 29)]
    """
    ends = []
    day = month_end(first)
    while day <= last:
        ends.append(day)
        day = month_end_after(day, 1)
    return ends


def next_day(day: date) -> date:
    """The day after `day`.

    >>> next_day(date(2024, 2, 29))
    datetime.date(2024, 3, 1)
    """
    return day + timedelta(days=1)


@cache
def month_offset(day: str, as_of: date) -> pl.Expr:
    """Calendar months from the month of `as_of` to that of column `day`: 0 is the same month, negative is earlier.

    >>> frame = pl.DataFrame({"due_on": [date(2024, 3, 1), date(2024, 5, 31)]})
    >>> frame.select(month_offset("due_on", date(2024, 4, 30))).to_series().to_list()
    [-1, 1]
    """
    column = pl.col(day).dt
    return column.year() * 12 + column.month().cast(pl.Int32) - (as_of.year * 12 + as_of.month)


def day_offset(day: pl.Expr, as_of: date) -> pl.Expr:
    """Days from `as_of` to the expression `day`: negative is past.

    >>> frame = pl.DataFrame({"due_on": [date(2024, 4, 28)]})
    >>> frame.select(day_offset(pl.col("due_on"), date(2024, 4, 30))).item()
    -2
    """
    return (day - pl.lit(as_of)).dt.total_days()


@cache
def whole_months_since(day: str, as_of: date) -> pl.Expr:
    """Full months from column `day` to `as_of`: less one before the day of the month (contract, section 2).

    >>> frame = pl.DataFrame({"originated_on": [date(2024, 1, 30), date(2024, 1, 31)]})
    >>> frame.select(whole_months_since("originated_on", date(2024, 4, 30))).to_series().to_list()
    [3, 2]
    """
    return -month_offset(day, as_of) - (pl.col(day).dt.day().cast(pl.Int32) > as_of.day).cast(pl.Int32)
