"""The limit of requests: a bucket that fills evenly, its own for each caller, and one for all processes together."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.access.rate_limit import RateLimit, TooManyRequestsError, shared_limits

_PER_MINUTE, _PROCESSES = 20_000, 4
_TAKING = f"""
import sys
from serving.access.rate_limit import RateLimit, TooManyRequestsError
limit, taken = RateLimit({_PER_MINUTE}, lambda: 1.0, "requests"), 0
print("ready", flush=True)
sys.stdin.readline()
for _ in range({_PER_MINUTE}):
    try:
        limit.take("caller")
        taken += 1
    except TooManyRequestsError:
        pass
print(taken)
"""


@pytest.fixture(params=["one process", "shared"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "shared":
        with shared_limits(tmp_path):
            yield request.param
    else:
        yield request.param


@pytest.mark.usefixtures("place")
def test_a_bucket_fills_evenly_and_each_has_its_own() -> None:
    seconds = 10.0
    limits = RateLimit(60, lambda: seconds, "requests")
    for _ in range(60):
        limits.take("one")
    with pytest.raises(TooManyRequestsError):
        limits.take("one")
    limits.take("other")
    seconds = 10.99
    with pytest.raises(TooManyRequestsError):
        limits.take("one")
    seconds = 12.0
    limits.take("one")


@pytest.mark.usefixtures("place")
def test_many_others_do_not_give_a_caller_a_new_bucket() -> None:
    seconds = 1.0
    limits = RateLimit(2, lambda: seconds, "requests")
    limits.take("one")
    limits.take("one")
    for number in range(3_000):  # buckets of others, fewer than there is room for
        seconds += 0.001
        limits.take(f"other {number}")
    with pytest.raises(TooManyRequestsError):
        limits.take("one")


def test_two_limits_of_one_service_count_apart(tmp_path: Path) -> None:
    with shared_limits(tmp_path):
        RateLimit(1, lambda: 1.0, "requests").take("one")
        RateLimit(1, lambda: 1.0, "sign-ins").take("one")


def test_processes_count_together(tmp_path: Path) -> None:
    with shared_limits(tmp_path):
        command, pipe = [sys.executable, "-c", _TAKING], subprocess.PIPE
        takers = [
            subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=os.environ) for _ in range(_PROCESSES)
        ]
        for taker in takers:
            assert taker.stdout is not None
            assert taker.stdout.readline() == "ready\n"
        for taker in takers:  # all at once
            assert taker.stdin is not None
            taker.stdin.write("go\n")
            taker.stdin.flush()
        taken = [int(taker.communicate(timeout=120)[0]) for taker in takers]
    assert sum(taken) == _PER_MINUTE


def test_the_lock_of_a_process_that_was_killed_goes_with_it(tmp_path: Path) -> None:
    code = (
        "import time\nfrom serving.access.rate_limit import RateLimit\n"
        f'limit = RateLimit({_PER_MINUTE}, lambda: 1.0, "requests")\n'
        "with limit._process_lock():\n    print('locked', flush=True)\n    time.sleep(600)\n"
    )
    with shared_limits(tmp_path):
        holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ)
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        holder.kill()
        holder.communicate(timeout=60)
        RateLimit(_PER_MINUTE, lambda: 1.0, "requests").take("caller")
