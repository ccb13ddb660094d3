"""Loans whose light changes: the open loans of the newest month end under two models, or the rules and a model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from features.compute import features_at
from features.ledger.ledger import Ledger
from features.months import month_end, month_end_after
from models.budget_use import published_level, rules_level
from models.bundle import Bundle
from models.county_policy.policy_table import policy_table_of
from models.light import CODES
from models.traffic_light.evaluate import as_codes, evaluate_county_rules
from models.traffic_light.rule_table import rule_table_of
from training.cohort import last_reported_day


@dataclass(frozen=True)
class LightChanges:
    """Number of loans and their principal by the light under one model and under another, at one month end.

    transitions: rows with `before`, `after` (lights), `loans` and `outstanding_principal` (yuan), sorted by the lights.
    """

    as_of: date
    transitions: list[dict[str, object]]

    @property
    def changed_loans(self) -> int:
        """Number of loans whose light differs."""
        return sum(int(str(row["loans"])) for row in self.transitions if row["before"] != row["after"])


def light_changes(store: Path, current: Bundle | None, proposed: Bundle) -> LightChanges:
    """The published lights under two models, without a previous month; loans that have gone bad are left out.

    store: the data folder. current: None where the rules set the lights, since no model has passed the gate yet.
    """
    ledger = Ledger(store / "ledger")
    as_of = newest_month_end(ledger)
    life_rules = policy_table_of(store).in_force(as_of).life_rules(proposed.bad_after_days)
    features = features_at(as_of, ledger.tables(), rules=life_rules)
    by_rules = evaluate_county_rules(features, rule_table_of(store).in_force(as_of))
    loans = features.hstack(by_rules.select("rule_light", "hard_light")).filter(pl.col("status") != "bad")
    lights = {name: published_lights(loans, bundle) for name, bundle in (("before", current), ("after", proposed))}
    transitions = (
        loans.select("outstanding_principal", **lights)
        .group_by("before", "after")
        .agg(pl.len().alias("loans"), pl.col("outstanding_principal").sum().round(2))
    )
    level_of_code = {code: level for level, code in enumerate(CODES)}
    order = [pl.col(name).replace_strict(level_of_code, return_dtype=pl.Int64) for name in ("before", "after")]
    return LightChanges(as_of, transitions.sort(order).to_dicts())


def published_lights(loans: pl.DataFrame, bundle: Bundle | None) -> pl.Series:
    """The light of each loan under a model's thresholds and the hard rules, or under the rules alone.

    loans: features, `rule_light` and `hard_light`.
    """
    if bundle is None:
        return loans.select(as_codes(rules_level())).to_series()
    never = pl.lit(None, pl.String).alias("previous_model_light")
    scored = loans.with_columns(pl.Series("probability", bundle.probability(loans)), never)
    return scored.select(as_codes(published_level(bundle.policy))).to_series()


def newest_month_end(ledger: Ledger) -> date:
    """The last month end that the banks have reported on."""
    until = last_reported_day(ledger)
    return until if until == month_end(until) else month_end_after(until, -1)
