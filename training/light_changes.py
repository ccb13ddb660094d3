"""Loans whose light changes: the open loans of the newest month end under the lights of two models."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from features.compute import Population, features_at
from features.ledger.ledger import Ledger
from features.months import month_end, month_end_after
from models.bundle import Bundle
from models.county_policy.policy_table import PolicyTable
from models.light import CODES
from models.traffic_light.evaluate import as_codes
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


def light_changes(ledger: Ledger, policies: PolicyTable, current: Bundle, proposed: Bundle) -> LightChanges:
    """The lights that both models would set without a previous month; loans that have gone bad are left out."""
    as_of = newest_month_end(ledger)
    rules = policies.in_force(as_of).life_rules(proposed.bad_after_days)
    loans = features_at(as_of, ledger.tables(), Population.COHORT, rules)
    lights = {
        name: loans.with_columns(pl.Series("probability", bundle.probability(loans)))
        .select(as_codes(bundle.policy.level(pl.col("probability"))))
        .to_series()
        for name, bundle in (("before", current), ("after", proposed))
    }
    transitions = (
        loans.select("outstanding_principal", **lights)
        .group_by("before", "after")
        .agg(pl.len().alias("loans"), pl.col("outstanding_principal").sum().round(2))
    )
    level_of_code = {code: level for level, code in enumerate(CODES)}
    order = [pl.col(name).replace_strict(level_of_code, return_dtype=pl.Int64) for name in ("before", "after")]
    return LightChanges(as_of, transitions.sort(order).to_dicts())


def newest_month_end(ledger: Ledger) -> date:
    """The last month end that the banks have reported on."""
    until = last_reported_day(ledger)
    return until if until == month_end(until) else month_end_after(until, -1)
