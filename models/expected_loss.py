"""Expected loss of each loan in yuan, and how the compensation fund and the bank would share it."""

from __future__ import annotations

import polars as pl

from models.county_policy.sections import CountyPolicy

LOSSES = ("expected_loss", "expected_loss_fund", "expected_loss_bank")


def covered(policy: CountyPolicy) -> tuple[pl.Expr, pl.Expr]:
    """`household_covered`, `covered_principal`: what the fund answers for, yuan, on all open loans of a household.

    Of the products it covers the fund answers for the household's outstanding principal up to the lending limit, the
    loans in proportion.
    """
    is_covered = pl.col("product").is_in(policy.fund.products).fill_null(False)
    principal = pl.when(is_covered).then(pl.col("outstanding_principal")).otherwise(0.0)
    together = principal.sum().over("household_id")
    within = pl.when(together > policy.lending.limit).then(principal * policy.lending.limit / together)
    return together.alias("household_covered"), within.otherwise(principal).round(2).alias("covered_principal")


def expected_loss(loans: pl.DataFrame, policy: CountyPolicy) -> pl.DataFrame:
    """For each row LOSSES, yuan: the whole, the fund's part and the bank's.

    loans: all open loans of each household, with `household_id`, `probability` (missing without a model),
    `has_gone_bad`, `outstanding_principal`, `product`, `use_diverted`.

    probability x outstanding principal x the share lost where a loan goes bad; a loan gone bad has probability 1.
    The fund bears its share of the principal it covers, unless the use is known to be diverted: that is no force
    majeure.
    """
    probability = pl.when("has_gone_bad").then(1.0).otherwise(pl.col("probability"))
    lost = probability * policy.fund.loss_given_bad
    whole = (lost * pl.col("outstanding_principal")).round(2)
    as_declared = pl.col("use_diverted").fill_null(0) == 0
    borne = (lost * pl.col("covered_principal") * policy.fund.share).round(2)
    by_fund = pl.when(whole.is_not_null()).then(pl.when(as_declared).then(borne).otherwise(0.0))
    parts = (whole, by_fund, (whole - by_fund).round(2))
    named = (part.alias(name) for name, part in zip(LOSSES, parts, strict=True))
    return loans.with_columns(covered(policy)).select(named)
