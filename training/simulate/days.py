"""Days and months as whole numbers: days since 1970-01-01, months since January 1970."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEVER = -1_000_000
"""Stands for a day that is missing."""
LAST_MONTH = (2025 - 1970) * 12 + 11
"""December 2025: nothing delivered lies later."""
PAYDAY = 21
"""Day on which interest falls due in the last month of a quarter (domain: 20 or 21)."""


def day_in(month: Any, day: Any = 1) -> Ints:
    """Day number of a day of a month; of its first day by default."""
    first = np.asarray(month, dtype=np.int64).astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray(first.astype(np.int64) + day - 1, dtype=np.int64)


def first_day(month: int) -> int:
    """Day number of a month's first day."""
    return int(day_in(month))


def last_day(month: int) -> int:
    """Day number of a month's last day."""
    return first_day(month + 1) - 1


def month_of(day: Any) -> Ints:
    """Month that a day lies in."""
    return np.asarray(np.asarray(day, dtype=np.int64).astype("datetime64[D]").astype("datetime64[M]"), dtype=np.int64)


def day_of_month(day: Any) -> Ints:
    """Day of the month, 1 to 31."""
    return np.asarray(np.asarray(day, dtype=np.int64) - day_in(month_of(day)) + 1, dtype=np.int64)


def month_number(month: int) -> int:
    """Month of the year, 1 to 12."""
    return month % 12 + 1


def year_of(month: int) -> int:
    """Calendar year of a month."""
    return 1970 + month // 12


END = last_day(LAST_MONTH)
"""Day number of 2025-12-31, the last simulated day."""
