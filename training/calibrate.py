"""Calibration on a fold of its own: a beta curve while bad loans are few, an isotonic one where they are many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from features.messages import Refused
from models.boosting import Floats, Trees
from models.calibration import Beta, Calibration, Isotonic
from training.plan import Plan

_BY_CHANCE = 0.5
Outcomes = npt.NDArray[np.int8]


def calibrated(trees: Trees, sample: pl.DataFrame, plan: Plan) -> Calibration:
    """The curve from raw scores to log-odds of the label.

    Raises Refused where higher scores did not go bad more often there: such a model is of no use.
    """
    raw, bad = trees.log_odds(sample), sample["bad"].to_numpy()
    many = int(bad.sum()) >= plan.calibrating.isotonic_from_bad
    found = isotonic(raw, bad) if many else beta(raw, bad)
    if found is None or roc_auc_score(bad, raw) <= _BY_CHANCE:
        raise Refused(
            "模型在校准样本上没有排序能力, 未予采用; 请增加数据。",
            "The model does not rank the calibration fold at all and is not taken; it needs more data.",
        )
    return found


def beta(raw: Floats, bad: Outcomes) -> Beta | None:
    """Both sides where both rise with the risk, else the one that does; None where neither does."""
    sides = np.column_stack([-np.logaddexp(0, -raw), np.logaddexp(0, raw)])
    for used in ([0, 1], [0], [1]):
        fitted = LogisticRegression(C=1e6, solver="lbfgs").fit(sides[:, used], bad)
        slopes = np.zeros(2)
        slopes[used] = fitted.coef_[0]
        if (slopes >= 0).all() and slopes.any():
            return Beta(float(slopes[0]), float(slopes[1]), float(fitted.intercept_[0]))
    return None


def isotonic(raw: Floats, bad: Outcomes) -> Isotonic | None:
    """The centres of the blocks of an isotonic fit; None where all are one block.

    Half a bad and half a good loan are added to each block (Jeffreys), so that no log-odds are infinite; blocks that
    do not rise any more after that are joined.
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
