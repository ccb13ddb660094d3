"""Thinned rows: all that went bad stay, the others stand for their like; fits on them are about those on all rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from features.catalog import MODEL_COLUMNS
from models.boosting import ROW_WEIGHT, TrainingSet, TreeParams, columns_of
from models.raw_score import ModelColumn
from tests.training.test_search import FIT, PLAN
from training.candidates import Candidate, ModelSpec, out_of_fold_scores
from training.evaluation.measures import auc
from training.evaluation.refits import refit_with
from training.folds import split_households
from training.plan import SearchPlan
from training.search import params_for_thinned, rolling_origins, search_tree_params
from training.thinned_rows import good_rows_apart, thin_rows

COLUMNS = (ModelColumn("days_past_due", sign=1), ModelColumn("repayment_cover", sign=-1))
SPEC = ModelSpec(Candidate.BLEND, TreeParams(num_iterations=60, min_data_in_leaf=400, lambda_l2=5.0), strength=0.01)


def rows_with_few_bad(seed: int, rows: int = 80_000) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    days, cover = random.exponential(10, rows), random.gamma(2, 1, rows)
    chance = 1 / (1 + np.exp(5.0 - 0.06 * days + 0.5 * cover))
    bad = (random.random(rows) < chance).astype(np.int8)
    return pl.DataFrame({"days_past_due": days, "repayment_cover": cover, "bad": bad})


ROWS = rows_with_few_bad(1)
THINNED = thin_rows(ROWS)


@pytest.mark.parametrize(
    ("rows", "bad", "apart"),
    [
        (0, 0, 1),
        (9_000, 200, 1),  # few rows: all stay
        (40_000, 300, 6),  # never fewer than 6,000
        (190_000, 5_000, 7),  # five for each bad one
        (190_000, 60_000, 1),
        (190_000, 0, 31),
    ],
)
def test_rows_are_thinned_where_there_are_many_of_which_few_went_bad(rows: int, bad: int, apart: int) -> None:
    assert good_rows_apart(rows, bad) == apart


def test_all_bad_rows_stay_and_the_others_stand_for_their_like() -> None:
    apart = good_rows_apart(ROWS.height, int(ROWS["bad"].sum()))
    assert apart > 2
    assert THINNED["bad"].sum() == ROWS["bad"].sum()
    assert THINNED.filter(bad=1)[ROW_WEIGHT].unique().to_list() == [1.0]
    assert THINNED.filter(bad=0)[ROW_WEIGHT].unique().to_list() == [apart]
    assert THINNED[ROW_WEIGHT].sum() == pytest.approx(ROWS.height, abs=apart)


def test_rows_stay_in_their_order_and_evenly_spread() -> None:
    positions = thin_rows(ROWS.with_row_index("position"))["position"].to_numpy()
    assert (np.diff(positions.astype(np.int64)) > 0).all()
    assert np.mean(positions) == pytest.approx(ROWS.height / 2, rel=0.01)


def test_a_cohort_that_stays_the_same_is_not_thinned_to_the_same_loans() -> None:
    rows = pl.DataFrame({"loan": list(range(700)) * 60, "bad": [0] * 42_000})
    apart = good_rows_apart(rows.height, 0)
    assert 700 % apart == 0
    stays = thin_rows(rows)
    assert stays.height == rows.height // apart
    assert stays["loan"].n_unique() > 600
    assert thin_rows(rows).equals(stays)


def test_a_weight_that_rows_have_is_multiplied() -> None:
    halved = thin_rows(ROWS.with_columns(pl.lit(0.5).alias(ROW_WEIGHT)))
    assert halved[ROW_WEIGHT].to_numpy() == pytest.approx(THINNED[ROW_WEIGHT].to_numpy() / 2)


def test_few_rows_all_stay_as_they_are() -> None:
    few = ROWS.head(5_000)
    assert thin_rows(few).equals(few)


@pytest.mark.parametrize("candidate", list(Candidate))
def test_a_fit_on_thinned_rows_foretells_about_what_one_on_all_rows_does(candidate: Candidate) -> None:
    spec, unseen = replace(SPEC, candidate=candidate), rows_with_few_bad(2)
    whole, few = (fit(ROWS, COLUMNS).log_odds(unseen) for fit in (spec.fit, spec.fit_thinned))
    bad = unseen["bad"].to_numpy().astype(bool)
    assert auc(bad, few) == pytest.approx(auc(bad, whole), abs=0.005)
    share = float((1 / (1 + np.exp(-few))).mean())
    assert share == pytest.approx(bad.mean(), rel=0.1)


def test_refits_and_out_of_fold_models_are_fitted_on_thinned_rows() -> None:
    unseen, names = rows_with_few_bad(2, 2_000), [column.name for column in COLUMNS]
    seeded = replace(SPEC, params=replace(SPEC.params, seed=7))
    columns = tuple(column for column in columns_of(MODEL_COLUMNS) if column.name in names)
    refit = refit_with(SPEC)(ROWS, names, 7)(unseen)
    assert np.array_equal(refit, seeded.fit_thinned(ROWS, columns).log_odds(unseen))
    assert not np.array_equal(refit, seeded.fit(ROWS, columns).log_odds(unseen))
    homes = ROWS.with_row_index("row").with_columns(pl.format("H{}", pl.col("row") // 20).alias("household_id"))
    others, part = split_households(homes, 0, 3, PLAN)
    scored = out_of_fold_scores(homes, COLUMNS, PLAN, SPEC).filter(pl.col("row").is_in(part["row"].implode()))
    assert np.array_equal(scored["raw"], SPEC.fit_thinned(others, COLUMNS).log_odds(part))


def test_a_search_compares_fits_on_thinned_rows_with_leaves_to_scale() -> None:
    rows = rows_with_few_bad(3, 180_000).with_row_index("row")
    households = pl.format("H{}", pl.col("row") // len(FIT)).alias("household_id")
    sample = rows.with_columns(households, pl.Series("as_of", FIT).gather(rows["row"] % len(FIT)))
    plan = PLAN.model_copy(update={"search": SearchPlan(trials=1, origins=1)})
    ((earlier, later),) = rolling_origins(sample, plan)
    few = thin_rows(earlier)
    assert few.height < earlier.height
    params = params_for_thinned(plan.tree_params, few.height / earlier.height)
    expected = TrainingSet(few, COLUMNS, thin_rows(later)).fit(params).loss
    assert search_tree_params(sample, COLUMNS, plan, lambda *_: None).loss == expected


def test_rows_of_a_leaf_are_counted_as_of_all_rows() -> None:
    params = params_for_thinned(SPEC.params, THINNED.height / ROWS.height)
    assert params.min_data_in_leaf < SPEC.params.min_data_in_leaf
    expected = replace(SPEC, params=params).fit(THINNED, COLUMNS).log_odds(ROWS)
    assert np.array_equal(SPEC.fit_thinned(ROWS, COLUMNS).log_odds(ROWS), expected)
    assert params_for_thinned(SPEC.params, 0.25) == replace(SPEC.params, min_data_in_leaf=100)
    assert params_for_thinned(SPEC.params, 1e-6).min_data_in_leaf == 1
    assert params_for_thinned(SPEC.params, 1.0) == SPEC.params
