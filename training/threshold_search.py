"""Thresholds of the lights on the policy fold: by the rules' visits, by capacity of banks or townships, or by cost."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import polars as pl

from features.messages import UserError
from models.county_policy.policy_table import shipped_policy_table
from models.policy import (
    NEVER,
    Bools,
    Panel,
    Policy,
    Thresholds,
    VisitBudget,
    budget_within,
    thresholds_at_capacity,
)
from models.raw_score import Floats
from training.plan import Capacity, Cost, LightPolicy, MonthVisits, RulesVisits

_SWEEP_FACTORS = (0.5, 1.0, 2.0)
_MONTHS_PER_YEAR = 12
_EARLY_DAYS = 90


def choose_light_policy(sample: pl.DataFrame, probability: Floats, plan: LightPolicy) -> Policy:
    """Choose the thresholds of the lights as planned.

    Args:
        sample: the policy fold with `loan_id`, `as_of`, `rule_level`, `bank`, `township_code`,
            `outstanding_principal`, `bad`, `bad_on`.
        probability: of going bad, for each row of the sample.
        plan: by what the thresholds are chosen, and how long a light stays on.

    Returns:
        Thresholds, of each bank or township where the plan says so; `terms` says how they were chosen, and how often
        lights change and how early they come with and without keeping lights on.

    Raises:
        UserError: where the plan goes by the visits of one month, of which the policy fold has a part alone.

    Example:
        >>> from features.ledger.ledger import Ledger
        >>> from models.registry import ModelStore
        >>> from models.county_policy.policy_table import policy_table_of
        >>> from models.traffic_light.rule_table import rule_table_of
        >>> from training.cohort import samples
        >>> from training.folds import Fold
        >>> from training.plan import Plan
        >>> champion = ModelStore(data / "models").champion
        >>> plan = Plan.model_validate(champion.card["plan"])
        >>> tables = rule_table_of(data), policy_table_of(data)
        >>> folds = samples(Ledger(data / "ledger"), plan, *tables, lambda *_: None, [Fold.POLICY])
        >>> sample = folds[Fold.POLICY]
        >>> policy = choose_light_policy(sample, champion.probability(sample), LightPolicy())
        >>> policy.chosen_by, policy.yellow_from <= policy.red_from
        ('rules_visits', True)
    """
    panel = Panel(sample["loan_id"], sample["as_of"], probability)
    chosen = plan.chosen
    if isinstance(chosen, RulesVisits):
        return _policy_at_rules_visits(sample, panel, chosen, plan.keeps)
    if isinstance(chosen, Capacity):
        return _policy_at_capacity(sample, panel, chosen, plan.keeps)
    if isinstance(chosen, MonthVisits):
        raise UserError(
            '按一个月的走访数选界限（by = "visits"）只用于 lights thresholds，不用于训练计划。',
            'Thresholds by the visits of one month (by = "visits") are for lights thresholds, not for a training plan.',
        )
    return _policy_at_cost(sample, panel, chosen, plan.keeps)


def _policy_at_rules_visits(sample: pl.DataFrame, panel: Panel, chosen: RulesVisits, keeps: float) -> Policy:
    """As many visits as the rules make, within the plan's ceiling, or the shipped one where the plan has none."""
    most_lit = chosen.most_lit or shipped_policy_table().policies[-1].visits.most_lit
    rules = VisitBudget(int((sample["rule_level"] == 2).sum()), int((sample["rule_level"] >= 1).sum()))
    budget = budget_within(rules, sample.height, most_lit)
    thresholds = thresholds_at_capacity(panel, budget.red, budget.lit, keeps)
    without_keeping = thresholds_at_capacity(panel, budget.red, budget.lit)
    terms = {
        "rules_visits": rules._asdict(),
        "budget": {**budget._asdict(), "most_lit": most_lit},
        **_keeping_terms(sample, panel, thresholds, without_keeping, keeps),
    }
    return Policy(thresholds.yellow_from, thresholds.red_from, "rules_visits", terms, keeps)


def _policy_at_capacity(sample: pl.DataFrame, panel: Panel, capacity: Capacity, keeps: float) -> Policy:
    """Each bank's or township's thresholds by its own loans; the general ones, for any other, by all loans."""
    general = _thresholds_in_100(panel, capacity, keeps)
    groups = {}
    for code in sorted(sample[capacity.each].drop_nulls().unique()):
        rows = (sample[capacity.each] == code).fill_null(False)
        group = Panel(sample["loan_id"].filter(rows), sample["as_of"].filter(rows), panel.probability[rows.to_numpy()])
        groups[code] = _thresholds_in_100(group, capacity, keeps)
    without_keeping = _thresholds_in_100(panel, capacity, 1.0)
    terms = {
        "capacity": capacity.model_dump(),
        **_keeping_terms(sample, panel, general, without_keeping, keeps),
    }
    return Policy(general.yellow_from, general.red_from, "capacity", terms, keeps, capacity.each, groups)


def _thresholds_in_100(panel: Panel, capacity: Capacity, keeps: float) -> Thresholds:
    rows = len(panel.probability)
    red, flagged = int(rows * capacity.red_in_100 / 100), int(rows * capacity.lit_in_100 / 100)
    return thresholds_at_capacity(panel, red, flagged, keeps)


def _policy_at_cost(sample: pl.DataFrame, panel: Panel, cost: Cost, keeps: float) -> Policy:
    balance = sample["outstanding_principal"].to_numpy()
    thresholds = thresholds_at_cost(panel.probability, balance, cost)
    sweep = _cost_sweep(panel.probability, balance, cost)
    terms = {
        "cost": cost.model_dump(),
        "sweep": sweep,
        **_keeping_terms(sample, panel, thresholds, thresholds, keeps),
    }
    return Policy(thresholds.yellow_from, thresholds.red_from, "cost", terms, keeps)


def thresholds_at_cost(probability: Floats, balance: Floats, cost: Cost) -> Thresholds:
    """The thresholds at which visits save most, by the calibrated probabilities; balance: in yuan.

    A yellow visit costs `visit_yellow` and saves probability x balance x loss_given_bad x averted_yellow; for a red
    one the additional cost and the additional saving count.
    """
    at_stake = probability * balance * cost.loss_given_bad
    yellow = _cheapest_threshold(probability, cost.visit_yellow - at_stake * cost.averted_yellow)
    more_cost, more_averted = cost.visit_red - cost.visit_yellow, cost.averted_red - cost.averted_yellow
    red = _cheapest_threshold(probability, more_cost - at_stake * more_averted)
    return Thresholds(min(yellow, red), red)


def _cheapest_threshold(probability: Floats, net_cost: Floats) -> float:
    """The threshold from which on the net costs have the least sum; NEVER where no sum is below 0."""
    order = np.argsort(-probability, kind="stable")
    sums, ordered = np.cumsum(net_cost[order]), probability[order]
    last_of_tie = np.append(ordered[1:] < ordered[:-1], True)
    sums = np.where(last_of_tie, sums, np.inf)
    best = int(np.argmin(sums))
    return float(ordered[best]) if sums[best] < 0 else NEVER


def _cost_sweep(probability: Floats, balance: Floats, cost: Cost) -> list[dict[str, float]]:
    """Thresholds and flagged shares with costs and losses at half, once and twice what the plan says."""
    sweep = []
    for visits_factor, loss_factor in product(_SWEEP_FACTORS, _SWEEP_FACTORS):
        scaled = cost.model_copy(
            update={
                "visit_yellow": cost.visit_yellow * visits_factor,
                "visit_red": cost.visit_red * visits_factor,
                "loss_given_bad": cost.loss_given_bad * loss_factor,
            }
        )
        thresholds = thresholds_at_cost(probability, balance, scaled)
        sweep.append(
            {
                "visits_cost": visits_factor,
                "loss": loss_factor,
                "yellow_from": thresholds.yellow_from,
                "red_from": thresholds.red_from,
                "lit_in_100": round(100 * float((probability >= thresholds.yellow_from).mean()), 2),
                "red_in_100": round(100 * float((probability >= thresholds.red_from).mean()), 2),
            }
        )
    return sweep


def _keeping_terms(
    sample: pl.DataFrame, panel: Panel, thresholds: Thresholds, without_keeping: Thresholds, keeps: float
) -> dict[str, Any]:
    """How often lights change, and how early bad loans are flagged, with and without keeping lights on."""
    return {
        "rows": sample.height,
        "as_kept": _light_figures(sample, panel, thresholds, keeps),
        "without_keeping": _light_figures(sample, panel, without_keeping, 1.0),
    }


def _light_figures(
    sample: pl.DataFrame, panel: Panel, thresholds: Thresholds, keeps: float
) -> dict[str, float | int | None]:
    flagged = panel.flagged_rows(thresholds.yellow_from, keeps)
    level = flagged.astype(np.int8) + panel.flagged_rows(thresholds.red_from, keeps)
    lead = _lead_days(sample, flagged)
    return {
        "lit": int(flagged.sum()),
        "red": int((level == 2).sum()),
        "changes_a_loan_year": _changes_per_loan_year(panel, level),
        "median_lead_days": float(np.median(lead)) if len(lead) else None,
        "lit_90_days_ahead": float((lead >= _EARLY_DAYS).mean()) if len(lead) else None,
    }


def _changes_per_loan_year(panel: Panel, level: Any) -> float | None:
    table = np.full(panel.shape, -1, dtype=np.int8)
    table[panel.row, panel.month] = level
    earlier, later = table[:, :-1], table[:, 1:]
    both = (earlier >= 0) & (later >= 0)
    return round(_MONTHS_PER_YEAR * float((earlier != later)[both].mean()), 3) if both.any() else None


def _lead_days(sample: pl.DataFrame, flagged: Bools) -> Floats:
    """For each loan that went bad, the days from its first flag to that day; -1 where it was never flagged."""
    rows = sample.select("loan_id", "as_of", "bad_on", "bad").with_columns(pl.Series("flagged", flagged))
    first = (
        rows.filter(pl.col("bad") == 1)
        .group_by("loan_id")
        .agg(pl.col("bad_on").first(), pl.col("as_of").filter("flagged").min().alias("first"))
    )
    days = first.select((pl.col("bad_on") - pl.col("first")).dt.total_days().fill_null(-1))
    return days.to_series().cast(pl.Float64).to_numpy()
