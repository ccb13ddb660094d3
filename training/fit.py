"""Fit: trees on one fold, calibration and thresholds on another, later and of other households."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.linear_model import LogisticRegression

from features.catalog import MODEL_COLUMNS
from features.words import Refused
from models.boosting import Floats, Trees, columns_of, grown
from models.calibration import Beta, Calibration
from models.light import CODES
from models.policy import Panel, Policy, thresholds_at_visits
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


def calibrated(trees: Trees, sample: pl.DataFrame) -> Calibration:
    """The curve from raw scores to log-odds of the label, fitted on the policy fold.

    Raises Refused where higher scores did not go bad more often there: such a model is of no use.
    """
    raw = trees.log_odds(sample)
    found = _beta(np.column_stack([-np.logaddexp(0, -raw), np.logaddexp(0, raw)]), sample["bad"].to_numpy())
    if found is None:
        raise Refused(
            "模型在策略样本上没有排序能力, 未予采用; 请增加数据。",
            "The model does not rank the policy fold at all and is not taken; it needs more data.",
        )
    return found


def _beta(sides: Floats, bad: npt.NDArray[np.int8]) -> Beta | None:
    """Both sides where both rise with the risk, else the one that does; None where neither does."""
    for used in ([0, 1], [0], [1]):
        fitted = LogisticRegression(C=1e6, solver="lbfgs").fit(sides[:, used], bad)
        slopes = np.zeros(2)
        slopes[used] = fitted.coef_[0]
        if (slopes >= 0).all() and slopes.any():
            return Beta(float(slopes[0]), float(slopes[1]), float(fitted.intercept_[0]))
    return None


def policy_by_rules(probability: Floats, sample: pl.DataFrame, rules: RuleTable) -> Policy:
    """Thresholds at the rules' own number of visits on the policy fold."""
    levels = rule_levels(sample, rules)
    visits = {"visits_red": int((levels == 2).sum()), "visits_any": int((levels >= 1).sum())}
    found = thresholds_at_visits(Panel(sample["loan_id"], sample["as_of"], probability), **visits)
    return Policy(found.yellow_from, found.red_from, "rules_visits", {**visits, "rows": sample.height})


def rule_levels(sample: pl.DataFrame, rules: RuleTable) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The rule light of each row (0, 1, 2), by the rules in force on its own day; rows must be sorted by as_of."""
    places = {code: level for level, code in enumerate(CODES)}
    lights = [
        judged(month, rules.in_force(as_of))["rule_light"]
        for (as_of,), month in sample.group_by("as_of", maintain_order=True)
        if isinstance(as_of, date)
    ]
    return pl.concat(lights).replace_strict(places, return_dtype=pl.Int64).to_numpy()
