"""A month's cash of every household: earned, spent, put into animals, and borrowed when it runs out."""

from __future__ import annotations

import numpy as np

from training.simulate.chance import round_about
from training.simulate.days import F, month_number
from training.simulate.industries import INDUSTRIES
from training.simulate.other_credit import borrow_outside, service_outside_debt
from training.simulate.world import World

_ANIMAL = np.array([each.animal for each in INDUSTRIES])
_DROUGHT = np.array([each.drought for each in INDUSTRIES])
_SICKENS = np.array([each.sickens for each in INDUSTRIES])
_SOLD = np.array([each.sold for each in INDUSTRIES])
_UPKEEP = np.array([each.upkeep for each in INDUSTRIES])
_SALES = np.array([np.array(each.sales) / sum(each.sales) for each in INDUSTRIES]).T


def live(world: World, month: int) -> None:
    """One month, in this order: income, costs, debts, spending, herd, and what is then missing."""
    if month_number(month) == 1:
        world.homes.luck = round_about(world.chance.economy, world.p.luck_spread, len(world.homes))
    _earn(world, month)
    _pay_costs(world, month)
    world.homes.cash += world.homes.coming[:, month % 6]
    world.homes.coming[:, month % 6] = 0
    service_outside_debt(world, month)
    _spend_surplus(world)
    _rebuild(world, month)
    _make_ends_meet(world, month)


def _earn(world: World, month: int) -> None:
    homes, p, rng = world.homes, world.p, world.chance.economy
    factor = homes.ability * round_about(rng, p.income_noise, len(homes))
    employed = homes.jobless_until < month
    world_of_work = homes.away * p.wage * employed + homes.workers * p.local_wage
    _take_in(world, "wage_income", world_of_work * factor * (0.4 if month_number(month) == 2 else 1.0))
    _take_in(world, "business_income", _sales(world, month) * factor)
    _take_in(world, "transfer_income", homes.size * p.transfer)
    rented = homes.land * p.rent if month_number(month) == 1 else np.zeros(len(homes))
    _take_in(world, "property_income", rented)


def _sales(world: World, month: int) -> F:
    """Yuan for animals or harvest: epidemics bar sales, drought and missing hands cost yield."""
    homes, kind = world.homes, world.homes.industry
    yearly = homes.units * _SOLD[kind] * world.price(month)[kind]
    severe = world.scenario.dry_loss if world.scenario.has_begun(month) else 1.0
    dry = 1 - severe * _DROUGHT[kind] * (world.drought[world.township] >= month)
    barred = np.where(_SICKENS[kind] & (world.epidemic[world.township] >= month), 0.35, 1.0)
    hands = np.clip((homes.workers - 0.8 * (homes.sick_until >= month) + 0.8) / 1.8, 0.35, 1.1)
    work = hands * np.exp(0.08 * homes.diligence) * homes.luck
    return np.asarray(yearly * _SALES[month_number(month) - 1][kind] * dry * barred * work)


def _take_in(world: World, flow: str, yuan: F) -> None:
    world.enter(flow, yuan)
    world.homes.cash += yuan


def _pay(world: World, flow: str, yuan: F) -> None:
    world.enter(flow, yuan)
    world.homes.cash -= yuan


def _pay_costs(world: World, month: int) -> None:
    homes, p, rng, n = world.homes, world.p, world.chance.economy, len(world.homes)
    feast = 1.6 if month_number(month) in (1, 2) else 0.95
    fodder = np.where(_SICKENS[homes.industry], world.scenario.upkeep(month), 1.0)
    upkeep = homes.units * _UPKEEP[homes.industry] * fodder
    _pay(world, "production_cost", upkeep * round_about(rng, p.living_noise, n))
    _pay(world, "living_cost", living_cost(world) * feast * round_about(rng, p.living_noise, n))
    _pay(world, "medical_cost", homes.size * 22 * round_about(rng, 0.8, n))
    college = (homes.college_until >= month) * p.college_cost * (month_number(month) in (3, 9))
    school = homes.pupils * p.school_cost * (month_number(month) not in (7, 8))
    _pay(world, "education_cost", school + college)


def living_cost(world: World) -> F:
    """Of an ordinary month."""
    return world.homes.size * world.p.living_cost * np.sqrt(world.homes.ability)


def _spend_surplus(world: World) -> None:
    """What is above the buffer goes into house and feasts, less when principal falls due soon."""
    homes, p = world.homes, world.p
    surplus = np.maximum(homes.cash - p.buffer_months * living_cost(world), 0)
    share = np.where(homes.due_soon, p.spends_before_maturity, p.spends) * np.exp(-0.35 * homes.diligence)
    _pay(world, "living_cost", surplus * np.clip(share, 0, 0.5))


def _rebuild(world: World, month: int) -> None:
    """A herd or shop below its usual size grows again while there is cash for it."""
    homes = world.homes
    able = (homes.cash > 4 * living_cost(world)) & ~homes.due_soon & (homes.units < homes.usual_units)
    more = np.where(able, homes.usual_units * world.p.rebuilds, 0.0)
    more = np.minimum(more, np.maximum(homes.cash, 0) * 0.4 / world.unit_worth(month))
    homes.units += more
    homes.cash -= more * world.unit_worth(month)


def _make_ends_meet(world: World, month: int) -> None:
    """Below zero: sell a few animals, borrow from kin and others, then tighten the belt."""
    homes = world.homes
    sell = np.minimum(np.maximum(-homes.cash, 0) / world.quick_sale(month), 0.06 * homes.units)
    sell = np.where(_ANIMAL[homes.industry], sell, 0.0)
    homes.units -= sell
    homes.cash += sell * world.quick_sale(month)
    borrow_outside(world, month, np.maximum(-homes.cash, 0))
    homes.cash = np.maximum(homes.cash, 0)
