"""Calibration: what is foretold is what happens, on many or few, and a model that ranks nothing is not taken."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from features.catalog import MODEL_COLUMNS
from features.messages import UserError
from models.boosting import TrainingSet, TreeParams, Trees, columns_of
from models.calibration import Beta, CalibrationCurve, Isotonic
from models.raw_score import Floats, RawContributions
from tests.models.frames import outcome, random_frame
from tests.training.test_search import PLAN
from training.calibrate import fit_beta, fit_calibration, fit_isotonic
from training.plan import CalibrationPlan

CHANCE = np.random.default_rng(3)
RAW = CHANCE.normal(-3, 1.5, 40_000)
TRUE = 1 / (1 + np.exp(-(0.7 * RAW - 0.5)))
BAD = (CHANCE.random(40_000) < TRUE).astype(np.int8)


@pytest.mark.parametrize("fitted", [fit_beta, fit_isotonic])
def test_what_is_foretold_is_what_happens(fitted: object) -> None:
    curve = fitted(RAW, BAD)  # type: ignore[operator]
    assert isinstance(curve, CalibrationCurve)
    foretold = curve.probability(RAW)
    assert foretold.mean() == pytest.approx(BAD.mean(), rel=0.03)
    assert np.abs(foretold - TRUE).mean() < 0.01


@pytest.mark.parametrize("fitted", [fit_beta, fit_isotonic])
def test_scores_that_foretell_the_opposite_make_no_curve(fitted: object) -> None:
    assert fitted(-RAW, BAD) is None  # type: ignore[operator]


def test_a_block_without_any_bad_loan_has_finite_log_odds() -> None:
    raw, bad = np.arange(200.0), np.repeat([0, 1], 100).astype(np.int8)
    curve = fit_isotonic(raw, bad)
    assert curve is not None
    assert np.isfinite(curve.calibrated).all()


@pytest.mark.parametrize(("less", "kind"), [(0, Isotonic), (1, Beta)])
def test_the_curve_is_isotonic_from_so_many_bad_loans_on(less: int, kind: type) -> None:
    columns, frame = columns_of(MODEL_COLUMNS), random_frame(2000, 5)
    labelled = frame.with_columns(outcome(frame, 5))
    trees = Trees(TrainingSet(labelled, columns).fit(TreeParams(num_iterations=30)).text, columns)
    bounds = CalibrationPlan(isotonic_from_bad=int(labelled["bad"].sum()) + less)
    plan = PLAN.model_copy(update={"calibrating": bounds})
    assert isinstance(fit_calibration(trees, labelled, plan).curve, kind)


def few(rows: int, seed: int) -> pl.DataFrame:
    """Some rows with raw scores whose true log-odds are 0.7 x raw - 0.5."""
    at = np.random.default_rng(seed).choice(len(RAW), rows, replace=False)
    return pl.DataFrame({"household_id": [f"H{seed}-{row}" for row in range(rows)], "raw": RAW[at], "bad": BAD[at]})


class RawColumn:
    """A score that is the column `raw`."""

    columns, text = (), ""

    def log_odds(self, frame: pl.DataFrame) -> Floats:
        return frame["raw"].to_numpy()

    def explain(self, frame: pl.DataFrame) -> RawContributions:
        return RawContributions(np.zeros((frame.height, 0)), self.log_odds(frame)[:, None], self.log_odds(frame), 0)


def test_out_of_fold_rows_set_the_slopes_and_the_calibration_fold_the_level() -> None:
    rarer = (pl.col("bad") == 0) | (pl.int_range(pl.len()) % 2 == 0)
    other_level, sample = few(30_000, 1).filter(rarer), few(500, 2)
    alone = fit_calibration(RawColumn(), sample, PLAN).curve
    pooled, rows = fit_calibration(RawColumn(), sample, PLAN, other_level)
    assert rows is other_level
    errors = [float(np.abs(curve.probability(RAW) - TRUE).mean()) for curve in (alone, pooled)]
    assert errors[1] < errors[0]
    assert pooled.probability(sample["raw"].to_numpy()).mean() == pytest.approx(sample["bad"].mean(), rel=0.02)


def test_rows_that_teach_other_slopes_are_left_out() -> None:
    misleading = few(30_000, 1).with_columns(pl.col("raw") * 8)
    sample = few(8_000, 2)
    assert fit_calibration(RawColumn(), sample, PLAN, misleading) == fit_calibration(RawColumn(), sample, PLAN)


def test_a_model_that_ranks_nothing_is_not_taken() -> None:
    columns, frame = columns_of(MODEL_COLUMNS), random_frame(2000, 5)
    labelled = frame.with_columns(outcome(frame, 5))
    trees = Trees(TrainingSet(labelled, columns).fit(TreeParams(num_iterations=30)).text, columns)
    with pytest.raises(UserError, match="does not rank the calibration fold"):
        fit_calibration(trees, labelled.with_columns((1 - pl.col("bad")).alias("bad")), PLAN)
