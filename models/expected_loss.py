"""Expected loss of each loan in yuan, split between the compensation fund and the bank."""

from __future__ import annotations

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.county_policy.sections import CountyPolicy

EXPECTED_LOSS_SCHEMA = FrameSchema(
    {
        "expected_loss": FrameColumn(pl.Float64(), "Expected loss in yuan; missing without a probability."),
        "expected_loss_fund": FrameColumn(pl.Float64(), "Part that the compensation fund bears, yuan."),
        "expected_loss_bank": FrameColumn(pl.Float64(), "Part that the bank bears, yuan."),
    }
)
LOSSES = tuple(EXPECTED_LOSS_SCHEMA.columns)


def fund_coverage(policy: CountyPolicy) -> tuple[pl.Expr, pl.Expr]:
    """Expressions over all open loans: `household_covered` and `covered_principal`, yuan.

    `household_covered` is the outstanding principal of the household's loans of products that the fund covers.
    `covered_principal` is each loan's share of it, which is cut in proportion where it exceeds the lending limit.
    """
    is_covered = pl.col("product").is_in(policy.fund.products).fill_null(False)
    principal = pl.when(is_covered).then(pl.col("outstanding_principal")).otherwise(0.0)
    household_principal = principal.sum().over("household_id")
    within = pl.when(household_principal > policy.lending.limit).then(
        principal * policy.lending.limit / household_principal
    )
    return household_principal.alias("household_covered"), within.otherwise(principal).round(2).alias(
        "covered_principal"
    )


@returns(EXPECTED_LOSS_SCHEMA)
def expected_loss(loans: pl.DataFrame, policy: CountyPolicy) -> pl.DataFrame:
    """Expected loss of each loan: probability x outstanding principal x the share lost where a loan goes bad.

    A loan that has gone bad has probability 1. The fund bears its share of the principal it covers, unless the loan's
    use is known to be diverted, which is no force majeure.

    Args:
        loans: all open loans of each household, with `household_id`, `probability` (missing without a model),
            `has_gone_bad`, `outstanding_principal` (yuan), `product`, `use_diverted`.
        policy: the county's policy: shares of the fund, its products, the lending limit.

    Returns:
        One row for each loan, in their order: `expected_loss`, `expected_loss_fund`, `expected_loss_bank`, yuan.

    Example:
        >>> from datetime import date
        >>> import polars as pl
        >>> from models.county_policy.policy_table import policy_table_of
        >>> from models.expected_loss import expected_loss
        >>> loan = {"household_id": "H1", "probability": 0.1, "has_gone_bad": False, "outstanding_principal": 20_000.0}
        >>> loans = pl.DataFrame([{**loan, "product": "microloan", "use_diverted": 0.0}])
        >>> policy = policy_table_of(data).in_force(date(2025, 12, 31))
        >>> whole, fund, bank = expected_loss(loans, policy).row(0)
        >>> 0 < whole <= 2_000, round(fund + bank, 2) == whole
        (True, True)
    """
    probability = pl.when("has_gone_bad").then(1.0).otherwise(pl.col("probability"))
    lost = probability * policy.fund.loss_given_bad
    whole = (lost * pl.col("outstanding_principal")).round(2)
    as_declared = pl.col("use_diverted").fill_null(0) == 0
    borne = (lost * pl.col("covered_principal") * policy.fund.share).round(2)
    by_fund = pl.when(whole.is_not_null()).then(pl.when(as_declared).then(borne).otherwise(0.0))
    amounts = (whole, by_fund, (whole - by_fund).round(2))
    named = (amount.alias(name) for name, amount in zip(LOSSES, amounts, strict=True))
    return loans.with_columns(fund_coverage(policy)).select(named)
