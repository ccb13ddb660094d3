"""Calibration on its own fold: a beta curve while bad loans are few, an isotonic one where they are many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from features.messages import UserError
from models.calibration import Beta, CalibrationCurve, Isotonic
from models.raw_score import Floats, RawScore
from training.plan import Plan

_CHANCE_AUC = 0.5
Outcomes = npt.NDArray[np.int8]


def fit_calibration(score: RawScore, sample: pl.DataFrame, plan: Plan) -> CalibrationCurve:
    """The curve from a model's raw scores to log-odds of the label, fitted on the calibration fold.

    Args:
        score: the fitted model.
        sample: the calibration fold with the model's columns and `bad` (0, 1).
        plan: `calibrating.isotonic_from_bad` is the number of bad loans from which the curve is isotonic.

    Returns:
        A `Beta` or an `Isotonic` curve; its `probability` turns raw scores into probabilities.

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
        >>> curve = fit_calibration(champion.score, folds[Fold.CALIBRATION], plan)
        >>> probability = curve.probability(champion.score.log_odds(folds[Fold.CALIBRATION]))
        >>> bool((0 < probability).all() and (probability < 1).all())
        True
    """
    raw, bad = score.log_odds(sample), sample["bad"].to_numpy()
    is_isotonic = int(bad.sum()) >= plan.calibrating.isotonic_from_bad
    curve = fit_isotonic(raw, bad) if is_isotonic else fit_beta(raw, bad)
    if curve is None or roc_auc_score(bad, raw) <= _CHANCE_AUC:
        raise UserError(
            "模型在校准样本上没有排序能力, 未予采用; 请增加数据。",
            "The model does not rank the calibration fold at all and is not taken; it needs more data.",
        )
    return curve


def fit_beta(raw: Floats, bad: Outcomes) -> Beta | None:
    """A beta curve with slopes of at least 0: both slopes, else one of them; None where neither is positive.

    Source: Kull, Silva Filho, Flach 2017, Beta calibration.
    """
    sides = np.column_stack([-np.logaddexp(0, -raw), np.logaddexp(0, raw)])
    for columns in ([0, 1], [0], [1]):
        regression = LogisticRegression(C=1e6, solver="lbfgs").fit(sides[:, columns], bad)
        slopes = np.zeros(2)
        slopes[columns] = regression.coef_[0]
        if (slopes >= 0).all() and slopes.any():
            return Beta(float(slopes[0]), float(slopes[1]), float(regression.intercept_[0]))
    return None


def fit_isotonic(raw: Floats, bad: Outcomes) -> Isotonic | None:
    """An isotonic curve through the centres of the blocks of an isotonic fit; None where all rows are one block.

    Half a bad and half a good loan are added to each block (Jeffreys' prior), so that no log-odds are infinite; blocks
    that no longer rise after that are joined.
    """
    block = IsotonicRegression(out_of_bounds="clip").fit(raw, bad).predict(raw)
    blocks = (
        pl.DataFrame({"block": block, "raw": raw, "bad": bad})
        .group_by("block")
        .agg(pl.col("raw").mean(), pl.len().alias("loans"), pl.col("bad").sum())
    )
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
