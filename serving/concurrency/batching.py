"""Concurrent calls of coroutines, coalesced into batches: one transaction for many requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_MAX_BATCH = 256


@dataclass(frozen=True, eq=False)
class _Request(Generic[T, R]):
    item: T
    result: asyncio.Future[R]


@dataclass(frozen=True)
class _Success(Generic[R]):
    result: R


class RequestBatcher(Generic[T, R]):
    """Coalesces concurrent calls into batches, each of which runs in a worker thread.

    Calls in one turn of the event loop, and calls that arrive while a batch runs, form the next batch. Where a batch
    fails, its items run singly, so that an error reaches its own caller alone. The item of a cancelled caller still
    runs.

    Args:
        run_batch: returns a result for each item, in their order; where it raises, it must have changed nothing.

    Example:
        >>> import asyncio
        >>> from serving.concurrency.batching import RequestBatcher
        >>> async def squares():
        ...     batcher = RequestBatcher(lambda items: [item * item for item in items])
        ...     return await asyncio.gather(*(batcher.submit(number) for number in range(4)))
        >>> asyncio.run(squares())
        [0, 1, 4, 9]
    """

    def __init__(self, run_batch: Callable[[Sequence[T]], Sequence[R]]) -> None:
        self._run_batch = run_batch
        self._waiting: list[_Request[T, R]] = []
        self._thread = ThreadPoolExecutor(1)
        self._runner: asyncio.Task[None] | None = None

    async def submit(self, item: T) -> R:
        """The result of an item, once its batch has run; raises what the item raises."""
        request = _Request[T, R](item, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        if self._runner is None:
            self._runner = asyncio.create_task(self._run_batches())
        return await request.result

    async def _run_batches(self) -> None:
        """Run batches until no request waits."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_MAX_BATCH], self._waiting[_MAX_BATCH:]
                items = [request.item for request in batch]
                outcomes = await asyncio.get_running_loop().run_in_executor(self._thread, self._outcomes, items)
                for request, outcome in zip(batch, outcomes, strict=True):
                    if request.result.done():  # the caller was cancelled
                        continue
                    if isinstance(outcome, Exception):
                        request.result.set_exception(outcome)
                    else:
                        request.result.set_result(outcome.result)
        finally:
            self._runner = None

    def _outcomes(self, items: Sequence[T]) -> Sequence[_Success[R] | Exception]:
        """The result of each item, or the exception that it raises."""
        try:
            return [_Success(result) for _, result in zip(items, self._run_batch(items), strict=True)]
        except Exception as error:  # noqa: BLE001 - it is raised to its caller
            return [error] if len(items) == 1 else [self._outcomes([item])[0] for item in items]
