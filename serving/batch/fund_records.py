"""What became of the county's bad loans and insurance claims, counted when a month is published."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from features.delivered_tables import DeliveredTables
from features.snapshot.latest_versions import LatestVersions
from features.spell_endings import spell_endings
from models.fund_curves import fund_history
from serving.batch.inputs import RunSpec, open_context


def fund_provenance(spec: RunSpec) -> dict[str, Any]:
    """The manifest's fields `fund_history` and `insurance_claims`, by what was known on the month end."""
    context = open_context(spec)
    tables, rules, policy = context.ledger.tables(), context.life_rules, context.scoring.county_policy
    endings = spell_endings(tables, spec.as_of, rules)
    history = fund_history(endings, spec.as_of, policy.fund, rules.bad_after_days)
    return {"fund_history": history.as_json, "insurance_claims": insurance_claims(tables, spec.as_of)}


def insurance_claims(tables: DeliveredTables, as_of: date) -> dict[str, float]:
    """Insurance claims of all households in the 365 days up to as_of, by what was known then.

    `filed`, `claimed`: number and yuan of those whose event occurred then. `paid`: yuan of those settled then.
    """
    since = as_of - timedelta(days=365)
    claims = LatestVersions(tables, as_of).newest_of_all_households("claims")
    occurred = pl.col("occurred_on").is_between(since, as_of, closed="right")
    settled = pl.col("settled_on").is_between(since, as_of, closed="right")
    sums = claims.select(
        occurred.sum().alias("filed"),
        pl.col("claimed_amount").filter(occurred).sum().round(2).alias("claimed"),
        pl.col("paid_amount").filter(settled).sum().round(2).alias("paid"),
    )
    return {name: float(value) for name, value in sums.collect().row(0, named=True).items()}
