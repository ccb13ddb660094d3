"""The numbers of the policy table that bind contracts: a loan keeps those in force on the day it was granted."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.snapshot.amounts import yuan_sum
from models.county_policy.sections import Lending
from models.toml_tables import StrictModel

COVERED_SCHEMA = FrameSchema(
    {
        "household_covered": FrameColumn(
            pl.Float64(), "Principal of the household that counts against the loan's limit, yuan."
        ),
        "covered_principal": FrameColumn(pl.Float64(), "Part of the loan's principal within that limit, yuan."),
    },
    extra="The columns of the loans.",
)


class DatedTerms(StrictModel):
    """Every section of the policy table that binds contracts, as in force from the day `since`."""

    since: date
    lending: Lending


@dataclass(frozen=True)
class ContractTerms:
    """The terms by which loans were granted up to a day, in the order of their first days.

    Example:
        >>> from datetime import date
        >>> from models.county_policy.policy_table import policy_table_of
        >>> terms = policy_table_of(data).contract_terms(date(2026, 1, 31))
        >>> terms.of(date(2025, 12, 31)).lending.limit, terms.of(date(2026, 1, 1)).lending.limit
        (50000.0, 100000.0)
    """

    dated: tuple[DatedTerms, ...]

    @property
    def version(self) -> str:
        """Eight hexadecimal digits of a hash of all its numbers."""
        return hashlib.sha256("\n".join(terms.model_dump_json() for terms in self.dated).encode()).hexdigest()[:8]

    def of(self, granted_on: date) -> DatedTerms:
        """The terms of a loan granted on a day; the oldest known for a day before all of them."""
        earlier = [terms for terms in self.dated if terms.since <= granted_on]
        return earlier[-1] if earlier else self.dated[0]

    @returns(COVERED_SCHEMA)
    def covered_principal(self, loans: pl.DataFrame, products: Collection[str]) -> pl.DataFrame:
        """Loans with what subsidy and fund cover of each, by the limit in force when it was granted.

        A household's loans of one notice share its limit in proportion, less what is covered of loans granted under
        earlier notices.

        Args:
            loans: all open loans of each household, with `household_id`, `originated_on` (missing: the newest
                terms), `product` and `outstanding_principal` (yuan); their order stays.
            products: those that the fund answers for; loans of other products have 0 in `covered_principal`.
        """
        of_product = pl.col("product").is_in(list(products)).fill_null(False)
        granted_on = pl.col("originated_on").cast(pl.Date).fill_null(self.dated[-1].since)
        started = [(granted_on >= terms.since).cast(pl.Int32) for terms in self.dated[1:]]
        own = yuan_sum(pl.when(pl.col("_number") == pl.col("_now")).then("_principal").otherwise(0.0)).over(
            "household_id"
        )
        rows = loans.with_columns(
            pl.when(of_product).then("outstanding_principal").otherwise(0.0).alias("_principal"),
            pl.sum_horizontal(pl.lit(0, pl.Int32), *started).alias("_number"),
            pl.lit(0.0).alias("_used"),
            pl.lit(0.0).alias("household_covered"),
            pl.lit(0.0).alias("covered_principal"),
        )
        for number, terms in enumerate(self.dated):
            rows = rows.with_columns(pl.lit(number, pl.Int32).alias("_now")).with_columns(own.alias("_own"))
            left = (terms.lending.limit - pl.col("_used")).clip(lower_bound=0.0)
            is_within = pl.col("_own") <= left
            part = pl.when(is_within).then("_principal").otherwise(pl.col("_principal") * left / pl.col("_own"))
            is_now = pl.col("_number") == number
            rows = rows.with_columns(
                pl.when(is_now)
                .then(pl.col("_used") + pl.col("_own"))
                .otherwise("household_covered")
                .round(2)
                .alias("household_covered"),
                pl.when(is_now).then(part.round(2)).otherwise("covered_principal").alias("covered_principal"),
                (pl.col("_used") + pl.min_horizontal("_own", left)).alias("_used"),
            )
        return rows.drop("_principal", "_number", "_used", "_now", "_own")
