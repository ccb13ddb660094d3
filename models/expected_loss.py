"""Expected loss of each loan in yuan, and how the compensation fund and the bank would share it."""

from __future__ import annotations

import polars as pl

from models.county_policy.sections import CountyPolicy

LOSSES = ("expected_loss", "expected_loss_fund", "expected_loss_bank")


def expected_loss(loans: pl.DataFrame, policy: CountyPolicy) -> pl.DataFrame:
    """For each row `expected_loss` and its parts `expected_loss_fund` and `expected_loss_bank`, yuan.

    loans: `probability` (missing without a model), `has_gone_bad`, `outstanding_principal`,
    `household_outstanding`, `product`, `use_diverted`.

    probability x outstanding principal x the share lost where a loan goes bad; a loan gone bad has probability 1.
    The fund bears its share of a product it covers, up to the lending limit of the household, its loans in
    proportion, unless the use is known to be diverted: that is no force majeure.
    """
    whole = _of_loan(policy.fund.loss_given_bad).round(2)
    by_fund = (whole * _covered(policy) * policy.fund.share).round(2)
    return loans.select(
        *(part.alias(name) for name, part in zip(LOSSES, (whole, by_fund, (whole - by_fund).round(2)), strict=True))
    )


def _of_loan(loss_given_bad: float) -> pl.Expr:
    probability = pl.when("has_gone_bad").then(1.0).otherwise(pl.col("probability"))
    return probability * pl.col("outstanding_principal") * loss_given_bad


def _covered(policy: CountyPolicy) -> pl.Expr:
    """The part of the loan that the fund looks at."""
    within_limit = (policy.lending.limit / pl.col("household_outstanding")).clip(upper_bound=1)
    answers = pl.col("product").is_in(policy.fund.products) & (pl.col("use_diverted").fill_null(0) == 0)
    return pl.when(answers.fill_null(False)).then(within_limit).otherwise(0.0)
