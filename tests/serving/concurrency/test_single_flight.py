"""What is computed once: by one thread while others wait, and again only when it had failed or was let go."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from serving.concurrency.single_flight import single_flight


def test_many_who_ask_at_once_wait_for_one_computation() -> None:
    computed = []

    @single_flight(2)
    def slow(number: int) -> int:
        computed.append(number)
        time.sleep(0.1)
        return number * 2

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(slow, [3] * 8)) == [6] * 8
    assert computed == [3]


def test_a_failure_is_not_kept() -> None:
    tried = []

    @single_flight(2)
    def at_the_second_try(number: int) -> int:
        tried.append(number)
        if len(tried) == 1:
            raise OSError("the disk is full")
        return number

    with pytest.raises(OSError, match="full"):
        at_the_second_try(5)
    assert [at_the_second_try(5), at_the_second_try(5)] == [5, 5]
    assert tried == [5, 5]


@pytest.mark.parametrize(("others", "computed"), [(1, 1), (2, 2)])
def test_so_many_results_are_kept_and_no_more(others: int, computed: int) -> None:
    seen = []

    @single_flight(2)
    def plain(number: int) -> int:
        seen.append(number)
        return number

    for number in (0, *range(1, others + 1), 0):
        plain(number)
    assert seen.count(0) == computed


def test_what_is_known_is_told_without_computing_or_waiting() -> None:
    begun, go_on = Event(), Event()

    @single_flight(2)
    def slow(number: int) -> int:
        begun.set()
        go_on.wait(10)
        return number * 2

    with ThreadPoolExecutor(1) as pool:
        assert slow.peek(3) is None
        computing = pool.submit(slow, 3)
        begun.wait(10)
        assert slow.peek(3) is None
        go_on.set()
        assert computing.result(10) == slow.peek(3) == 6
    assert slow.peek(4) is None
