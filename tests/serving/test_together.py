"""What many ask for at once: done together, each gets their own, and one fault is one's own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any, TypeVar

import pytest

from serving.together import Together

T = TypeVar("T")
_MANY = 1_000


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """In a thread of its own: the browser of other tests may have a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def test_what_comes_while_something_is_done_is_done_together_and_in_its_order() -> None:
    done, go_on = list[list[int]](), Event()

    def doubled(asked: Sequence[int]) -> list[int]:
        go_on.wait(10)
        done.append(list(asked))
        return [2 * each for each in asked]

    together = Together(doubled)
    waiting = [together.ask(number) for number in range(_MANY)]
    go_on.set()
    assert [each.result(10) for each in waiting] == [2 * number for number in range(_MANY)]
    assert [number for at_once in done for number in at_once] == list(range(_MANY))
    assert len(done) < _MANY / 100


def test_one_that_cannot_be_done_is_told_so_and_the_others_have_theirs() -> None:
    def halves(asked: Sequence[int]) -> list[float]:
        return [1 / each for each in asked]

    together = Together(halves)
    waiting = [together.ask(number) for number in (1, 0, 2, 0)]
    assert [type(each.exception(10)) for each in waiting] == [type(None), ZeroDivisionError] * 2
    assert [waiting[0].result(10), waiting[2].result(10)] == [1, 0.5]


def test_an_answer_too_few_is_a_fault_and_nobody_waits_for_ever() -> None:
    together = Together[int, int](lambda _: [])
    with pytest.raises(ValueError, match="shorter"):
        together.ask(1).result(10)


def test_what_nobody_waits_for_any_more_is_done_all_the_same() -> None:
    kept, go_on = list[str](), Event()

    def keep(asked: Sequence[str]) -> list[None]:
        go_on.wait(10)
        kept.extend(asked)
        return [None] * len(asked)

    together = Together(keep)

    async def gives_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(together.done("the first"), 0.01)
        go_on.set()
        await together.done("the last")

    in_a_loop(gives_up())
    assert kept == ["the first", "the last"]


def test_two_event_loops_may_ask_one_after_the_other() -> None:
    together = Together[int, int](lambda asked: [each + 1 for each in asked])
    assert [in_a_loop(together.done(number)) for number in (1, 2)] == [2, 3]
