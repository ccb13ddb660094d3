"""Many that ask at the same moment, as the requests of a service do."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """In a thread of its own: the browser of other tests may have a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def all_at_once(asked: Iterable[Coroutine[Any, Any, T]]) -> list[T | BaseException]:
    """What came of each, in their order."""

    async def gathered() -> list[T | BaseException]:
        return await asyncio.gather(*asked, return_exceptions=True)

    return in_a_loop(gathered())
