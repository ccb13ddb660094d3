"""Lights of groups of open loans: overdue shares with intervals, and the common-cause signal."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.snapshot.amounts import yuan_sum
from models.county_policy.sections import GroupBounds
from models.expected_loss import EXPECTED_LOSS_SCHEMA, LOSSES
from models.group_light.intervals import effective_size, hypergeometric_tail, wilson_interval
from models.light import CODES


class GroupLevel(StrEnum):
    """The groups of loans that are compared with each other."""

    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"
    BANK = "bank"
    PRODUCT = "product"


GROUP_CODES: Mapping[GroupLevel, pl.Expr] = {
    GroupLevel.COUNTY: pl.col("county_code"),
    GroupLevel.TOWNSHIP: pl.col("township_code"),
    GroupLevel.VILLAGE: pl.col("village_code"),
    GroupLevel.BANK: pl.col("county_code") + "/" + pl.col("bank"),
    GroupLevel.PRODUCT: pl.col("county_code") + "/" + pl.col("product"),
}
"""The code of each loan's group. Banks and products are grouped within a county: branches elsewhere differ."""
_COMMON_CAUSE_LEVELS = (GroupLevel.TOWNSHIP, GroupLevel.VILLAGE, GroupLevel.BANK, GroupLevel.PRODUCT)
"""Levels at which a common cause is tested for; the correction counts the groups of all of them."""
GROUPS_SCHEMA = FrameSchema(
    {
        "code": FrameColumn(pl.String(), "Code of the group (GROUP_CODES)."),
        "loans": FrameColumn(pl.UInt32(), "Open loans."),
        "households": FrameColumn(pl.UInt32(), "Households of these loans."),
        "balance": FrameColumn(pl.Float64(), "Outstanding principal, yuan."),
        "overdue_balance": FrameColumn(pl.Float64(), "Outstanding principal of the loans in arrears, yuan."),
        "overdue_share": FrameColumn(pl.Float64(), "Overdue balance / balance."),
        "overdue_household_share": FrameColumn(pl.Float64(), "Share of households with a loan in arrears."),
        **{
            loss: FrameColumn(pl.Float64(), f"{column.meaning} Sum; missing where that of any loan is.")
            for loss, column in EXPECTED_LOSS_SCHEMA.columns.items()
        },
        **{f"{light}_loans": FrameColumn(pl.UInt32(), f"Loans whose light is {light}.") for light in CODES},
        "light": FrameColumn(pl.String(), "The group's light; missing below the policy's least number of loans."),
        "overdue_share_low": FrameColumn(pl.Float64(), "Lower end of the share's 95% interval."),
        "overdue_share_high": FrameColumn(pl.Float64(), "Upper end of the share's 95% interval."),
        "overdue_household_share_low": FrameColumn(pl.Float64(), "Lower end of the household share's 95% interval."),
        "overdue_household_share_high": FrameColumn(pl.Float64(), "Upper end of the household share's 95% interval."),
    }
)
COMMON_CAUSES_SCHEMA = FrameSchema(
    {
        "level": FrameColumn(pl.String(), "Level of the group (GroupLevel)."),
        "code": FrameColumn(pl.String(), "Code of the group (GROUP_CODES)."),
        "was_green": FrameColumn(pl.Int64(), "Loans of the group that were green the month before."),
        "lost_green": FrameColumn(pl.Int64(), "Of these, loans that no longer are."),
        "expected": FrameColumn(pl.Float64(), "Loans that would have lost green at the county's rate."),
        "chance": FrameColumn(pl.Float64(), "Probability of so many or more by chance, Bonferroni-corrected."),
    }
)


@returns(GROUPS_SCHEMA)
def evaluate_groups(loans: pl.DataFrame, level: GroupLevel, policy: GroupBounds) -> pl.DataFrame:
    """Totals, overdue shares and the light of each group of loans.

    Args:
        loans: open loans with `county_code`, `township_code`, `village_code`, `bank`, `product`, `household_id`,
            `light`, `outstanding_principal`, `overdue_principal`, `overdue_interest` and LOSSES, in yuan.
        level: how loans are grouped; those without a code are left out.
        policy: the shares above which a group is yellow or red, and the least loans for a light.

    Returns:
        One row a group, sorted by code, with the columns of GROUPS_SCHEMA. 95% intervals are Wilson's, for balances
        with Kish's effective sample size.

    Example:
        >>> from datetime import date
        >>> import polars as pl
        >>> from models.county_policy.policy_table import policy_table_of
        >>> from models.group_light.evaluate_groups import GroupLevel, evaluate_groups
        >>> loan = {"county_code": "640323", "household_id": "H1", "light": "green", "outstanding_principal": 20_000.0}
        >>> arrears = {"overdue_principal": 0.0, "overdue_interest": 0.0}
        >>> losses = {"expected_loss": 80.0, "expected_loss_fund": 60.0, "expected_loss_bank": 20.0}
        >>> loans = pl.DataFrame([{**loan, **arrears, **losses}])
        >>> policy = policy_table_of(data).in_force(date(2025, 12, 31))
        >>> groups = evaluate_groups(loans, GroupLevel.COUNTY, policy.groups)
        >>> groups.select("code", "loans", "balance", "overdue_share").row(0)
        ('640323', 1, 20000.0, 0.0)
    """
    balance = pl.col("outstanding_principal")
    late = (pl.col("overdue_principal") > 0) | (pl.col("overdue_interest") > 0)
    coded_loans = loans.with_columns(GROUP_CODES[level].alias("code")).filter(pl.col("code").is_not_null())
    totals = coded_loans.group_by("code").agg(
        pl.len().alias("loans"),
        pl.col("household_id").n_unique().alias("households"),
        yuan_sum(balance).alias("balance"),
        yuan_sum(balance.filter(late)).alias("overdue_balance"),
        (yuan_sum(balance.filter(late)) / yuan_sum(balance)).alias("overdue_share"),
        (pl.col("household_id").filter(late).n_unique() / pl.col("household_id").n_unique()).alias(
            "overdue_household_share"
        ),
        effective_size(balance).alias("effective"),
        # missing where a loan has no figure: the sum of the others is not the group's
        *(pl.when(pl.col(name).null_count() == 0).then(yuan_sum(pl.col(name))).alias(name) for name in LOSSES),
        *((pl.col("light") == light).sum().alias(f"{light}_loans") for light in CODES),
    )
    group_rows = totals.with_columns(
        _light(policy).alias("light"),
        *_ends("overdue_share", "effective"),
        *_ends("overdue_household_share", "households"),
    )
    return group_rows.drop("effective").sort("code")


@returns(COMMON_CAUSES_SCHEMA)
def common_causes(loans: pl.DataFrame, policy: GroupBounds) -> pl.DataFrame:
    """Groups in which more loans turned from green to another light than chance explains, the least likely first.

    loans: as `evaluate_groups` takes them, with `previous_light`. The null hypothesis: the county's losses of green
    fall on its green loans at random (hypergeometric). Its probability is multiplied by the number of groups tested.
    """
    green_before = loans.filter(pl.col("previous_light") == "green").with_columns(
        (pl.col("light") != "green").alias("lost"), pl.col("county_code").alias("within")
    )
    candidates = pl.concat([_lost_green(green_before, level) for level in _COMMON_CAUSE_LEVELS])
    corrected = (pl.col("chance") * candidates.height).clip(0, 1)
    return candidates.with_columns(corrected).filter(pl.col("chance") <= policy.chance).sort("chance", "level", "code")


def _ends(share: str, size: str) -> tuple[pl.Expr, pl.Expr]:
    low, high = wilson_interval(pl.col(share), pl.col(size))
    return low.alias(f"{share}_low"), high.alias(f"{share}_high")


def _light(policy: GroupBounds) -> pl.Expr:
    """The light of a group; amounts are compared, not quotients, so that a share of exactly 1% is not above 1%."""
    late, balance = pl.col("overdue_balance"), pl.col("balance")
    above = {bound: late > (balance * bound).round(6) for bound in (policy.yellow_above, policy.red_above)}
    light = (
        pl.when(above[policy.red_above])
        .then(pl.lit("red"))
        .when(above[policy.yellow_above])
        .then(pl.lit("yellow"))
        .otherwise(pl.lit("green"))
    )
    return pl.when(pl.col("loans") >= policy.least_loans).then(light)


def _lost_green(green_before: pl.DataFrame, level: GroupLevel) -> pl.DataFrame:
    counts = (pl.len().cast(pl.Int64).alias("was_green"), pl.col("lost").sum().cast(pl.Int64).alias("lost_green"))
    county = green_before.group_by("within").agg(
        pl.len().alias("green_in_county"), pl.col("lost").sum().alias("lost_in_county")
    )
    coded_loans = green_before.with_columns(GROUP_CODES[level].alias("code")).filter(pl.col("code").is_not_null())
    groups = coded_loans.group_by("within", "code").agg(counts).join(county, on="within")
    chances = [
        hypergeometric_tail(lost, green, lost_in_county, green_in_county)
        for green, lost, green_in_county, lost_in_county in groups.select(
            "was_green", "lost_green", "green_in_county", "lost_in_county"
        ).iter_rows()
    ]
    rate = pl.col("lost_in_county") / pl.col("green_in_county")
    return groups.select(
        pl.lit(level.value).alias("level"),
        "code",
        "was_green",
        "lost_green",
        (pl.col("was_green") * rate).alias("expected"),
        pl.Series("chance", chances, pl.Float64),
    )
