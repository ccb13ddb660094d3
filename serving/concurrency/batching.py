"""What many ask for at the same moment is done at once, by a thread of its own: a transaction for all, not for each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class _Waiting(Generic[T, R]):
    asked: T
    result: asyncio.Future[R]


@dataclass(frozen=True)
class _Done(Generic[R]):
    result: R


class Together(Generic[T, R]):
    """do: gives a result for each of those asked for, in their order, or raises and has done nothing.

    Whoever asks in the same turn of the event loop, or while others are served, is served together. Where `do` raises,
    each is done by itself: nobody else's fault becomes one's own. What was asked is done, also where nobody waits for
    it any more.
    """

    def __init__(self, do: Callable[[Sequence[T]], Sequence[R]]) -> None:
        self._do = do
        self._waiting: list[_Waiting[T, R]] = []
        self._hand = ThreadPoolExecutor(1)
        self._at_work: asyncio.Task[None] | None = None

    async def done(self, one: T) -> R:
        """Its result, when it is there."""
        mine = _Waiting[T, R](one, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        if self._at_work is None:
            self._at_work = asyncio.create_task(self._work())
        return await mine.result

    async def _work(self) -> None:
        """Until nobody waits."""
        try:
            while self._waiting:
                together, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
                asked = [each.asked for each in together]
                outcomes = await asyncio.get_running_loop().run_in_executor(self._hand, self._outcomes, asked)
                for each, outcome in zip(together, outcomes, strict=True):
                    _tell(each.result, outcome)
        finally:
            self._at_work = None

    def _outcomes(self, asked: Sequence[T]) -> Sequence[_Done[R] | Exception]:
        """Of each what came of it, or what went wrong."""
        try:
            return [_Done(result) for _, result in zip(asked, self._do(asked), strict=True)]
        except Exception as fault:  # noqa: BLE001 - it is raised to whoever asked
            return [fault] if len(asked) == 1 else [self._outcomes([each])[0] for each in asked]


def _tell(waiting: asyncio.Future[R], outcome: _Done[R] | Exception) -> None:
    if waiting.done():  # given up
        return
    if isinstance(outcome, Exception):
        waiting.set_exception(outcome)
    else:
        waiting.set_result(outcome.result)
