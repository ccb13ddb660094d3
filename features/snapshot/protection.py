"""One household's insurance policies, hardships and claims, row by row, for its page."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.frame_schema import returns
from features.snapshot.amounts import null_if_after
from features.snapshot.frame_schemas import (
    HOUSEHOLD_CLAIMS_SCHEMA,
    HOUSEHOLD_HARDSHIPS_SCHEMA,
    HOUSEHOLD_POLICIES_SCHEMA,
)
from features.snapshot.latest_versions import LatestVersions


@returns(HOUSEHOLD_POLICIES_SCHEMA)
def household_policies(versions: LatestVersions, as_of: date, household: str) -> pl.LazyFrame:
    """One row for each policy of a household (its household_id) that had begun by as_of, the oldest first."""
    begun = _household_rows(versions, "policies", household).filter(pl.col("insured_from") <= as_of)
    return begun.select("policy_id", "kind", "insured_from", "insured_to", "sum_insured").sort(
        "insured_from", "policy_id"
    )


@returns(HOUSEHOLD_HARDSHIPS_SCHEMA)
def household_hardships(versions: LatestVersions, as_of: date, household: str) -> pl.LazyFrame:
    """One row for each hardship of a household (its household_id) up to as_of, the oldest first."""
    happened = _household_rows(versions, "hardships", household).filter(pl.col("occurred_on") <= as_of)
    resolved = null_if_after("resolved_on", as_of).is_not_null().alias("resolved")
    return happened.sort("occurred_on", "event_id").select("occurred_on", "cause", resolved)


@returns(HOUSEHOLD_CLAIMS_SCHEMA)
def household_claims(versions: LatestVersions, as_of: date, household: str) -> pl.LazyFrame:
    """One row for each claim of a household (its household_id) up to as_of, the oldest first."""
    happened = _household_rows(versions, "claims", household).filter(pl.col("occurred_on") <= as_of)
    settled = null_if_after("settled_on", as_of).is_not_null().alias("settled")
    return happened.sort("occurred_on", "claim_id").select("policy_id", "occurred_on", "claimed_amount", settled)


def _household_rows(versions: LatestVersions, table: str, household: str) -> pl.LazyFrame:
    """The newest rows of this household alone: `versions` may hold those of a linked household, too."""
    number = versions.loans.filter(pl.col("household_id") == household).select("household").unique()
    return versions.newest(table).join(number, on="household", how="semi")
