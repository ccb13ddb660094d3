"""One simulated county: months go by."""

from __future__ import annotations

import numpy as np

from training.simulate.book import empty_book
from training.simulate.chance import streams
from training.simulate.economy import live
from training.simulate.insurance import insure, no_cover
from training.simulate.lending import lend, look_ahead
from training.simulate.offices import keep_records, open_registers
from training.simulate.parameters import Parameters
from training.simulate.people import move_in
from training.simulate.places import settle
from training.simulate.prices import Prices
from training.simulate.relief import clear_away, relieve
from training.simulate.repayment import collect
from training.simulate.shocks import strike
from training.simulate.world import World


def founded(p: Parameters, seed: np.random.SeedSequence, number: int, households: int, prices: Prices) -> World:
    """The county of that number on its first morning, years before the first delivered month."""
    chance, first = streams(seed), prices.first
    places = settle(p, chance.people, households, number)
    homes, members = move_in(p, chance.people, places, households, first)
    none = np.zeros(int(places.township.max()) + 1, dtype=np.int64)
    world = World(
        p=p,
        chance=chance,
        first=first,
        places=places,
        homes=homes,
        members=members,
        prices=prices,
        book=empty_book(),
        cover=no_cover(households),
        epidemic=none.copy(),
        drought=none.copy(),
        arrears=np.zeros(len(places.codes)),
    )
    open_registers(world)
    return world


def pass_month(world: World, month: int) -> None:
    """Everything that happens in it, in order."""
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


def _look_around(world: World) -> None:
    """What share of its principal each village sees in arrears."""
    book, villages = world.book, len(world.arrears)
    at = world.homes.village[book.household]
    owed = np.bincount(at, weights=book.outstanding, minlength=villages)
    bad = np.bincount(at, weights=book.outstanding * book.in_arrears, minlength=villages)
    world.arrears = bad / np.maximum(owed, 1)
