"""Independent fits, two at a time: each has one thread, so that equal rows give equal models on any machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST = 2
"""Fits at a time: a county's server has two cores, and each fit has rows of its own in memory."""
_FEWEST_ROWS = 50_000
"""Rows below which a fit, or the features of a month end, spend so much of their time in Python that two of them wait
for each other."""


def fits_at_a_time(rows: int) -> int:
    """How many fits of a fold of so many rows, or month ends of so many loans, are computed at a time."""
    return _MOST if rows >= _FEWEST_ROWS else 1


def map_concurrently(function: Callable[[Item], Result], items: Iterable[Item], at_a_time: int) -> list[Result]:
    """The function's result for each item, in their order; so many of them are computed at a time.

    Calls must not share what they change, such as a data set that LightGBM fits. BLAS has one thread until all are
    done: `threadpool_limits` is of the whole process, and a call that ended first would give the others more. Raises
    what the first call that fails raises.
    """
    with threadpool_limits(1, "blas"):
        if at_a_time == 1:
            return [function(item) for item in items]
        with ThreadPoolExecutor(at_a_time) as pool:
            return list(pool.map(function, items))
