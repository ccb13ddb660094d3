"""Expected loss of each loan in yuan, split between the compensation fund and the bank."""

from __future__ import annotations

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.county_policy.contract_terms import ContractTerms
from models.fund_curves import FundCurves

EXPECTED_LOSS_SCHEMA = FrameSchema(
    {
        "expected_loss": FrameColumn(pl.Float64(), "Expected loss in yuan; missing without a probability."),
        "expected_loss_fund": FrameColumn(pl.Float64(), "Part that the compensation fund bears, yuan."),
        "expected_loss_bank": FrameColumn(pl.Float64(), "Part that the bank bears, yuan."),
    }
)
LOSSES = tuple(EXPECTED_LOSS_SCHEMA.columns)
AS_DECLARED = pl.col("use_diverted").fill_null(0) == 0
"""Whether a loan's use is not known to be diverted."""


@returns(EXPECTED_LOSS_SCHEMA)
def expected_loss(loans: pl.DataFrame, terms: ContractTerms, curves: FundCurves) -> pl.DataFrame:
    """Expected loss of each loan: chance of reaching the fund's term unpaid x principal x the share lost after it.

    That chance is the probability of going bad x the roll of a loan that has just gone bad; of a bad loan the roll
    since its bad_since alone. The fund bears of the principal it covers, by the limit in force when the loan was
    granted (`ContractTerms.covered_principal`), the share of loans it pays for x the share it
    pays (`models.fund_curves`); nothing where the loan's use is known to be diverted, which is no force majeure.

    Args:
        loans: all open loans of each household, with `household_id`, `probability` (missing without a model),
            `has_gone_bad`, `bad_since`, `outstanding_principal` (yuan), `product`, `originated_on` (missing: the newest
            terms), `use_diverted`.
        terms: what binds the loans by the day each was granted.
        curves: what becomes of bad loans in the county; their policy names the fund's products.

    Returns:
        One row for each loan, in their order: `expected_loss`, `expected_loss_fund`, `expected_loss_bank`, yuan.

    Example:
        >>> from datetime import date
        >>> import polars as pl
        >>> from models.county_policy.policy_table import policy_table_of
        >>> from models.expected_loss import expected_loss
        >>> from models.fund_curves import FundCurves, no_fund_history
        >>> loan = {"household_id": "H1", "probability": 0.1, "has_gone_bad": False, "outstanding_principal": 20_000.0}
        >>> loan |= {"product": "microloan", "use_diverted": 0.0, "bad_since": None}
        >>> loan |= {"originated_on": date(2024, 3, 1)}
        >>> day, policies = date(2025, 12, 31), policy_table_of(data)
        >>> fund_policy = policies.in_force(day).fund
        >>> curves = FundCurves(no_fund_history(day, fund_policy, 30), fund_policy)
        >>> whole, fund, bank = expected_loss(pl.DataFrame([loan]), policies.contract_terms(day), curves).row(0)
        >>> 0 < whole <= 2_000, round(fund + bank, 2) == whole
        (True, True)
    """
    probability = pl.col("probability") * curves.roll_from_start
    reaching = pl.when("has_gone_bad").then(curves.roll_after(days_bad(curves))).otherwise(probability)
    whole = (reaching * pl.col("outstanding_principal") * curves.lost_finally).round(2)
    by_fund_of_covered = reaching * curves.paid_finally.value * curves.paid_share.value
    borne = (by_fund_of_covered * pl.col("covered_principal")).round(2)
    by_fund = pl.when(whole.is_not_null()).then(pl.when(AS_DECLARED).then(borne).otherwise(0.0))
    amounts = (whole, by_fund, (whole - by_fund).round(2))
    named = (amount.alias(name) for name, amount in zip(LOSSES, amounts, strict=True))
    return terms.covered_principal(loans, curves.policy.products).select(named)


def days_bad(curves: FundCurves) -> pl.Expr:
    """Days from `bad_since` to the day of the curves."""
    since = pl.col("bad_since").cast(pl.Date)
    return (pl.lit(curves.history.as_of).str.to_date() - since).dt.total_days()
