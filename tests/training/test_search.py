"""The search: rolling origins of other households a horizon later, the plan's own growth first, the least loss wins."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from features.catalog import MODEL_COLUMNS
from features.months import month_ends
from models.boosting import TrainingSet, Trees, columns_of
from tests.models.frames import outcome, random_frame
from training.evaluation.measures import auc
from training.plan import MonthEnds, Plan, SearchPlan
from training.search import rolling_origins, search_tree_params

FIT = tuple(month_ends(date(2022, 1, 31), date(2023, 6, 30)))
PLAN = Plan(
    month_ends=MonthEnds(fit=FIT, policy=(date(2024, 1, 31),), judgement=(date(2025, 1, 31),)),
    search=SearchPlan(trials=3),
)
COLUMNS = columns_of(MODEL_COLUMNS)


def sample(months: tuple[date, ...] = FIT, rows: int = 2400, seed: int = 5) -> pl.DataFrame:
    frame = random_frame(rows, seed)
    days = [months[row % len(months)] for row in range(rows)]
    homes = [f"H{row // len(months)}" for row in range(rows)]
    return frame.with_columns(outcome(frame, seed), pl.Series("as_of", days), pl.Series("household_id", homes))


def test_each_origin_judges_other_households_once_the_labels_before_it_have_ended() -> None:
    for before, after in rolling_origins(sample(), PLAN):
        assert not set(before["household_id"]) & set(after["household_id"])
        assert after["as_of"].min() == PLAN.label_end(before["as_of"].max())  # type: ignore[arg-type]


def test_where_months_are_too_few_for_an_embargo_the_last_month_of_other_households_judges() -> None:
    ((before, after),) = rolling_origins(sample(FIT[:4]), PLAN)
    assert not set(before["household_id"]) & set(after["household_id"])
    assert (before["as_of"].max(), set(after["as_of"])) == (FIT[2], {FIT[3]})


def test_the_growth_found_is_no_worse_than_the_plans_own_and_found_again() -> None:
    told: list[int] = []
    found = search_tree_params(sample(), COLUMNS, PLAN, lambda more, _: told.append(more))
    assert found.loss <= found.loss_of_plan
    assert (found.trials, len(told)) == (3, 3)
    assert search_tree_params(sample(), COLUMNS, PLAN, lambda *_: None) == found


def test_a_trial_that_is_worse_than_half_of_the_others_is_not_fitted_on_all_origins() -> None:
    many = PLAN.model_copy(update={"search": SearchPlan(trials=14)})
    told: list[int] = []
    found = search_tree_params(sample(), COLUMNS, many, lambda more, _: told.append(more))
    assert (found.trials, len(told)) == (14, 14)
    assert 5 <= len(found.tried) < 14
    assert found.loss == min(loss for loss, _ in found.tried)


def test_with_one_trial_the_plans_own_growth_stands_but_for_the_number_of_trees() -> None:
    one = PLAN.model_copy(update={"search": SearchPlan(trials=1)})
    found = search_tree_params(sample(), COLUMNS, one, lambda *_: None)
    assert found.params.num_leaves == PLAN.growth.num_leaves
    assert found.params.num_iterations <= PLAN.growth.num_iterations


def test_a_search_stops_when_its_seconds_are_over() -> None:
    hasty = PLAN.model_copy(update={"search": SearchPlan(trials=1000, seconds=1)})
    assert search_tree_params(sample(), COLUMNS, hasty, lambda *_: None).trials < 1000


def test_a_number_of_trees_is_the_one_with_the_least_loss_later() -> None:
    ground = TrainingSet(sample(), COLUMNS, sample(seed=6))
    grown = ground.fit(PLAN.tree_params)
    assert grown.loss is not None
    assert grown.text.count("Tree=") == grown.num_iterations
    assert Trees(grown.text, COLUMNS).log_odds(sample(rows=3)).shape == (3,)


def test_outcomes_given_apart_are_learnt_in_the_place_of_the_rows_own() -> None:
    rows = sample()
    turned = TrainingSet(rows, COLUMNS, bad=1.0 - rows["bad"].to_numpy()).fit(PLAN.tree_params)
    score = Trees(turned.text, COLUMNS).log_odds(rows)
    assert (auc(rows["bad"].to_numpy().astype(bool), score) or 1) == pytest.approx(0.2, abs=0.25)
