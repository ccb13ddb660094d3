"""Opponents of a model that are fitted on the same fold: tuned rules, a calendar, a logistic regression, free trees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from scipy.optimize import minimize

from models.boosting import TreeParams
from models.raw_score import Floats, ModelColumn
from models.traffic_light.rule import Rule
from models.traffic_light.rule_table import RuleTable
from training.candidates import Candidate, ModelSpec, mean_losses_by_strength
from training.concurrent_fits import fits_at_a_time, map_concurrently
from training.evaluation.measures import selected_share_by_month
from training.plan import Plan

_BOUND_FACTORS = (0.5, 0.75, 1.0, 1.5, 2.0)
"""Multiples of a rule's own bounds that the tuned rules choose among."""
_RIDGE = 1.0
_DAYS_AHEAD = (60, 90, 120, 150, 180, 240, 365)
"""Days before maturity within which the calendar goes by repayment cover; the fit fold chooses."""
_LAST = 1e9
"""Beyond any number of days and any cover."""


def opponent_scores(
    fit: pl.DataFrame,
    sample: pl.DataFrame,
    columns: Sequence[ModelColumn],
    params: TreeParams,
    plan: Plan,
    rules: RuleTable,
) -> Mapping[str, Floats]:
    """Scores of the sample's rows by each opponent, fitted on `fit`; higher is riskier.

    Args:
        fit: the fit fold.
        sample: the judgement fold.
        columns: the model's inputs.
        params: of the trees.
        plan: rolling origins, by which the strength of the logistic regression is chosen.
        rules: the dated rule table.

    Returns:
        `tuned_rules`, the rules with bounds and points of their own; `calendar`, the soonest due first;
        `calendar_cover`, of those due soon the lowest cover first; `logistic`, an additive logistic regression without
        signs; `unconstrained`, the same trees without signs.
    """
    unsigned = [replace(column, sign=0) for column in columns]
    losses = mean_losses_by_strength(fit, unsigned, plan)
    specs = {
        "logistic": ModelSpec(Candidate.ADDITIVE, params, min(losses, key=lambda strength: losses[strength])),
        "unconstrained": ModelSpec(Candidate.FREE_TREES, params),
    }
    at_a_time = fits_at_a_time(fit.height)
    fitted = map_concurrently(lambda spec: spec.fit(fit, unsigned).log_odds(sample), specs.values(), at_a_time)
    return {
        "tuned_rules": tuned_rule_scores(fit, sample, rules),
        "calendar": calendar_scores(sample),
        "calendar_cover": calendar_scores(sample, best_days_ahead(fit)),
        **dict(zip(specs, fitted, strict=True)),
    }


def tuned_rule_scores(fit: pl.DataFrame, sample: pl.DataFrame, rules: RuleTable) -> Floats:
    """The sum of the points of the rules that fire, each at several bounds, with points of 0 or more fitted on `fit`.

    The rules in force on the last day of `fit` count, notes too; points are the weights of a logistic regression. With
    as many visits as the rules make, they are the most that a county could have of its own table.
    """
    in_force = rules.in_force(fit["as_of"].max())  # type: ignore[arg-type]
    varied = [_with_bounds(rule, factor) for rule in in_force for factor in _BOUND_FACTORS]
    unique = list({rule.conditions: rule for rule in varied}.values())
    fires = [rule.holds.fill_null(False).cast(pl.Float32).alias(str(number)) for number, rule in enumerate(unique)]
    fired, bad = fit.select(fires).to_numpy(), fit["bad"].to_numpy().astype(np.float32)

    def loss_and_slope(weights: Floats) -> tuple[float, Floats]:
        scores = fired @ weights[:-1].astype(np.float32) + np.float32(weights[-1])
        errors = 1 / (1 + np.exp(-scores)) - bad
        loss = float((np.logaddexp(0, scores) - bad * scores).sum(dtype=np.float64))
        ridge = _RIDGE * weights[:-1]
        slope = np.append(fired.T @ errors + ridge, errors.sum(dtype=np.float64))
        return loss + float(ridge @ weights[:-1]) / 2, slope.astype(np.float64)

    start = np.append(np.zeros(len(unique)), np.log(max(bad.mean(), 1e-6)))
    bounds = [(0, None)] * len(unique) + [(None, None)]
    points = minimize(loss_and_slope, start, jac=True, bounds=bounds, method="L-BFGS-B").x[:-1]
    return np.asarray(sample.select(fires).to_numpy() @ points, dtype=np.float64)


def _with_bounds(rule: Rule, factor: float) -> Rule:
    """The rule with its bounds multiplied."""
    conditions = (replace(each, bound=factor * each.bound) for each in rule.conditions)
    return replace(rule, conditions=tuple(conditions))


def calendar_scores(sample: pl.DataFrame, days_ahead: int = 0) -> Floats:
    """The soonest due first; but of the loans due within some days the lowest repayment cover first, ahead of all."""
    days = sample["days_to_maturity"].fill_null(_LAST).to_numpy().astype(np.float64)
    cover = sample["repayment_cover"].fill_null(_LAST).to_numpy().astype(np.float64)
    return np.asarray(np.where(days <= days_ahead, 2 * _LAST - cover, -days), dtype=np.float64)


def best_days_ahead(fit: pl.DataFrame) -> int:
    """The days before maturity at which the calendar with cover finds most bad loans at the rules' visits."""
    bad, flagged = fit["bad"].to_numpy(), fit["rule_level"].to_numpy() > 0
    months = fit["as_of"].rank("dense").to_numpy().astype(np.int64) - 1
    caught = [float(selected_share_by_month(calendar_scores(fit, days), flagged, months) @ bad) for days in _DAYS_AHEAD]
    return _DAYS_AHEAD[int(np.argmax(caught))]
