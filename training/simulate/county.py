"""The simulated county: months go by, and at the end its papers are delivered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from training.simulate.book import empty_book
from training.simulate.chance import streams
from training.simulate.days import LAST_MONTH, first_day, month_number, year_of
from training.simulate.delivery import deliver
from training.simulate.economy import live
from training.simulate.industries import INDUSTRIES
from training.simulate.insurance import insure, no_cover
from training.simulate.lending import lend, look_ahead
from training.simulate.offices import keep_records, open_registers
from training.simulate.parameters import Parameters
from training.simulate.people import move_in
from training.simulate.places import settle
from training.simulate.prices import price_path
from training.simulate.relief import clear_away, relieve
from training.simulate.repayment import collect
from training.simulate.shocks import strike
from training.simulate.world import World


def _quietly(_: str) -> None:
    """Say nothing."""


def simulate(households: int, months: int, seed: int, out: Path, tell: Callable[[str], None] = _quietly) -> None:
    """Write the contract's fifteen tables and `truth/loans.parquet` of a county into `out`.

    The last of the `months` is December 2025. Older loans still open in the first are delivered whole.
    """
    start = LAST_MONTH - months + 1
    world = _founded(households, start, seed)
    for month in range(world.first, LAST_MONTH + 1):
        _pass_month(world, month)
        if month_number(month) == 12 and month >= start:
            tell(f"{year_of(month)}: {int(world.book.open.sum())} open loans")
    deliver(world, start, out)
    tell(f"written to {out}")


def _founded(households: int, start: int, seed: int) -> World:
    """The county on its first morning, years before the first delivered month."""
    p, chance = Parameters(), streams(seed)
    first = start - p.warm_up
    places = settle(p, chance.people, households)
    homes, members = move_in(p, chance.people, places, households, first)
    none = np.zeros(int(places.township.max()) + 1, dtype=np.int64)
    world = World(
        p=p,
        chance=chance,
        first=first,
        places=places,
        homes=homes,
        members=members,
        prices=price_path(chance.economy, first, LAST_MONTH - first + 1),
        book=empty_book(),
        cover=no_cover(households),
        epidemic=none.copy(),
        drought=none.copy(),
        arrears=np.zeros(len(places.codes)),
    )
    open_registers(world)
    return world


def _pass_month(world: World, month: int) -> None:
    insure(world, month)
    strike(world, month)
    live(world, month)
    look_ahead(world, month)
    relieve(world, month)
    collect(world, month)
    clear_away(world, month)
    lend(world, month)
    keep_records(world, month)
    _look_around(world)
    _write_prices(world, month)


def _look_around(world: World) -> None:
    """What share of its principal each village sees in arrears."""
    book, villages = world.book, len(world.arrears)
    at = world.homes.village[book.household]
    owed = np.bincount(at, weights=book.outstanding, minlength=villages)
    bad = np.bincount(at, weights=book.outstanding * book.in_arrears, minlength=villages)
    world.arrears = bad / np.maximum(owed, 1)


def _write_prices(world: World, month: int) -> None:
    world.diary.write(
        "prices",
        product=np.array([each.code for each in INDUSTRIES]),
        month=first_day(month),
        price=world.price(month),
        known_on=first_day(month) + 27,
    )
