"""Groups of open loans judged: overdue balance and households, with intervals, a light, and the common-cause signal."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import polars as pl

from models.county_policy.sections import Groups
from models.expected_loss import LOSSES
from models.group_light.intervals import at_least_by_chance, effective_size, wilson
from models.light import CODES


class Level(StrEnum):
    """What is compared with its like."""

    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"
    BANK = "bank"
    PRODUCT = "product"


CODE_OF: Mapping[Level, pl.Expr] = {
    Level.COUNTY: pl.col("county_code"),
    Level.TOWNSHIP: pl.col("township_code"),
    Level.VILLAGE: pl.col("village_code"),
    Level.BANK: pl.col("county_code") + "/" + pl.col("bank"),
    Level.PRODUCT: pl.col("county_code") + "/" + pl.col("product"),
}
"""Banks and products go by county: what is overdue elsewhere says nothing of the branch here."""
_EARLY = (Level.TOWNSHIP, Level.VILLAGE, Level.BANK, Level.PRODUCT)
"""Levels at which a common cause is looked for, all groups of all of them corrected together."""


def groups(loans: pl.DataFrame, level: Level, policy: Groups) -> pl.DataFrame:
    """One row a group, sorted by code.

    loans: open loans with their place, bank and product, `household_id`, `light`, `previous_light`,
    `outstanding_principal`, `overdue_principal`, `overdue_interest` and LOSSES, in yuan.

    loans, households, balance; overdue_balance: whole outstanding principal of loans in arrears; overdue_share of
    the balance and overdue_household_share, each with _low and _high of a 95% interval; green, yellow, red: loans
    of each light; light: null where there are too few loans to judge.
    """
    judged = _aggregated(loans, level).with_columns(
        _light(policy).alias("light"),
        *_ends("overdue_share", "effective"),
        *_ends("overdue_household_share", "households"),
    )
    return judged.drop("effective").sort("code")


def common_causes(loans: pl.DataFrame, policy: Groups) -> pl.DataFrame:
    """Groups in which more green loans lost their green than chance allows: `level`, `code`, counts, `chance`.

    was_green and lost_green of the group, expected at the rate of all. chance: of so many or more, had the same
    losses fallen on the green loans of the county at random, times the number of groups looked at (Bonferroni).
    """
    before = loans.filter(pl.col("previous_light") == "green").with_columns(
        (pl.col("light") != "green").alias("lost"), pl.col("county_code").alias("within")
    )
    found = pl.concat([_lost(before, level) for level in _EARLY])
    corrected = (pl.col("chance") * found.height).clip(0, 1)
    return found.with_columns(corrected).filter(pl.col("chance") <= policy.chance).sort("chance", "level", "code")


def _aggregated(loans: pl.DataFrame, level: Level) -> pl.DataFrame:
    balance = pl.col("outstanding_principal")
    late = (pl.col("overdue_principal") > 0) | (pl.col("overdue_interest") > 0)
    told = loans.with_columns(CODE_OF[level].alias("code")).filter(pl.col("code").is_not_null())
    return told.group_by("code").agg(
        pl.len().alias("loans"),
        pl.col("household_id").n_unique().alias("households"),
        balance.sum().round(2).alias("balance"),
        balance.filter(late).sum().round(2).alias("overdue_balance"),
        (balance.filter(late).sum() / balance.sum()).alias("overdue_share"),
        (pl.col("household_id").filter(late).n_unique() / pl.col("household_id").n_unique()).alias(
            "overdue_household_share"
        ),
        effective_size(balance).alias("effective"),
        *(_sum_of_known(name) for name in LOSSES),
        *((pl.col("light") == light).sum().alias(f"{light}_loans") for light in CODES),
    )


def _sum_of_known(yuan: str) -> pl.Expr:
    """Missing where a loan of the group has no figure: a part is not the sum."""
    return pl.when(pl.col(yuan).null_count() == 0).then(pl.col(yuan).sum().round(2)).alias(yuan)


def _ends(share: str, size: str) -> tuple[pl.Expr, pl.Expr]:
    low, high = wilson(pl.col(share), pl.col(size))
    return low.alias(f"{share}_low"), high.alias(f"{share}_high")


def _light(policy: Groups) -> pl.Expr:
    """Compared as money, not as a quotient: exactly 1% is not above 1%."""
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


def _lost(before: pl.DataFrame, level: Level) -> pl.DataFrame:
    counts = (pl.len().cast(pl.Int64).alias("was_green"), pl.col("lost").sum().cast(pl.Int64).alias("lost_green"))
    county = before.group_by("within").agg(
        pl.len().alias("green_in_county"), pl.col("lost").sum().alias("lost_in_county")
    )
    told = before.with_columns(CODE_OF[level].alias("code")).filter(pl.col("code").is_not_null())
    each = told.group_by("within", "code").agg(counts).join(county, on="within")
    chances = [
        at_least_by_chance(lost, green, lost_in_county, green_in_county)
        for green, lost, green_in_county, lost_in_county in each.select(
            "was_green", "lost_green", "green_in_county", "lost_in_county"
        ).iter_rows()
    ]
    rate = pl.col("lost_in_county") / pl.col("green_in_county")
    return each.select(
        pl.lit(level.value).alias("level"),
        "code",
        "was_green",
        "lost_green",
        (pl.col("was_green") * rate).alias("expected"),
        pl.Series("chance", chances, pl.Float64),
    )
