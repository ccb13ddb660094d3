"""Thresholds on the policy fold: by the rules' visits, by what banks or townships can visit, or by money."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import polars as pl

from models.boosting import Floats
from models.policy import NEVER, Bools, Panel, Policy, Thresholds, thresholds_at_visits
from training.plan import Capacity, Cost, LightPolicy, RulesVisits

_TIMES = (0.5, 1.0, 2.0)
_MONTHS_A_YEAR = 12
_FAR = 90


def light_policy(sample: pl.DataFrame, probability: Floats, plan: LightPolicy) -> Policy:
    """The policy as planned; sample: `loan_id`, `as_of`, `rule_level`, `bank`, `township_code`,
    `outstanding_principal`, `bad_on`, in the order of `probability`.
    """
    panel = Panel(sample["loan_id"], sample["as_of"], probability)
    chosen = plan.chosen
    if isinstance(chosen, RulesVisits):
        return _at_rules_visits(sample, panel, plan.keeps)
    if isinstance(chosen, Capacity):
        return _at_capacity(sample, panel, chosen, plan.keeps)
    return _at_cost(sample, panel, chosen, plan.keeps)


def _at_rules_visits(sample: pl.DataFrame, panel: Panel, keeps: float) -> Policy:
    visits = {"red": int((sample["rule_level"] == 2).sum()), "lit": int((sample["rule_level"] >= 1).sum())}
    found = thresholds_at_visits(panel, visits["red"], visits["lit"], keeps)
    free = thresholds_at_visits(panel, visits["red"], visits["lit"])
    terms = {"rules_visits": visits, **_told(sample, panel, found, free, keeps)}
    return Policy(found.yellow_from, found.red_from, "rules_visits", terms, keeps)


def _at_capacity(sample: pl.DataFrame, panel: Panel, chosen: Capacity, keeps: float) -> Policy:
    """Each group by its own loans; one that is not in the fold by all of them together."""
    general = _in_100(panel, chosen, keeps)
    codes = sorted(sample[chosen.each].drop_nulls().unique())
    groups = {code: _in_100(_panel_of(sample, panel, chosen.each, code), chosen, keeps) for code in codes}
    terms = {"capacity": chosen.model_dump(), **_told(sample, panel, general, _in_100(panel, chosen, 1.0), keeps)}
    return Policy(general.yellow_from, general.red_from, "capacity", terms, keeps, chosen.each, groups)


def _in_100(panel: Panel, chosen: Capacity, keeps: float) -> Thresholds:
    rows = len(panel.probability)
    red, lit = int(rows * chosen.red_in_100 / 100), int(rows * chosen.lit_in_100 / 100)
    return thresholds_at_visits(panel, red, lit, keeps)


def _panel_of(sample: pl.DataFrame, panel: Panel, column: str, code: str) -> Panel:
    mine = (sample[column] == code).fill_null(False)
    return Panel(sample["loan_id"].filter(mine), sample["as_of"].filter(mine), panel.probability[mine.to_numpy()])


def _at_cost(sample: pl.DataFrame, panel: Panel, chosen: Cost, keeps: float) -> Policy:
    balance = sample["outstanding_principal"].to_numpy()
    found = thresholds_at_cost(panel.probability, balance, chosen)
    sweep = [
        {"visits_cost": visits, "loss": loss, **_swept(panel.probability, balance, _scaled(chosen, visits, loss))}
        for visits, loss in product(_TIMES, _TIMES)
    ]
    terms = {"cost": chosen.model_dump(), "sweep": sweep, **_told(sample, panel, found, found, keeps)}
    return Policy(found.yellow_from, found.red_from, "cost", terms, keeps)


def thresholds_at_cost(probability: Floats, balance: Floats, chosen: Cost) -> Thresholds:
    """The thresholds at which visits save most, by the calibrated probabilities themselves.

    A yellow visit costs `visit_yellow` and saves chance x balance x loss_given_bad x averted_yellow; a red one costs
    and saves that much more.
    """
    at_stake = probability * balance * chosen.loss_given_bad
    yellow = _cheapest(probability, chosen.visit_yellow - at_stake * chosen.averted_yellow)
    dearer, more_averted = chosen.visit_red - chosen.visit_yellow, chosen.averted_red - chosen.averted_yellow
    red = _cheapest(probability, dearer - at_stake * more_averted)
    return Thresholds(min(yellow, red), red)


def _cheapest(probability: Floats, net: Floats) -> float:
    """The threshold from which on the net costs sum to least; NEVER where nothing saves anything."""
    order = np.argsort(-probability, kind="stable")
    sums, ordered = np.cumsum(net[order]), probability[order]
    last_of_tie = np.append(ordered[1:] < ordered[:-1], True)
    sums = np.where(last_of_tie, sums, np.inf)
    best = int(np.argmin(sums))
    return float(ordered[best]) if sums[best] < 0 else NEVER


def _scaled(chosen: Cost, visits: float, loss: float) -> Cost:
    return chosen.model_copy(
        update={
            "visit_yellow": chosen.visit_yellow * visits,
            "visit_red": chosen.visit_red * visits,
            "loss_given_bad": chosen.loss_given_bad * loss,
        }
    )


def _swept(probability: Floats, balance: Floats, chosen: Cost) -> dict[str, float]:
    found = thresholds_at_cost(probability, balance, chosen)
    return {
        "yellow_from": found.yellow_from,
        "red_from": found.red_from,
        "lit_in_100": round(100 * float((probability >= found.yellow_from).mean()), 2),
        "red_in_100": round(100 * float((probability >= found.red_from).mean()), 2),
    }


def _told(sample: pl.DataFrame, panel: Panel, found: Thresholds, free: Thresholds, keeps: float) -> dict[str, Any]:
    """What keeping lights on does on the policy fold: how often they change, and how early the bad are lit."""
    return {
        "rows": sample.height,
        "as_kept": _steadiness(sample, panel, found, keeps),
        "without_keeping": _steadiness(sample, panel, free, 1.0),
    }


def _steadiness(sample: pl.DataFrame, panel: Panel, found: Thresholds, keeps: float) -> dict[str, float | int | None]:
    lit = panel.lit(found.yellow_from, keeps)
    level = lit.astype(np.int8) + panel.lit(found.red_from, keeps)
    lead = _lead_days(sample, lit)
    return {
        "lit": int(lit.sum()),
        "red": int((level == 2).sum()),
        "changes_a_loan_year": _changes(panel, level),
        "median_lead_days": float(np.median(lead)) if len(lead) else None,
        "lit_90_days_ahead": float((lead >= _FAR).mean()) if len(lead) else None,
    }


def _changes(panel: Panel, level: Any) -> float | None:
    table = np.full(panel.shape, -1, dtype=np.int8)
    table[panel.row, panel.month] = level
    before, after = table[:, :-1], table[:, 1:]
    both = (before >= 0) & (after >= 0)
    return round(_MONTHS_A_YEAR * float((before != after)[both].mean()), 3) if both.any() else None


def _lead_days(sample: pl.DataFrame, lit: Bools) -> Floats:
    """For each loan that went bad, the days from its first light to the day; below 0 (-1) where it was never lit."""
    seen = sample.select("loan_id", "as_of", "bad_on", "bad").with_columns(pl.Series("lit", lit))
    first = (
        seen.filter(pl.col("bad") == 1)
        .group_by("loan_id")
        .agg(pl.col("bad_on").first(), pl.col("as_of").filter("lit").min().alias("first"))
    )
    days = first.select((pl.col("bad_on") - pl.col("first")).dt.total_days().fill_null(-1))
    return days.to_series().cast(pl.Float64).to_numpy()
