"""One simulated county: its first state, and what happens in each month."""

from __future__ import annotations

import numpy as np

from training.simulate.ageing import age_members
from training.simulate.chance import spawn_streams
from training.simulate.days import last_day
from training.simulate.economy import living_cost, run_economy
from training.simulate.geography import draw_villages
from training.simulate.late_relief import extend_late, renew_late
from training.simulate.lending import flag_principal_due_soon, lend
from training.simulate.loan_book import empty_book
from training.simulate.misbooked import misbook
from training.simulate.offices import (
    check_use_of_loans,
    reclassify_households,
    survey_assets,
    survey_incomes,
    write_first_registers,
    write_village_reviews,
)
from training.simulate.order import Order
from training.simulate.policies import insure_households, no_cover
from training.simulate.population import draw_households
from training.simulate.prices import Prices
from training.simulate.relief import close_lost_loans, extend_loans, renew_loans, settle_early
from training.simulate.repayments import collect_instalments
from training.simulate.shocks import strike_households
from training.simulate.visits import pay_after_visits
from training.simulate.world import World


def create_world(order: Order, number: int, seed: np.random.SeedSequence, prices: Prices) -> World:
    """The county of a number at the beginning of its first month, years before the first delivered one."""
    p, chance, n = order.parameters, spawn_streams(seed), order.counties[number]
    villages = draw_villages(p, chance.people, n, number, order.scenario.small_township)
    households, members = draw_households(p, chance.people, villages, n, order.first_month)
    no_month = np.zeros(int(villages.township.max()) + 1, dtype=np.int64)
    world = World(
        parameters=p,
        scenario=order.scenario,
        chance=chance,
        first_month=order.first_month,
        villages=villages,
        households=households,
        members=members,
        prices=prices,
        book=empty_book(),
        cover=no_cover(n),
        epidemic_until=no_month.copy(),
        drought_until=no_month.copy(),
        arrears_share=np.zeros(len(villages.codes)),
        strained_share=np.zeros(len(villages.codes)),
    )
    write_first_registers(world)
    return world


def simulate_month(world: World, month: int) -> None:
    """Everything that happens in one month, in this order."""
    age_members(world, month)
    insure_households(world, month)
    strike_households(world, month)
    run_economy(world, month)
    flag_principal_due_soon(world, month)
    pay_after_visits(world, month)
    settle_early(world, month)
    extend_loans(world, month)
    renew_loans(world, month)
    collect_instalments(world, month)
    pay_after_visits(world, month)
    renew_late(world, month)
    extend_late(world, month)
    world.unpaid.mark_bad_loans(world.book, world.spells, last_day(month))
    close_lost_loans(world, month)
    misbook(world, month)
    lend(world, month)
    check_use_of_loans(world, month)
    survey_assets(world, month)
    write_village_reviews(world, month)
    survey_incomes(world, month)
    reclassify_households(world, month)
    update_village_shares(world)


def update_village_shares(world: World) -> None:
    """Set the share of each village's principal in arrears, and of its households short of cash."""
    book, households, village_count = world.book, world.households, len(world.arrears_share)
    village = households.village[book.household]
    balance = np.bincount(village, weights=book.outstanding, minlength=village_count)
    overdue = np.bincount(village, weights=book.outstanding * book.in_arrears, minlength=village_count)
    world.arrears_share = overdue / np.maximum(balance, 1)
    number = np.bincount(households.village, minlength=village_count)
    short_of_cash = households.cash < living_cost(world)
    strained = np.bincount(households.village, weights=short_of_cash, minlength=village_count)
    world.strained_share = strained / np.maximum(number, 1)
