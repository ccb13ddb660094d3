"""One simulated county: months go by."""

from __future__ import annotations

import numpy as np

from training.simulate.ageing import grow_older
from training.simulate.chance import streams
from training.simulate.economy import live, living_cost
from training.simulate.geography import settle
from training.simulate.lending import lend, look_ahead
from training.simulate.loan_book import empty_book
from training.simulate.offices import keep_records, open_registers
from training.simulate.order import Order
from training.simulate.policies import insure, no_cover
from training.simulate.population import move_in
from training.simulate.prices import Prices
from training.simulate.relief import clear_away, relieve
from training.simulate.repayments import collect
from training.simulate.shocks import strike
from training.simulate.world import World


def founded(order: Order, number: int, seed: np.random.SeedSequence, prices: Prices) -> World:
    """The county of that number on its first morning, years before the first delivered month."""
    p, chance, first, households = order.parameters, streams(seed), order.first, order.counties[number]
    places = settle(p, chance.people, households, number, order.scenario.small_township)
    homes, members = move_in(p, chance.people, places, households, first)
    none = np.zeros(int(places.township.max()) + 1, dtype=np.int64)
    world = World(
        p=p,
        scenario=order.scenario,
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
        strained=np.zeros(len(places.codes)),
    )
    open_registers(world)
    return world


def pass_month(world: World, month: int) -> None:
    """Everything that happens in it, in order."""
    grow_older(world, month)
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
    """What share of its principal each village sees in arrears, and of its households without means."""
    book, homes, villages = world.book, world.homes, len(world.arrears)
    at = homes.village[book.household]
    owed = np.bincount(at, weights=book.outstanding, minlength=villages)
    bad = np.bincount(at, weights=book.outstanding * book.in_arrears, minlength=villages)
    world.arrears = bad / np.maximum(owed, 1)
    people = np.bincount(homes.village, minlength=villages)
    without = np.bincount(homes.village, weights=homes.cash < living_cost(world), minlength=villages)
    world.strained = without / np.maximum(people, 1)
