"""What is computed once and kept in memory while it is looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from functools import lru_cache, update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _Cell:
    """A result, or the place where one thread computes it and the others wait."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.results: list[Any] = []


class Remembered(Generic[P, T]):
    """A computation whose results are kept. Called, it computes what is not there."""

    def __init__(self, compute: Callable[P, T], most: int) -> None:
        self._compute = compute
        self._finding = threading.Lock()
        self._cell = lru_cache(most)(_new_cell)
        update_wrapper(self, compute)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        mine = self._cell_of(*args, **kwargs)
        with mine.lock:
            if not mine.results:
                mine.results.append(self._compute(*args, **kwargs))
            result: T = mine.results[0]
            return result

    def known(self, *args: P.args, **kwargs: P.kwargs) -> T | None:
        """The result if it is there: nothing is computed, and nobody waited for."""
        results = self._cell_of(*args, **kwargs).results
        return results[0] if results else None

    def _cell_of(self, *args: P.args, **kwargs: P.kwargs) -> _Cell:
        with self._finding:
            return self._cell(*args, *sorted(kwargs.items()))


def _new_cell(*_: Hashable) -> _Cell:
    return _Cell()


def remembered(most: int) -> Callable[[Callable[P, T]], Remembered[P, T]]:
    """Keep the `most` results last looked at; many who ask for one at once wait for one computation.

    What is raised is not kept. The arguments have to be hashable, and the result depends on nothing else.
    """
    return lambda compute: Remembered(compute, most)
