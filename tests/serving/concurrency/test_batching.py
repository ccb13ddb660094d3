"""What many ask for at once: done together, each gets their own, and one fault is one's own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from threading import Event

import pytest

from serving.concurrency.batching import RequestBatcher
from tests.serving.at_once import all_at_once, in_a_loop

_MANY = 1_000


def test_what_is_asked_at_the_same_moment_is_done_together_and_in_its_order() -> None:
    done = list[list[int]]()

    def doubled(asked: Sequence[int]) -> list[int]:
        done.append(list(asked))
        return [2 * each for each in asked]

    assert all_at_once(map(RequestBatcher(doubled).submit, range(_MANY))) == [2 * number for number in range(_MANY)]
    assert [number for at_once in done for number in at_once] == list(range(_MANY))
    assert len(done) < _MANY / 100


def test_what_comes_while_something_is_done_is_done_next_and_together() -> None:
    done, begun, go_on = list[list[int]](), Event(), Event()

    def noted(asked: Sequence[int]) -> list[int]:
        begun.set()
        go_on.wait(10)
        done.append(list(asked))
        return list(asked)

    together = RequestBatcher(noted)

    async def one_by_one() -> None:
        waiting = [asyncio.create_task(together.submit(0))]
        await asyncio.to_thread(begun.wait, 10)
        for number in (1, 2, 3):
            waiting.append(asyncio.create_task(together.submit(number)))
            await asyncio.sleep(0.01)
        go_on.set()
        await asyncio.gather(*waiting)

    in_a_loop(one_by_one())
    assert done == [[0], [1, 2, 3]]


def test_one_that_cannot_be_done_is_told_so_and_the_others_have_theirs() -> None:
    def halves(asked: Sequence[int]) -> list[float]:
        return [1 / each for each in asked]

    one, nothing, two, none_again = all_at_once(map(RequestBatcher(halves).submit, (1, 0, 2, 0)))
    assert (one, two) == (1, 0.5)
    assert [type(nothing), type(none_again)] == [ZeroDivisionError] * 2


def test_an_answer_too_few_is_a_fault_and_nobody_waits_for_ever() -> None:
    together = RequestBatcher[int, int](lambda _: [])
    with pytest.raises(ValueError, match="shorter"):
        in_a_loop(asyncio.wait_for(together.submit(1), 10))


def test_what_nobody_waits_for_any_more_is_done_all_the_same() -> None:
    kept, go_on = list[str](), Event()

    def keep(asked: Sequence[str]) -> list[None]:
        go_on.wait(10)
        kept.extend(asked)
        return [None] * len(asked)

    together = RequestBatcher(keep)

    async def gives_up() -> None:
        for name in ("the first", "the second"):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(together.submit(name), 0.01)
        go_on.set()
        await together.submit("the last")

    in_a_loop(gives_up())
    assert kept == ["the first", "the second", "the last"]


def test_two_event_loops_may_ask_one_after_the_other() -> None:
    together = RequestBatcher[int, int](lambda asked: [each + 1 for each in asked])
    assert [in_a_loop(together.submit(number)) for number in (1, 2)] == [2, 3]


def test_an_event_loop_that_ended_in_the_middle_keeps_none_from_the_next() -> None:
    go_on = Event()

    def waited(asked: Sequence[int]) -> list[int]:
        go_on.wait(10)
        return list(asked)

    together = RequestBatcher(waited)

    async def ends() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(together.submit(1), 0.01)

    in_a_loop(ends())
    go_on.set()
    assert in_a_loop(asyncio.wait_for(together.submit(2), 10)) == 2
