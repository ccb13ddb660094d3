"""A month's cash of every household: income, costs, investment in animals, and loans from kin when it runs out."""

from __future__ import annotations

import numpy as np

from training.simulate.chance import noise_factors
from training.simulate.days import Floats, month_number
from training.simulate.industries import INDUSTRIES
from training.simulate.other_credit import borrow_outside, service_outside_debt
from training.simulate.world import World

_ANIMAL = np.array([each.animal for each in INDUSTRIES])
_DROUGHT = np.array([each.drought for each in INDUSTRIES])
_GETS_EPIDEMICS = np.array([each.sickens for each in INDUSTRIES])
_SOLD = np.array([each.sold for each in INDUSTRIES])
_UPKEEP = np.array([each.upkeep for each in INDUSTRIES])
_SALES = np.array([np.array(each.sales) / sum(each.sales) for each in INDUSTRIES]).T


def run_economy(world: World, month: int) -> None:
    """One month of money: income, costs, insurance payouts, other debts, spending, herd, and what is then missing."""
    households = world.households
    if month_number(month) == 1:
        households.luck = noise_factors(world.chance.economy, world.parameters.luck_spread, len(households))
    earn_income(world, month)
    pay_costs(world, month)
    households.cash += households.payouts[:, month % 6]
    households.payouts[:, month % 6] = 0
    service_outside_debt(world, month)
    spend_surplus(world)
    rebuild_herds(world, month)
    sell = np.minimum(np.maximum(-households.cash, 0) / world.quick_sale_value(month), 0.06 * households.units)
    sell = np.where(_ANIMAL[households.industry], sell, 0.0)
    households.units -= sell
    households.cash += sell * world.quick_sale_value(month)
    borrow_outside(world, month, np.maximum(-households.cash, 0))
    households.cash = np.maximum(households.cash, 0)


def earn_income(world: World, month: int) -> None:
    """Wages, sales, transfers and rent of the month.

    Epidemics bar sales of animals; drought and missing hands reduce what is sold.
    """
    households, p, rng = world.households, world.parameters, world.chance.economy
    industry, scenario = households.industry, world.scenario
    factor = households.ability * noise_factors(rng, p.income_noise, len(households))
    employed = households.jobless_until < month
    wages = households.workers_away * p.wage * employed + households.workers * p.local_wage
    year_sales = households.units * _SOLD[industry] * world.goods_prices(month)[industry]
    dry_loss = scenario.dry_loss if scenario.has_begun(month) else 1.0
    dry = 1 - dry_loss * _DROUGHT[industry] * (world.drought_until[world.township] >= month)
    epidemic = _GETS_EPIDEMICS[industry] & (world.epidemic_until[world.township] >= month)
    barred = np.where(epidemic, 0.35, 1.0)
    hands = np.clip((households.workers - 0.8 * (households.sick_until >= month) + 0.8) / 1.8, 0.35, 1.1)
    work = hands * np.exp(0.08 * households.diligence) * households.luck
    sales = np.asarray(year_sales * _SALES[month_number(month) - 1][industry] * dry * barred * work)
    rent = households.land * p.rent if month_number(month) == 1 else np.zeros(len(households))
    for flow, yuan in (
        ("wage_income", wages * factor * (0.4 if month_number(month) == 2 else 1.0)),
        ("business_income", sales * factor),
        ("transfer_income", households.size * p.transfer),
        ("property_income", rent),
    ):
        world.add_flow(flow, yuan)
        households.cash += yuan


def _pay(world: World, flow: str, yuan: Floats) -> None:
    world.add_flow(flow, yuan)
    world.households.cash -= yuan


def pay_costs(world: World, month: int) -> None:
    """Production, living, medical and education costs of the month."""
    households, p, rng, n = world.households, world.parameters, world.chance.economy, len(world.households)
    feast = 1.6 if month_number(month) in (1, 2) else 0.95
    fodder = np.where(_GETS_EPIDEMICS[households.industry], world.scenario.upkeep_factor(month), 1.0)
    upkeep = households.units * _UPKEEP[households.industry] * fodder
    _pay(world, "production_cost", upkeep * noise_factors(rng, p.living_noise, n))
    _pay(world, "living_cost", living_cost(world) * feast * noise_factors(rng, p.living_noise, n))
    _pay(world, "medical_cost", households.size * 22 * noise_factors(rng, 0.8, n))
    college = (households.college_until >= month) * p.college_cost * (month_number(month) in (3, 9))
    school = households.pupils * p.school_cost * (month_number(month) not in (7, 8))
    _pay(world, "education_cost", school + college)


def living_cost(world: World) -> Floats:
    """Living cost of an ordinary month, yuan a household."""
    return world.households.size * world.parameters.living_cost * np.sqrt(world.households.ability)


def spend_surplus(world: World) -> None:
    """Spend part of the cash above a buffer on house and feasts; less where principal falls due soon."""
    households, p = world.households, world.parameters
    surplus = np.maximum(households.cash - p.buffer_months * living_cost(world), 0)
    share = np.where(households.principal_due_soon, p.spends_before_maturity, p.spends)
    _pay(world, "living_cost", surplus * np.clip(share * np.exp(-0.35 * households.diligence), 0, 0.5))


def rebuild_herds(world: World, month: int) -> None:
    """Let herds and stocks below their usual size grow while there is cash for it."""
    households = world.households
    has_cash = households.cash > 4 * living_cost(world)
    grows = has_cash & ~households.principal_due_soon & (households.units < households.usual_units)
    more = np.where(grows, households.usual_units * world.parameters.rebuilds, 0.0)
    more = np.minimum(more, np.maximum(households.cash, 0) * 0.4 / world.unit_worth(month))
    households.units += more
    households.cash -= more * world.unit_worth(month)
