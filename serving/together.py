"""What many ask for at the same moment is done at once, by a thread of its own: a transaction for all, not for each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class _Waiting(Generic[T, R]):
    asked: T
    result: Future[R] = field(default_factory=Future)


class Together(Generic[T, R]):
    """do: gives a result for each of those asked for, in their order, or raises and has done nothing.

    Where it raises, each is done by itself: nobody else's fault becomes one's own. What was asked is done, also where
    nobody waits for it any more.
    """

    def __init__(self, do: Callable[[Sequence[T]], Sequence[R]]) -> None:
        self._do = do
        self._waiting: deque[_Waiting[T, R]] = deque()
        self._hand = ThreadPoolExecutor(1)

    def ask(self, one: T) -> Future[R]:
        """Its result, when it is there."""
        mine = _Waiting[T, R](one)
        mine.result.set_running_or_notify_cancel()  # not to be cancelled from now on
        self._waiting.append(mine)
        self._hand.submit(self._work)
        return mine.result

    async def done(self, one: T) -> R:
        """The same, for whoever has an event loop to go on with."""
        return await asyncio.wrap_future(self.ask(one))

    def _work(self) -> None:
        """For all who wait, also those whose own turn comes later and finds nothing left to do."""
        together = self._next()
        fault = self._fault_of(together)
        for each in together if fault else ():
            own = fault if len(together) == 1 else self._fault_of([each])
            if own:
                each.result.set_exception(own)

    def _fault_of(self, together: Sequence[_Waiting[T, R]]) -> Exception | None:
        """None where each has its result."""
        try:
            done = self._do([each.asked for each in together]) if together else ()
            given = list(zip(together, done, strict=True))
        except Exception as fault:  # noqa: BLE001 - it is raised to whoever asked
            return fault
        for each, result in given:
            each.result.set_result(result)
        return None

    def _next(self) -> list[_Waiting[T, R]]:
        taken: list[_Waiting[T, R]] = []
        with suppress(IndexError):
            while len(taken) < _AT_ONCE:
                taken.append(self._waiting.popleft())
        return taken
