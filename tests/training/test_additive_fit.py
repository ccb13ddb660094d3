"""The fit of the additive model: scikit-learn's as referee, signs, gaps, codes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from models.raw_score import ModelColumn
from training.additive_fit import AdditiveFit, rows_apart

RANDOM = np.random.default_rng(3)
INCOME = RANDOM.lognormal(8, 1, 3000)
PRODUCT = RANDOM.choice(["microloan", "other"], 3000, p=[0.8, 0.2])
BAD = (RANDOM.random(3000) < 1 / (1 + np.exp(0.8 * np.log(INCOME / 3000) + 2 - (PRODUCT == "other")))).astype(int)
ROWS = pl.DataFrame({"income": INCOME, "product": PRODUCT, "bad": BAD})
INCOME_COLUMN, PRODUCT_COLUMN = ModelColumn("income", 0), ModelColumn("product", 0, ("microloan", "revolving", "other"))


def test_without_signs_it_is_scikit_learns_regression_on_the_same_ramps() -> None:
    read = np.log1p(INCOME / np.median(INCOME))
    knots = [read.min(), *np.quantile(read, [0.25, 0.5, 0.75]), read.max()]
    ramps = np.column_stack([np.clip(read, low, high) for low, high in pairwise(knots)])
    standardised = (ramps - ramps.mean(axis=0)) / ramps.std(axis=0)
    referee = LogisticRegression(C=0.05, tol=1e-9, max_iter=5000).fit(standardised, BAD).decision_function(standardised)
    assert AdditiveFit(ROWS, [INCOME_COLUMN]).fit(0.05).log_odds(ROWS) == pytest.approx(referee, abs=2e-3)


@pytest.mark.parametrize(("sign", "falls"), [(-1, True), (0, True), (1, False)])
def test_a_sign_is_kept_on_every_ramp(sign: int, falls: bool) -> None:
    model = AdditiveFit(ROWS, [ModelColumn("income", sign)]).fit(1.0)
    steps = np.diff(model.curves[0].values)
    assert bool((steps < -0.01).any()) == falls
    if sign:
        assert (sign * steps >= 0).all()


def test_a_gap_has_a_weight_of_its_own_where_it_means_something() -> None:
    is_gap = RANDOM.random(3000) < 0.3
    rows = ROWS.with_columns(
        pl.when(pl.Series(is_gap)).then(None).otherwise("income").alias("income"),
        bad=pl.Series((RANDOM.random(3000) < np.where(is_gap, 0.3, 0.05)).astype(int)),
    )
    model = AdditiveFit(rows, [INCOME_COLUMN]).fit(1.0)
    assert model.curves[0].missing > 0.5


def test_a_gap_that_the_fit_never_saw_counts_as_the_mean() -> None:
    model = AdditiveFit(ROWS, [INCOME_COLUMN]).fit(1.0)
    assert model.log_odds(pl.DataFrame({"income": [None]}, {"income": pl.Float64}))[0] == pytest.approx(model.base)


def test_a_code_has_a_weight_a_level_and_an_unseen_one_counts_as_the_mean() -> None:
    model = AdditiveFit(ROWS, [PRODUCT_COLUMN]).fit(1.0)
    seen = pl.DataFrame({"product": ["microloan", "other", "revolving", "camels", None]})
    microloan, other, *unseen = model.log_odds(seen)
    assert other - microloan == pytest.approx(1.0, abs=0.4)
    assert unseen[1:] == pytest.approx([model.base, model.base])


def test_a_constant_column_and_an_empty_one_add_nothing() -> None:
    rows = ROWS.with_columns(pl.lit(5.0).alias("same"), pl.lit(None, pl.Float64).alias("empty"))
    columns = [INCOME_COLUMN, ModelColumn("same", 1), ModelColumn("empty", -1)]
    contributions = AdditiveFit(rows, columns).fit(0.1).explain(rows).contributions
    assert (contributions[:, 1:3] == 0).all()


@pytest.mark.parametrize(("rows", "apart"), [(0, 1), (1, 1), (400_000, 1), (400_001, 2), (900_000, 3)])
def test_rows_beyond_the_bound_on_memory_are_thinned_evenly(rows: int, apart: int) -> None:
    assert rows_apart(rows) == apart


def test_equal_rows_give_an_equal_model() -> None:
    columns = [INCOME_COLUMN, PRODUCT_COLUMN]
    assert AdditiveFit(ROWS, columns).fit(0.1) == AdditiveFit(ROWS, columns).fit(0.1)
