"""Days and months as whole numbers: days since 1970-01-01, months since January 1970."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

F = NDArray[np.float64]
I = NDArray[np.int64]  # noqa: E741 - the three array kinds are written F, I, B throughout
B = NDArray[np.bool_]

NEVER = -1_000_000
"""A day that is missing."""
LAST_MONTH = (2025 - 1970) * 12 + 11
"""December 2025: nothing delivered lies later."""
PAYDAY = 21
"""Of the last month of a quarter: when interest falls due (domain: 20 or 21)."""


def day_in(month: Any, day: Any = 1) -> I:
    """The day of that number in a month; the first without one."""
    first = np.asarray(month, dtype=np.int64).astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray(first.astype(np.int64) + day - 1, dtype=np.int64)


def first_day(month: int) -> int:
    return int(day_in(month))


def last_day(month: int) -> int:
    return first_day(month + 1) - 1


def month_of(day: Any) -> I:
    return np.asarray(np.asarray(day, dtype=np.int64).astype("datetime64[D]").astype("datetime64[M]"), dtype=np.int64)


def day_number(day: Any) -> I:
    """1 to 31."""
    return np.asarray(np.asarray(day, dtype=np.int64) - day_in(month_of(day)) + 1, dtype=np.int64)


def month_number(month: int) -> int:
    """1 to 12."""
    return month % 12 + 1


def year_of(month: int) -> int:
    return 1970 + month // 12


END = last_day(LAST_MONTH)
"""2025-12-31."""
