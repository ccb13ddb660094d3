"""Simulation of several counties, each in one process: memory stays that of the largest county."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from queue import Empty
from typing import Protocol

import numpy as np

from training.simulate.chance import seed_sequence
from training.simulate.county import create_world, simulate_month
from training.simulate.days import LAST_MONTH, month_number, year_of
from training.simulate.deliver_inbox import inbox_writer
from training.simulate.delivery import deliver_prices, deliver_tables
from training.simulate.geography import county_code
from training.simulate.order import HORIZON, Order
from training.simulate.prices import Prices, price_path
from training.simulate.truth import Truth

Advance = Callable[[int, str], object]
"""Called with the number of county-months that were just simulated, and a line to print, or an empty one."""
_POLL_SECONDS = 0.2


class _ProgressQueue(Protocol):
    """Queue between processes of (county-months, line)."""

    def put(self, item: tuple[int, str]) -> None: ...

    def get(self, block: bool, timeout: float) -> tuple[int, str]: ...


def simulate(order: Order, out: Path, workers: int = 1, advance: Advance = lambda _steps, _line: None) -> None:
    """Simulate counties and write what they deliver to a folder, together with the truth.

    `out` gets `<table>/<county code>.parquet` for each of the contract's fifteen tables (`prices/all.parquet` is one
    file), in the contract's columns and types, money in yuan; and `truth/loans`, `truth/households` and, where
    `order.replicates` is not 0, `truth/hazards`. Equal orders give equal bytes whatever the number of workers, and a
    county does not depend on the counties after it. Loans granted before the first delivered month are delivered, with
    their whole history, if they were open in it.

    Args:
        order: size, seed and scenario; see `Order`.
        out: the folder to write; it appears when it is complete, and replaces an earlier simulation there.
        workers: processes among which the counties are shared.
        advance: called with county-months done and a line to print; together they add up to `order.steps`.

    Raises:
        UserError: `out` holds something that no simulation wrote, or the disk takes no more; `out` is unchanged then.

    Example:
        >>> import polars as pl
        >>> from training.simulate.order import Order
        >>> from training.simulate.province import simulate
        >>> simulate(Order(households=60, months=12, seed=1), tmp / "inbox")
        >>> sorted(folder.name for folder in (tmp / "inbox").iterdir())[:3]
        ['assets', 'claims', 'credit_events']
        >>> pl.read_parquet(tmp / "inbox" / "households" / "*.parquet")["household_id"].n_unique()
        60
    """
    with inbox_writer(out) as folder:
        deliver_prices(draw_prices(order), order.start, folder)
        if workers == 1 or len(order.counties) == 1:
            for number in order.counties:
                _simulate_county(order, number, folder, advance)
        else:
            _simulate_in_pool(order, folder, workers, advance)
    advance(0, f"已写入 {out} / written to {out}")


def draw_prices(order: Order) -> Prices:
    """The price path, which is one for all counties."""
    rng, months = np.random.default_rng(seed_sequence(order.seed, 0)), LAST_MONTH - order.first_month + 1
    return price_path(rng, order.first_month, months, order.scenario)


def _simulate_county(order: Order, number: int, folder: Path, advance: Advance) -> None:
    """Simulate one county from its first month to the last, and write its files."""
    world = create_world(order, number, seed_sequence(order.seed, number), draw_prices(order))
    if order.visits is not None:
        world.visits = order.visits.of_county(number, order.seed)
    truth = Truth()
    for month in range(order.first_month, LAST_MONTH + 1):
        simulate_month(world, month)
        if month >= order.start:
            truth.record_households(world, month)
        if month in order.hazard_months:
            for _ in truth.record_hazards(world, month, order.seed, order.replicates):
                advance(HORIZON, "")
        year_is_over = month_number(month) == 12 and month >= order.start
        county_year, loans = f"{county_code(number)} {year_of(month)}", int(world.book.open.sum())
        line = f"{county_year}：{loans} 笔未结 / {county_year}: {loans} open loans"
        advance(1, line if year_is_over else "")
    truth.write(world, deliver_tables(world, order.start, folder), folder)


def _simulate_in_pool(order: Order, folder: Path, workers: int, advance: Advance) -> None:
    """Simulate counties in a pool of processes; an error in one ends them all."""
    spawn = get_context("spawn")
    with spawn.Manager() as manager, ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        queue: _ProgressQueue = manager.Queue()
        counties = [pool.submit(_simulate_in_worker, order, number, folder, queue) for number in order.counties]
        while True:
            failed = any(county.done() and county.exception() for county in counties)
            is_over = failed or all(county.done() for county in counties)
            try:
                steps, line = queue.get(True, 0 if is_over else _POLL_SECONDS)
                advance(steps, line)
            except Empty:
                if is_over:
                    break
        for county in counties:
            county.result()


# At module level, because processes are sent functions by their name.
def _simulate_in_worker(order: Order, number: int, folder: Path, queue: _ProgressQueue) -> None:
    _simulate_county(order, number, folder, lambda steps, line: queue.put((steps, line)))
