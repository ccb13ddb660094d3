"""The company a loan is in: arrears of its village, township, bank and product, the loan itself left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

_IN_COUNTY = pl.col("county_code") + "/"
GROUPS: Mapping[str, pl.Expr] = {
    "village_code": pl.col("village_code"),
    "township_code": pl.col("township_code"),
    "bank": _IN_COUNTY + pl.col("bank"),
    "product": _IN_COUNTY + pl.col("product"),
}
"""How each group is told: a bank and a product are looked at within the county, so that counties stand alone."""
NEIGHBOURLY = (
    *("county_code", "township_code", "village_code", "bank", "product"),
    *("outstanding_principal", "overdue_principal", "overdue_interest"),
)
_LEAST_OTHERS = 5
TOTALS_SCHEMA = {
    "group": pl.String(),
    "code": pl.String(),
    "loans": pl.Int64(),
    "outstanding": pl.Int64(),
    "in_arrears": pl.Int64(),
}


@dataclass(frozen=True)
class Community:
    """For each village, township, bank and product of a county: open loans, outstanding and in arrears, in fen.

    What a household alone cannot tell; its own loans are in the totals.
    """

    totals: pl.DataFrame


def community_of(loans: pl.DataFrame) -> Community:
    """Totals over open loans with the columns NEIGHBOURLY."""
    opened = loans.select(NEIGHBOURLY).with_columns(*_fen())
    parts = [
        opened.with_columns(told.alias("code"))
        .filter(pl.col("code").is_not_null())
        .group_by("code")
        .agg(pl.len().cast(pl.Int64).alias("loans"), pl.col("outstanding").sum(), pl.col("in_arrears").sum())
        .with_columns(pl.lit(group).alias("group"))
        .select(list(TOTALS_SCHEMA))
        for group, told in GROUPS.items()
    ]
    return Community(pl.concat(parts).sort("group", "code"))


def shares_of_others(loans: pl.DataFrame, community: Community) -> pl.DataFrame:
    """For each open loan, as they come, the share of the others' outstanding principal in arrears, in each group.

    Missing under five others (contract, section 2, village_overdue_share).
    """
    opened = loans.select(NEIGHBOURLY).with_columns(*_fen())
    for group, told in GROUPS.items():
        totals = community.totals.filter(pl.col("group") == group).select("code", *_renamed(group))
        opened = opened.with_columns(told.alias("code")).join(totals, on="code", how="left", maintain_order="left")
    shares: Mapping[str, pl.Expr] = {f"{group}_share": _share(group) for group in GROUPS}
    return opened.select(**shares)


def _fen() -> tuple[pl.Expr, pl.Expr]:
    outstanding = (pl.col("outstanding_principal") * 100).round().cast(pl.Int64)
    late = (pl.col("overdue_principal") > 0) | (pl.col("overdue_interest") > 0)
    return outstanding.alias("outstanding"), (outstanding * late.cast(pl.Int64)).alias("in_arrears")


def _renamed(group: str) -> list[pl.Expr]:
    return [pl.col(name).alias(f"{group} {name}") for name in ("loans", "outstanding", "in_arrears")]


def _share(group: str) -> pl.Expr:
    others = pl.col(f"{group} outstanding") - pl.col("outstanding")
    late = pl.col(f"{group} in_arrears") - pl.col("in_arrears")
    enough = (pl.col(f"{group} loans") - 1 >= _LEAST_OTHERS) & (others > 0)
    return pl.when(enough).then(late / others)
