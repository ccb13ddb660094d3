"""The study of visits: its lights are the service's, its visits follow them, and its page counts what held."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from features.compute import Population, features_at
from models.county_policy.policy_table import shipped_policy_table
from models.traffic_light.rules import RULES
from models.visit_effect.estimates import Interval, Verdict, VisitEstimate
from models.visit_effect.outcome_rates import OUTCOME_RATES_SCHEMA
from serving.batch.warnings import ScoringPolicy, build_lights
from serving.months.previous_month import previous_month_of
from tests.models.frames import fitted_bundle
from training.simulate.order import Order
from training.studies.visit_study import StudiedCounty, holds, missed_bar, page
from training.studies.visited_county import VisitedCounty, live_with_visits, tables_in, with_lights

NEWEST = date(2025, 12, 31)
SHIPPED = shipped_policy_table().policies[-1]


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> VisitedCounty:
    """Three months of lights and visits in a small county, all of whose visits help."""
    bundle = fitted_bundle()
    bundle = replace(bundle, policy=replace(bundle.policy, yellow_from=0.3, red_from=0.6))
    study = SHIPPED.visit_study.model_copy(update={"drawn_share": 0.5})
    inbox = tmp_path_factory.mktemp("visited")
    return live_with_visits(Order(600, 14, seed=3), 9, 1.0, bundle, study, RULES, inbox)


def test_the_lights_of_the_study_are_those_of_the_service(county: VisitedCounty) -> None:
    features = features_at(NEWEST, tables_in(county.inbox), Population.COHORT)
    nobody = pl.DataFrame(schema={"loan_id": pl.String, "previous_light": pl.String, "previous_level": pl.Int8})
    lights = with_lights(features, county.bundle, RULES, nobody)
    scoring = ScoringPolicy(RULES, SHIPPED, county.bundle, "none")
    told = build_lights(features, previous_month_of(None, features["loan_id"]), scoring)
    assert lights.select("loan_id", "light").equals(told.select("loan_id", "light"))
    assert lights["light"].n_unique() == 3


def test_visits_follow_lights_and_draws_and_come_after_the_publication(county: VisitedCounty) -> None:
    rows = county.rows()
    visited = {
        name: float(rows.filter(condition)["visited"].to_numpy().mean())
        for name, condition in (
            ("lit", pl.col("light") != "green"),
            ("drawn", pl.col("drawn").fill_null(False)),
            ("others", (pl.col("light") == "green") & pl.col("drawn").is_null()),
        )
    }
    assert min(visited["lit"], visited["drawn"]) > 2 * visited["others"]
    assert set(county.visits["visited_on"].dt.day()) <= set(range(6, 28))


def test_where_all_visits_help_no_visited_loan_goes_bad(county: VisitedCounty) -> None:
    rows = county.rows()
    assert rows.filter("visited")["bad"].sum() == 0
    assert rows.filter(~pl.col("visited"))["bad"].sum() > 0


def measured(low: float | None, high: float | None) -> StudiedCounty:
    averted = Interval(0.4, low, high)
    nothing = Interval(-0.01, -0.02, 0.0)
    estimate = VisitEstimate(100, 90, 20, (60, 10), nothing, nothing, nothing, averted, Verdict.OPEN)
    return StudiedCounty("1", estimate, estimate)


@pytest.mark.parametrize(
    ("low", "high", "held"), [(0.4, 0.5, True), (0.3, 0.4, True), (0.41, 0.5, False), (None, None, True)]
)
def test_an_interval_holds_its_ends_and_one_without_bounds_all(
    low: float | None, high: float | None, held: bool
) -> None:
    assert holds(Interval(0.45, low, high), 0.4) is held


def test_the_page_says_the_command_and_which_bar_is_missed() -> None:
    held, missed = measured(0.1, 0.7), measured(0.5, 0.7)
    assert missed_bar([held] * 6 + [missed], 0.4) == []
    assert missed_bar([held] * 5 + [missed], 0.4) == ["margin: 5 of 6 counties", "trial: 5 of 6 counties"]
    rates = pl.DataFrame([(True, True, 10, 1, 0.1, 0.0, 0.4, 0.2)], OUTCOME_RATES_SCHEMA.dtypes, orient="row")
    text = page([held], held, rates, 0.4, "python -m x")
    assert "`python -m x`" in text
    assert "| 1 | threshold | 100 | 20 | -0.010 (-0.020 to +0.000) |" in text
    assert "| yes | yes | 10 | 1 | 10.00% | 20.00% |" in text
