"""A cache in memory whose values are computed once, also where several threads ask for one at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache, update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _Entry:
    """A value of the cache; empty while the thread that holds its lock computes it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.values: list[Any] = []


class SingleFlightCache(Generic[P, T]):
    """A function whose last results are in memory; concurrent calls with equal arguments wait for one computation.

    Args:
        compute: its arguments are hashable, and its result depends on nothing else. What it raises is not cached.
        max_size: results in memory; the one that was used least recently is dropped.

    Example:
        >>> from serving.concurrency.single_flight import single_flight
        >>> @single_flight(2)
        ... def square(number):
        ...     print("computing")
        ...     return number * number
        >>> square.peek(3) is None
        True
        >>> square(3), square(3)
        computing
        (9, 9)
    """

    def __init__(self, compute: Callable[P, T], max_size: int) -> None:
        self._compute = compute
        self._lookup = threading.Lock()
        self._entry_of_key = lru_cache(max_size)(lambda *_key: _Entry())
        update_wrapper(self, compute)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result, computed if it is not in memory."""
        entry = self._entry(*args, **kwargs)
        with entry.lock:
            if not entry.values:
                entry.values.append(self._compute(*args, **kwargs))
            value: T = entry.values[0]
            return value

    def peek(self, *args: P.args, **kwargs: P.kwargs) -> T | None:
        """The result if it is in memory, else None; never computes and never waits."""
        values = self._entry(*args, **kwargs).values
        return values[0] if values else None

    def _entry(self, *args: P.args, **kwargs: P.kwargs) -> _Entry:
        with self._lookup:
            return self._entry_of_key(*args, *sorted(kwargs.items()))


def single_flight(max_size: int) -> Callable[[Callable[P, T]], SingleFlightCache[P, T]]:
    """Decorate a function with a SingleFlightCache of `max_size` results."""
    return lambda compute: SingleFlightCache(compute, max_size)
