"""What is computed once and kept in memory while it is looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _Cell:
    """A result, or the place where one thread computes it and the others wait."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.results: list[Any] = []


def remembered(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep the `most` results last looked at; many who ask for one at once wait for one computation.

    What is raised is not kept. The arguments have to be hashable, and the result depends on nothing else.
    """

    def decorated(compute: Callable[P, T]) -> Callable[P, T]:
        finding = threading.Lock()

        @lru_cache(most)
        def cell(*_: Hashable) -> _Cell:
            return _Cell()

        @wraps(compute)
        def found(*args: P.args, **kwargs: P.kwargs) -> T:
            with finding:
                mine = cell(*args, *sorted(kwargs.items()))
            with mine.lock:
                if not mine.results:
                    mine.results.append(compute(*args, **kwargs))
                result: T = mine.results[0]
                return result

        return found

    return decorated
