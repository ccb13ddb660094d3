"""Calibration: a beta curve, with rows of the fit fold where bad loans are few; an isotonic one where they are many."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from features.messages import UserError
from models.boosting import ROW_WEIGHT, row_weights
from models.calibration import Beta, CalibrationCurve, Isotonic
from models.raw_score import Floats, RawScore
from training.folds import split_households
from training.plan import Plan

_CHANCE_AUC = 0.5
INVERSE_RIDGE = 1e6
"""Of a beta curve's slopes, scikit-learn's C: so weak that it only keeps separable rows from endless slopes."""
BETA_COLUMNS = ([0, 1], [0], [1])
"""The inputs of a beta curve that are tried, until no slope is below 0."""
_HELD_OUT_GROUPS = 5
"""Groups of households, each held out once, by which one of two curves is chosen."""
Outcomes = npt.NDArray[np.int8]


class FittedCalibration(NamedTuple):
    """A fitted curve, and the out-of-fold rows that set its slopes, too; None where none did."""

    curve: CalibrationCurve
    pooled: pl.DataFrame | None


def fit_calibration(
    score: RawScore, sample: pl.DataFrame, plan: Plan, out_of_fold: pl.DataFrame | None = None
) -> FittedCalibration:
    """The curve from a model's raw scores to log-odds of the label.

    Where bad loans of the calibration fold are few, its slopes may be fitted on the out-of-fold rows, too, and its
    level on the calibration fold alone: they are where that foretells held-out households of this fold better.

    Args:
        score: the fitted model.
        sample: the calibration fold with the model's columns and `bad` (0, 1), and ROW_WEIGHT where rows count
            differently.
        plan: `calibrating.isotonic_from_bad` is the number of bad loans from which the curve is isotonic, and the
            calibration fold stands alone.
        out_of_fold: rows of the fit fold with `raw`, their score by a model that was fitted without their household,
            and `bad` (`training.candidates.out_of_fold_scores`).

    Returns:
        A `Beta` or an `Isotonic` curve, whose `probability` turns raw scores into probabilities, and the out-of-fold
        rows where they were used.

    Raises:
        UserError: a higher score does not go with more bad loans on this fold, so that the model is of no use.

    Example:
        >>> from datetime import date
        >>> from features.ledger.ledger import Ledger
        >>> from models.registry import ModelStore
        >>> from models.county_policy.policy_table import policy_table_of
        >>> from models.traffic_light.rule_table import rule_table_of
        >>> from training.cohort import samples
        >>> from training.folds import Fold
        >>> champion = ModelStore(data / "models").champion
        >>> plan = Plan.model_validate(champion.card["plan"])
        >>> tables = rule_table_of(data), policy_table_of(data)
        >>> folds = samples(Ledger(data / "ledger"), plan, *tables, lambda *_: None, [Fold.CALIBRATION])
        >>> curve, _ = fit_calibration(champion.score, folds[Fold.CALIBRATION], plan)
        >>> probability = curve.probability(champion.score.log_odds(folds[Fold.CALIBRATION]))
        >>> bool((0 < probability).all() and (probability < 1).all())
        True
    """
    raw, bad = score.log_odds(sample), sample["bad"].to_numpy()
    is_isotonic = int(bad.sum()) >= plan.calibrating.isotonic_from_bad
    weights = row_weights(sample)
    if is_isotonic or out_of_fold is None:
        pooled: pl.DataFrame | None = None
        curve = fit_isotonic(raw, bad, weights) if is_isotonic else fit_beta(raw, bad, weights=weights)
    else:
        curve, pooled = _better_beta(sample.with_columns(pl.Series("raw", raw)), out_of_fold, plan)
    if curve is None or roc_auc_score(bad, raw) <= _CHANCE_AUC:
        raise UserError(
            "模型在校准样本上没有排序能力，未予采用；请增加数据。",
            "The model does not rank the calibration fold at all and is not taken; it needs more data.",
        )
    return FittedCalibration(curve, pooled)


def _better_beta(
    sample: pl.DataFrame, out_of_fold: pl.DataFrame, plan: Plan
) -> tuple[Beta | None, pl.DataFrame | None]:
    """The beta curve of the calibration fold alone, or that with the out-of-fold rows, by held-out log loss.

    The second is the out-of-fold rows where they were taken.
    """
    losses = np.zeros(2)
    for group in range(_HELD_OUT_GROUPS):
        fitted, held_out = split_households(sample, group, _HELD_OUT_GROUPS, plan)
        if 0 < int(fitted["bad"].sum()) < fitted.height:
            for number, curve in enumerate(_both_betas(fitted, out_of_fold)):
                losses[number] += np.inf if curve is None else _log_loss(curve, held_out)
    alone, pooled = _both_betas(sample, out_of_fold)
    return (pooled, out_of_fold) if losses[1] < losses[0] else (alone, None)


def _both_betas(sample: pl.DataFrame, out_of_fold: pl.DataFrame) -> tuple[Beta | None, Beta | None]:
    """The beta curve of the sample alone, and the one of both frames with the level of the sample."""
    raw, bad = (np.concatenate([out_of_fold[name], sample[name]]) for name in ("raw", "bad"))
    is_sample = np.arange(len(raw)) >= out_of_fold.height
    weights = row_weights(sample)
    alone = fit_beta(sample["raw"].to_numpy(), sample["bad"].to_numpy(), weights=weights)
    if weights is not None:
        ones = np.ones(out_of_fold.height)
        others = out_of_fold[ROW_WEIGHT].to_numpy() if ROW_WEIGHT in out_of_fold.columns else ones
        weights = np.concatenate([others, weights])
    return alone, fit_beta(raw, bad, is_sample, weights)


def _log_loss(curve: CalibrationCurve, rows: pl.DataFrame) -> float:
    log_odds, bad = curve.log_odds(rows["raw"].to_numpy()), rows["bad"].to_numpy()
    losses, weights = np.logaddexp(0, log_odds) - bad * log_odds, row_weights(rows)
    return float(losses.sum() if weights is None else losses @ weights)


def fit_beta(
    raw: Floats, bad: Outcomes, of_level: npt.NDArray[np.bool_] | None = None, weights: Floats | None = None
) -> Beta | None:
    """A beta curve with slopes of at least 0: both slopes, else one of them; None where neither is positive.

    of_level: the rows that set the curve's level; the others help to set its slopes alone. None: all rows set both.
    weights: of the rows; None where each counts once.
    Source: Kull, Silva Filho, Flach 2017, Beta calibration.
    """
    sides = beta_sides(raw)
    level = np.zeros((len(raw), 0)) if of_level is None else of_level[:, None].astype(np.float64)
    for columns in BETA_COLUMNS:
        inputs = np.hstack([sides[:, columns], level])
        regression = LogisticRegression(C=INVERSE_RIDGE, tol=1e-9, solver="newton-cholesky").fit(inputs, bad, weights)
        slopes = np.zeros(2)
        slopes[columns] = regression.coef_[0][: len(columns)]
        if (slopes >= 0).all() and slopes.any():
            of_rows = float(regression.intercept_[0] + regression.coef_[0][len(columns) :].sum())
            return Beta(float(slopes[0]), float(slopes[1]), of_rows)
    return None


def beta_sides(raw: Floats) -> Floats:
    """The two inputs of a beta curve, a row each: the logarithms of p and of 1 / (1 - p), p the score's probability."""
    return np.column_stack([-np.logaddexp(0, -raw), np.logaddexp(0, raw)])


def fit_isotonic(raw: Floats, bad: Outcomes, weights: Floats | None = None) -> Isotonic | None:
    """An isotonic curve through the centres of the blocks of an isotonic fit; None where all rows are one block.

    Half a bad and half a good loan are added to each block (Jeffreys' prior), so that no log-odds are infinite; blocks
    that no longer rise after that are joined. weights: of the rows, of which those of 0 count for nothing; None where
    each counts once.
    """
    totals = (pl.col("raw").mean(), pl.len().alias("loans"), pl.col("bad").sum())
    if weights is not None:
        raw, bad, weights = raw[weights > 0], bad[weights > 0], weights[weights > 0]
        loans = pl.col("weight").sum()
        totals = (pl.col("raw").dot("weight") / loans, loans.alias("loans"), pl.col("bad").dot("weight"))
    block = IsotonicRegression(out_of_bounds="clip").fit(raw, bad, weights).predict(raw)
    rows = pl.DataFrame({"block": block, "raw": raw, "bad": bad, "weight": 1.0 if weights is None else weights})
    blocks = rows.group_by("block").agg(totals)
    rate = (blocks["bad"] + 0.5) / (blocks["loans"] + 1)
    log_odds = (rate / (1 - rate)).log().to_numpy()
    smooth = IsotonicRegression().fit(blocks["raw"], log_odds, sample_weight=blocks["loans"]).predict(blocks["raw"])
    joined = (
        blocks.with_columns(pl.Series("log_odds", smooth))
        .group_by("log_odds")
        .agg((pl.col("raw") * pl.col("loans")).sum() / pl.col("loans").sum())
    )
    knots = joined.sort("log_odds")
    return Isotonic(tuple(knots["raw"]), tuple(knots["log_odds"])) if knots.height > 1 else None
