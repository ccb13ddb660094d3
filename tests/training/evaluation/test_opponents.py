"""Opponents: the calendar by hand, rules with points of their own, and fits that rank what they have not seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.income import income_per_head
from features.messages import Bilingual
from models.traffic_light.county_figures import county_figures, figures_by_county, with_county_figures
from models.traffic_light.rule import Colour, Condition, Rule
from models.traffic_light.rule_table import RuleTable, rule_table_of
from tests.training.test_search import COLUMNS, FIT, PLAN, sample
from training import concurrent_fits
from training.additive_fit import AdditiveFit
from training.candidates import Candidate, ModelSpec, mean_losses_by_strength
from training.cohort import with_rule_level
from training.evaluation.measures import auc
from training.evaluation.opponents import best_days_ahead, calendar_scores, opponent_scores, tuned_rule_scores

RULES = rule_table_of(Path("no folder"))
IN_FORCE = RULES.in_force(FIT[-1])
DUE = pl.DataFrame(
    {"days_to_maturity": [10.0, 100.0, 200.0, None, 100.0], "repayment_cover": [2.0, 0.5, 0.1, 0.1, None]}
)


@pytest.mark.parametrize(
    ("days_ahead", "order"),
    [(0, [0, 1, 4, 2, 3]), (150, [1, 0, 4, 2, 3]), (365, [2, 1, 0, 4, 3])],
    ids=["calendar", "due within 150 days", "within a year"],
)
def test_the_calendar_goes_by_days_and_near_maturity_by_cover(days_ahead: int, order: list[int]) -> None:
    assert np.argsort(-calendar_scores(DUE, days_ahead), kind="stable").tolist() == order


def test_every_opponent_scores_every_row() -> None:
    fit, later = (frame.with_columns(pl.lit(0, pl.Int8).alias("rule_level")) for frame in (sample(), sample(seed=6)))
    scores = opponent_scores(fit, later, COLUMNS, PLAN.tree_params, PLAN, RULES)
    assert set(scores) == {"tuned_rules", "calendar", "calendar_cover", "logistic", "unconstrained"}
    bad = later["bad"].to_numpy().astype(bool)
    assert all(np.isfinite(score).all() and len(score) == later.height for score in scores.values())
    assert min(auc(bad, scores[name]) or 0 for name in ("logistic", "unconstrained")) > 0.7


def test_the_logistic_and_the_unconstrained_opponent_are_what_they_are_called() -> None:
    fit, later = (frame.with_columns(pl.lit(0, pl.Int8).alias("rule_level")) for frame in (sample(), sample(seed=6)))
    scores = opponent_scores(fit, later, COLUMNS, PLAN.tree_params, PLAN, RULES)
    unsigned = [replace(column, sign=0) for column in COLUMNS]
    losses = mean_losses_by_strength(fit, unsigned, PLAN)
    logistic = AdditiveFit(fit, unsigned).fit(min(losses, key=lambda strength: losses[strength]))
    assert np.array_equal(scores["logistic"], logistic.log_odds(later))
    free_trees = ModelSpec(Candidate.FREE_TREES, PLAN.tree_params).fit(fit, COLUMNS)
    assert np.array_equal(scores["unconstrained"], free_trees.log_odds(later))


def test_opponents_are_the_same_whether_fitted_alone_or_two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    fit, later = (frame.with_columns(pl.lit(0, pl.Int8).alias("rule_level")) for frame in (sample(), sample(seed=6)))
    alone = opponent_scores(fit, later, COLUMNS, PLAN.tree_params, PLAN, RULES)
    monkeypatch.setattr(concurrent_fits, "_FEWEST_ROWS", 0)
    together = opponent_scores(fit, later, COLUMNS, PLAN.tree_params, PLAN, RULES)
    assert alone.keys() == together.keys()
    assert all(np.array_equal(together[name], score) for name, score in alone.items())


def test_tuned_rules_rank_better_than_the_rule_light_they_are_made_of() -> None:
    fit, later = sample(), with_rule_level(sample(seed=6), IN_FORCE)
    bad = later["bad"].to_numpy().astype(bool)
    tuned = tuned_rule_scores(fit, later, RULES)
    light = later["rule_level"].to_numpy().astype(np.float64)
    assert (auc(bad, tuned) or 0) > (auc(bad, light) or 1)
    assert len(np.unique(tuned)) > 10


def test_tuned_rules_vary_a_bound_that_is_a_multiple_of_the_countys_figure() -> None:
    low = Condition(income_per_head, "<", 1.0, county_quantile=0.5)
    words = Bilingual("低于 {county_income_per_head}", "below {county_income_per_head}")
    table = RuleTable((Rule("R203", Colour.YELLOW, (low,), words, "notice", FIT[0]),))
    fit = sample().with_columns(pl.lit("640323").alias("county_code"), pl.lit(False).alias("has_gone_bad"))
    figures = figures_by_county(county_figures(fit, table.rules))
    fit = with_county_figures(fit, figures, table.rules)
    middle = figures["640323"]["county income_per_head 0.5"]
    is_poor = (pl.col("income_per_head") < 0.5 * middle).fill_null(False)
    fit = fit.with_columns(is_poor.cast(pl.Int8).alias("bad"))
    assert auc(fit["bad"].to_numpy().astype(bool), tuned_rule_scores(fit, fit, table)) == 1.0


def test_a_rule_that_fires_for_good_loans_alone_gets_no_points() -> None:
    fit = sample().with_columns(pl.lit(0.0).alias("days_past_due"))
    fit = fit.with_columns((pl.col("times_renewed") < 1).fill_null(False).cast(pl.Int8).alias("bad"))
    others = {each.feature.name for rule in IN_FORCE for each in rule.conditions} - {"times_renewed"}
    only_renewed = fit.with_columns(pl.lit(None, pl.Float64).alias(name) for name in others)
    assert np.ptp(tuned_rule_scores(only_renewed, only_renewed, RULES)) == pytest.approx(0, abs=1e-6)


def test_the_days_ahead_are_those_that_find_most_on_the_fit_fold() -> None:
    rows = pl.DataFrame(
        {
            "as_of": [PLAN.month_ends.fit[0]] * 6,
            "days_to_maturity": [10.0, 20.0, 110.0, 30.0, 115.0, 300.0],
            "repayment_cover": [3.0, 2.0, 0.1, 2.5, 0.2, 0.0],
            "bad": [0, 0, 1, 0, 1, 0],
            "rule_level": [1, 1, 0, 0, 0, 0],
        }
    )
    assert best_days_ahead(rows) == 120
