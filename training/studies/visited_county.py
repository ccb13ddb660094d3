"""A simulated county with a service: every month its loans get lights, and officers visit by them, which changes lives.

The county is simulated month by month. What offices and banks have delivered by a month's end is scored by a model that
was fitted on another county; most lit loans, those drawn for a trial and a few others are visited in the next month; a
share of those that would go bad pays in time instead. Unlike in a real county, the share is known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from features.bad_spells import bad_spells, with_next_bad_on
from features.compute import Population, features_at
from features.contract.tables import TABLES
from features.delivered_tables import DeliveredTables
from features.months import month_end_after
from features.snapshot.life_rules import LifeRules
from models.bundle import Bundle
from models.county_policy.sections import VisitStudy
from models.light import Light
from models.traffic_light.evaluate import as_codes, as_levels, evaluate_rules
from models.traffic_light.rule import Rule
from models.visit_effect.visited_loans import (
    LIGHTS_AND_LABELS_SCHEMA,
    VISITS_SCHEMA,
    LightWindow,
    drawn_for_trial,
    near_threshold,
    visited_loans,
)
from training.simulate.chance import seed_sequence, spawn_streams
from training.simulate.county import create_world, simulate_month
from training.simulate.days import LAST_MONTH, last_day
from training.simulate.delivery import deliver_prices, deliver_tables
from training.simulate.order import HORIZON, Order
from training.simulate.province import draw_prices
from training.simulate.truth import Truth
from training.simulate.visits import VisitEffect, visits_of
from training.simulate.world import World

_COUNTY = 1
_PUBLISHED_DAYS_LATER = 5
_VISITED_DAYS_LATER = (6, 26)


@dataclass(frozen=True)
class OfficersHabits:
    """How often officers visit: a lit loan, one drawn for the trial, and any other loan, each month."""

    lit: float = 0.6
    drawn: float = 0.6
    others: float = 0.005


@dataclass(frozen=True)
class VisitedCounty:
    """What a county delivered in the end, its visits, and the lights of each month with the days a visit counts.

    inbox: tables, and the hazards of loans that are not visited any more. lights: of each month, in the columns of
    LIGHTS_AND_LABELS_SCHEMA with `bad_on` missing.
    """

    inbox: Path
    visits: pl.DataFrame
    lights: dict[date, pl.DataFrame]
    bundle: Bundle
    study: VisitStudy

    def rows(self) -> pl.DataFrame:
        """The loans of all months whose labels are mature, as `visited_loans` gives them."""
        spells = bad_spells(self.tables, LifeRules())
        frames, last = [], month_end_after(date(2025, 12, 31), -HORIZON - 1)
        for as_of, lights in self.lights.items():
            if as_of <= last:
                published_on = as_of + timedelta(days=_PUBLISHED_DAYS_LATER)
                window = LightWindow(as_of, published_on, month_end_after(as_of, HORIZON))
                loans = with_next_bad_on(lights.drop("bad_on"), spells, as_of)
                frames.append(visited_loans(loans, self.visits, window, self.bundle.policy, self.study))
        return pl.concat(frames)

    @property
    def tables(self) -> DeliveredTables:
        """All that was delivered."""
        return tables_in(self.inbox)


def live_with_visits(
    order: Order,
    months: int,
    effect: float,
    bundle: Bundle,
    study: VisitStudy,
    rules: tuple[Rule, ...],
    inbox: Path,
    habits: OfficersHabits = OfficersHabits(),
) -> VisitedCounty:
    """Simulate a county whose loans get lights, and visits by them, in its last months.

    Args:
        order: one county; where it has replicates, hazards of its hazard months are written beside the tables.
        months: in which lights are set, up to the last simulated one.
        effect: share of visited loans that would go bad and pay in time instead.
        bundle: the model that sets the lights.
        study: the numbers of the trial.
        rules: in force.
        inbox: folder of the tables.
        habits: how often officers visit.
    """
    random, truth = np.random.default_rng(order.seed), Truth()
    world = create_world(order, _COUNTY, seed_sequence(order.seed, _COUNTY), draw_prices(order))
    lights: dict[date, pl.DataFrame] = {}
    visits = VISITS_SCHEMA.empty()
    previous = pl.DataFrame(schema={"loan_id": pl.String, "previous_light": pl.String, "previous_level": pl.Int8})
    for month in range(order.first_month, LAST_MONTH + 1):
        simulate_month(world, month)
        if month in order.hazard_months:
            for _ in truth.record_hazards(world, month, order.seed, order.replicates):
                pass
        if month > LAST_MONTH - months:
            as_of = date(1970, 1, 1) + timedelta(days=last_day(month))
            deliver_by_now(world, order, inbox)
            features = features_at(as_of, tables_in(inbox), Population.COHORT)
            rows = with_lights(features, bundle, rules, previous)
            previous = rows.select("loan_id", previous_light="light", previous_level="level")
            lights[as_of] = rows.select(*LIGHTS_AND_LABELS_SCHEMA.columns, *bundle.policy.group_columns)
            visits = pl.concat([visits, draw_visits(rows, as_of, bundle, study, habits, random)])
            world.visits = visits_of(visits, VisitEffect(effect), order.seed)
    truth.write(world, deliver_by_now(world, order, inbox), inbox)
    return VisitedCounty(inbox, visits, lights, bundle, study)


def deliver_by_now(world: World, order: Order, inbox: Path) -> list[str]:
    """Write what the county has delivered by now, and return the ids of its loans; gaps and corrections are anew."""
    chance = spawn_streams(seed_sequence(order.seed, _COUNTY, 1))
    deliver_prices(world.prices, order.start, inbox)
    return deliver_tables(replace(world, chance=chance), order.start, inbox)


def tables_in(inbox: Path) -> DeliveredTables:
    """The tables of an inbox."""
    return DeliveredTables.from_frames({name: pl.read_parquet(inbox / name / "*.parquet") for name in TABLES})


def with_lights(
    features: pl.DataFrame, bundle: Bundle, rules: tuple[Rule, ...], previous: pl.DataFrame
) -> pl.DataFrame:
    """Features with the columns of LIGHTS_AND_LABELS_SCHEMA and `level`, the model's light; as the service sets them.

    previous: `loan_id`, `previous_light` and `previous_level` of the month before.
    """
    hard = evaluate_rules(features, rules)["hard_light"]
    rows = features.join(previous, on="loan_id", how="left", maintain_order="left").with_columns(
        hard, pl.Series("probability", bundle.probability(features))
    )
    rows = rows.with_columns(bundle.policy.level(pl.col("probability"), pl.col("previous_level")).alias("level"))
    least = pl.when(pl.col("status") == "probation").then(int(Light.YELLOW)).otherwise(int(Light.GREEN))
    return rows.with_columns(
        as_codes(pl.max_horizontal(as_levels(pl.col("hard_light")), "level", least)).alias("light"),
        (pl.col("hard_light") != "green").alias("has_hard_rule"),
        pl.col("level").cast(pl.Int8),
        pl.lit(None, pl.Date).alias("bad_on"),
    )


def draw_visits(
    rows: pl.DataFrame,
    as_of: date,
    bundle: Bundle,
    study: VisitStudy,
    habits: OfficersHabits,
    random: np.random.Generator,
) -> pl.DataFrame:
    """The visits of the month after a month end, in the columns of VISITS_SCHEMA."""
    is_drawn = near_threshold(bundle.policy, study) & drawn_for_trial(study, as_of)
    chance = (
        pl.when(pl.col("light") != "green").then(habits.lit).when(is_drawn).then(habits.drawn).otherwise(habits.others)
    )
    days = pl.Series("days", random.integers(*_VISITED_DAYS_LATER, rows.height))
    is_visited = pl.Series(random.random(rows.height)) < rows.select(chance.alias("chance"))["chance"]
    visited_on = pl.lit(as_of) + pl.duration(days="days")
    return rows.with_columns(days).filter(is_visited).select("loan_id", visited_on.alias("visited_on"))
