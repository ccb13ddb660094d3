"""Fit: trees on one fold, calibration and thresholds on another, later and of other households."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression

from features.catalog import MODEL_COLUMNS
from features.words import Refused
from models.boosting import Floats, Trees, columns_of, grown
from models.calibration import Line
from models.light import CODES
from models.policy import Policy, policy_at_visits
from models.traffic_light.judge import judged
from models.traffic_light.table import RuleTable
from training.plan import Plan


def fitted_trees(sample: pl.DataFrame, plan: Plan) -> Trees:
    """Trees grown on the fit fold; its last month end says when to stop."""
    last = sample["as_of"].max()
    earlier, later = sample.filter(pl.col("as_of") < last), sample.filter(pl.col("as_of") == last)
    columns = columns_of(MODEL_COLUMNS)
    growth = plan.growth_of_trees
    return Trees(grown(earlier, earlier["bad"], columns, growth, (later, later["bad"])), columns)


def calibrated(trees: Trees, sample: pl.DataFrame) -> Line:
    """The line from raw scores to log-odds of the label, fitted on the policy fold.

    Raises Refused where higher scores did not go bad more often there: such a model is of no use.
    """
    raw = trees.log_odds(sample)
    line = LogisticRegression(C=1e6, solver="lbfgs").fit(raw.reshape(-1, 1), sample["bad"].to_numpy())
    slope, intercept = float(line.coef_[0, 0]), float(line.intercept_[0])
    if slope <= 0:
        raise Refused(
            "模型在策略样本上没有排序能力, 未予采用; 请增加数据。",
            "The model does not rank the policy fold at all and is not taken; it needs more data.",
        )
    return Line(slope, intercept)


def policy_by_rules(probability: Floats, sample: pl.DataFrame, rules: RuleTable) -> Policy:
    """Thresholds at the rules' own number of visits on the policy fold."""
    levels = rule_levels(sample, rules)
    return policy_at_visits(probability, int((levels == 2).sum()), int((levels >= 1).sum()))


def rule_levels(sample: pl.DataFrame, rules: RuleTable) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The rule light of each row (0, 1, 2), by the rules in force on its own day; rows must be sorted by as_of."""
    places = {code: level for level, code in enumerate(CODES)}
    lights = [
        judged(month, rules.in_force(as_of))["rule_light"]
        for (as_of,), month in sample.group_by("as_of", maintain_order=True)
        if isinstance(as_of, date)
    ]
    return pl.concat(lights).replace_strict(places, return_dtype=pl.Int64).to_numpy()
