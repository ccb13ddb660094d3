"""`python -m tests.benchmarks.soak --data STORE --minutes 10`: fifty officers without a pause, twice as long.

The store is copied and served by two workers. In each round the officers look at households, ask what if, filter lists
and open pages; every answer has to be 200. Told is the memory of the service's processes at the end of each round (its
proportional share, PSS): what the second holds beyond the first. It exits with 1 where that is more than 5%.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import chain, cycle, takewhile
from pathlib import Path

from serving.months.data_folder import DataFolder
from tests.benchmarks import large_month
from tests.benchmarks.desk import OFFICERS, filtered_lists, look_at, served_to_officers, service_processes, what_if_of
from tests.benchmarks.officers import Question, asked

_ROUNDS = 2
_ALLOWED = 0.05
"""Share by which a later round may hold more memory than the first."""
_PAGES = ("/", "/board", "/groups", "/maturities", "/cases", "/model", "/reports")
_MEGABYTE = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory and answers of the service under long load.")
    parser.add_argument("--data", type=Path, required=True, help="a store with a published month")
    parser.add_argument("--minutes", type=float, default=10.0, help="length of a round")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as scratch:
        own = Path(scratch) / "own"
        shutil.copytree(given.data, own, symlinks=True, ignore=shutil.ignore_patterns("mlflow"))
        held = memory_by_round(DataFolder(own), given.minutes * 60)
    growth = max(held[1:]) / held[0] - 1
    print(f"memory of a later round beyond the first: {growth:+.1%} (allowed {_ALLOWED:.0%})")
    sys.exit(1 if growth > _ALLOWED else 0)


def memory_by_round(store: DataFolder, seconds: float) -> list[float]:
    """Megabytes of the service at the end of each round. Raises RuntimeError where an answer is not 200."""
    questions, held = mixed_questions(store), []
    with served_to_officers(store) as (address, keys):
        for number in range(1, _ROUNDS + 1):
            told = asked(address, keys, asked_for(questions, seconds))
            held.append(sum(each.memory_full_info().pss for each in service_processes()) / _MEGABYTE)
            print(
                f"round {number}: {OFFICERS} officers, {told.seconds:.0f} s, {len(told.took)} answers, all 200, "
                f"p95 {told.percentile(95):.0f} ms; the service holds {held[-1]:.0f} MB",
                flush=True,
            )
    return held


def asked_for(questions: Sequence[Question], seconds: float) -> Iterator[Question]:
    """The questions again and again, for so many seconds."""
    end = time.monotonic() + seconds
    return takewhile(lambda _: time.monotonic() < end, cycle(questions))


def mixed_questions(store: DataFolder) -> Sequence[Question]:
    """What officers ask, one kind after another: a look, what if, a list, a page; then of other households."""
    households, lists = large_month.households(store), cycle(filtered_lists(store))
    pages = cycle(Question(f"{path}?lang={lang}") for path in _PAGES for lang in ("zh", "en"))
    sheets = (Question(f"/households/{household}") for household in households)
    return list(
        chain.from_iterable(
            (look_at(household), what_if_of(household, "hardship"), next(lists), next(pages), sheet)
            for household, sheet in zip(households, sheets, strict=True)
        )
    )


if __name__ == "__main__":
    main()
