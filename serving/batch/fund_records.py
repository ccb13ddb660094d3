"""What became of the county's bad loans and insurance claims, counted when a month is published."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from features.delivered_tables import DeliveredTables
from features.snapshot.latest_versions import LatestVersions
from features.spell_endings import SPELL_ENDINGS_SCHEMA
from models.fund_curves import fund_history
from serving.batch.inputs import RunSpec, open_context
from serving.batch.plan import Task
from serving.batch.tasks import SPELL_ENDINGS, output_frames


def fund_provenance(spec: RunSpec, tasks: Sequence[Task], staging: Path) -> dict[str, Any]:
    """The manifest's fields `fund_history` and `insurance_claims`, by what was known on the month end.

    tasks: one of each county, whose output lies in the staging folder.
    """
    context = open_context(spec)
    endings = output_frames(tasks, SPELL_ENDINGS, staging, SPELL_ENDINGS_SCHEMA)
    fund, bad_after_days = context.scoring.county_policy.fund, context.life_rules.bad_after_days
    history = fund_history(endings.sort("loan_id", "bad_on"), spec.as_of, fund, bad_after_days)
    return {
        "fund_history": history.as_json,
        "insurance_claims": insurance_claims(context.ledger.tables(), spec.as_of),
    }


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
