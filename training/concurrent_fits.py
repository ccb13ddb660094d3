"""Independent fits, two at a time: each has one thread, so that equal rows give equal models on any machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

Item = TypeVar("Item")
Result = TypeVar("Result")

CONCURRENT_FITS = 2
"""Fits at a time: a county's server has two cores, and each fit has rows of its own in memory."""


def map_concurrently(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The function's result for each item, in their order; CONCURRENT_FITS of them are computed at a time.

    Calls must not share what they change, such as a data set that LightGBM fits. BLAS has one thread until all are
    done: `threadpool_limits` is of the whole process, and a call that ended first would give the others more. Raises
    what the first call that fails raises.
    """
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(CONCURRENT_FITS) as pool:
        return list(pool.map(function, items))
