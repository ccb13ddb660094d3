"""What protects a household, contract by contract: its insurance, what befell it, and the claims it filed, by day."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.snapshot.amounts import hidden_after
from features.snapshot.latest_versions import Known


def policies_held(known: Known, as_of: date, household: str) -> pl.LazyFrame:
    """`policy_id`, `kind`, `insured_from`, `insured_to`, `sum_insured` (yuan) of contracts begun, the oldest first."""
    begun = _of(known, "policies", household).filter(pl.col("insured_from") <= as_of)
    return begun.select("policy_id", "kind", "insured_from", "insured_to", "sum_insured").sort(
        "insured_from", "policy_id"
    )


def hardships_suffered(known: Known, as_of: date, household: str) -> pl.LazyFrame:
    """`occurred_on`, `cause` and whether it was `resolved`, the oldest first."""
    happened = _of(known, "hardships", household).filter(pl.col("occurred_on") <= as_of)
    resolved = hidden_after("resolved_on", as_of).is_not_null().alias("resolved")
    return happened.sort("occurred_on", "event_id").select("occurred_on", "cause", resolved)


def claims_filed(known: Known, as_of: date, household: str) -> pl.LazyFrame:
    """`policy_id`, `occurred_on`, `claimed_amount` (yuan) and whether it was `settled`, the oldest first."""
    happened = _of(known, "claims", household).filter(pl.col("occurred_on") <= as_of)
    settled = hidden_after("settled_on", as_of).is_not_null().alias("settled")
    return happened.sort("occurred_on", "claim_id").select("policy_id", "occurred_on", "claimed_amount", settled)


def _of(known: Known, table: str, household: str) -> pl.LazyFrame:
    """The newest version of its own rows: a linked household's may have been read beside them."""
    number = known.loans.filter(pl.col("household_id") == household).select("household").unique()
    return known.newest(table).join(number, on="household", how="semi")
