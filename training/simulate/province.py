"""Counties side by side, each lived and written in one process: memory stays that of the largest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from queue import Empty
from typing import Protocol

import numpy as np

from training.simulate.chance import seed_of
from training.simulate.county import founded, pass_month
from training.simulate.days import LAST_MONTH, month_number, year_of
from training.simulate.deliver_inbox import whole_inbox
from training.simulate.delivery import deliver, deliver_prices
from training.simulate.geography import county_code
from training.simulate.order import HORIZON, Order
from training.simulate.prices import Prices, price_path
from training.simulate.truth import Truth

Advance = Callable[[int, str], object]
"""Is told of so many county-months lived, and says a line where there is one to say."""
_LOOKS_UP = 0.2  # seconds


class _Told(Protocol):
    """A queue between processes."""

    def put(self, item: tuple[int, str]) -> None: ...

    def get(self, block: bool, timeout: float) -> tuple[int, str]: ...


def _quietly(_steps: int, _line: str) -> None:
    """Say nothing."""


def simulate(order: Order, out: Path, workers: int = 1, advance: Advance = _quietly) -> None:
    """Write an inbox of the contract's fifteen tables, a file a county, and `truth/` beside them.

    The same order gives the same bytes whatever the number of workers, and a county the same whatever counties
    come after it. Older loans still open in the first month are delivered whole.

    Raises Refused where `out` holds something else, or the disk takes no more.
    """
    with whole_inbox(out) as folder:
        deliver_prices(_prices(order), order.start, folder)
        if workers == 1 or len(order.counties) == 1:
            for number in order.counties:
                _live(order, number, folder, advance)
        else:
            _live_side_by_side(order, folder, workers, advance)
    advance(0, f"written to {out}")


def _prices(order: Order) -> Prices:
    """One path for all counties."""
    rng, months = np.random.default_rng(seed_of(order.seed, 0)), LAST_MONTH - order.first + 1
    return price_path(rng, order.first, months, order.scenario)


def _live(order: Order, number: int, folder: Path, advance: Advance) -> None:
    """One county from its first month to its papers."""
    seed = seed_of(order.seed, number)
    world = founded(order, number, seed, _prices(order))
    truth = Truth()
    for month in range(order.first, LAST_MONTH + 1):
        pass_month(world, month)
        if month >= order.start:
            truth.watch(world, month)
        if month in order.hazard_months:
            for _ in truth.try_futures(world, month, order.seed, order.replicates):
                advance(HORIZON, "")
        told = month_number(month) == 12 and month >= order.start
        advance(1, f"{county_code(number)} {year_of(month)}: {int(world.book.open.sum())} open loans" if told else "")
    truth.write(world, deliver(world, order.start, folder), folder)


def _live_side_by_side(order: Order, folder: Path, workers: int, advance: Advance) -> None:
    """Counties in a pool of processes; what goes wrong in one ends them all."""
    spawn = get_context("spawn")
    with spawn.Manager() as manager, ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        told: _Told = manager.Queue()
        living = [pool.submit(_live_apart, order, number, folder, told) for number in order.counties]
        for steps, line in _heard(told, living):
            advance(steps, line)
        for county in living:
            county.result()


def _live_apart(order: Order, number: int, folder: Path, told: _Told) -> None:
    _live(order, number, folder, lambda steps, line: told.put((steps, line)))


def _heard(told: _Told, living: list[Future[None]]) -> Iterator[tuple[int, str]]:
    """Until all are done and nothing is left to hear, or one has failed."""
    while True:
        over = all(county.done() for county in living) or any(county.done() and county.exception() for county in living)
        try:
            yield told.get(True, 0 if over else _LOOKS_UP)
        except Empty:
            if over:
                return
