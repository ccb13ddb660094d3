"""Days as whole numbers from as_of, negative in the past: windows of calendar months, and months gone by."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from tests.benchmarks.pandas_features.grouped import Array


def number(as_of: date) -> int:
    """Of a day, from 1970."""
    return int(np.datetime64(as_of, "D").astype("int64"))


def first_day(as_of: date, months: int) -> int:
    """The first day of the calendar months that end with as_of's month."""
    return _first_of_month(as_of, 1 - months)


def last_day(as_of: date, months: int) -> int:
    """The last day of the following month number `months`."""
    return _first_of_month(as_of, months + 1) - 1


def dates(as_of: date, days: pd.Series) -> Array:
    """The days themselves; as_of where one is missing."""
    return np.datetime64(as_of, "D") + days.fillna(0).to_numpy("timedelta64[D]")


def calendar_months(as_of: date, days: pd.Series) -> pd.Series:
    """From the month of each day to as_of's; missing where the day is."""
    return _where_known(_month(as_of) - _months(as_of, days).astype("int64"), days)


def months_since(as_of: date, days: pd.Series) -> pd.Series:
    """Whole months, the day of month counted; missing where the day is."""
    months = _months(as_of, days)
    day_of_month = (dates(as_of, days) - months).astype("int64") + 1
    return _where_known(_month(as_of) - months.astype("int64") - (day_of_month > as_of.day), days)


def month_of_year(as_of: date, days: pd.Series) -> pd.Series:
    """1 to 12."""
    return pd.Series(_months(as_of, days).astype("int64") % 12 + 1, index=days.index)


def _months(as_of: date, days: pd.Series) -> Array:
    return dates(as_of, days).astype("datetime64[M]")


def _month(as_of: date) -> int:
    return int(np.datetime64(as_of, "M").astype("int64"))


def _where_known(months: Array, days: pd.Series) -> pd.Series:
    return pd.Series(months, index=days.index).where(days.notna())


def _first_of_month(as_of: date, months: int) -> int:
    month = np.datetime64(as_of, "M") + np.timedelta64(months, "M")
    return number(month.astype(date)) - number(as_of)
