"""The company a loan is in: what is late in its village, township, bank and product, the loan itself left out."""

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
    *("outstanding_principal", "overdue_principal", "overdue_interest", "has_gone_bad"),
)
_LEAST_OTHERS = 5


@dataclass(frozen=True)
class Community:
    """For each village, township, bank and product of a county: open loans, outstanding and late, in fen.

    What a household alone cannot tell. By group: a frame of its members.
    whole: the loans that are looked at are in the totals; else they come to them as they are found.
    """

    totals: Mapping[str, pl.DataFrame]
    whole: bool = True

    def without(self, loans: pl.DataFrame) -> Community:
        """The others of some loans, in the groups that these are in."""
        theirs = _totals_of(loans)
        around = {
            group: totals.lazy().join(theirs[group], on=group, how="semi") for group, totals in self.totals.items()
        }
        left = {group: _summed([totals, _negative(theirs[group])], group) for group, totals in around.items()}
        return Community(_computed(left), whole=False)

    def joined_by(self, loans: pl.DataFrame) -> Community:
        """Whole again, with loans that were not in the totals."""
        theirs, here = _totals_of(loans), self.totals.items()
        return Community(_computed({group: _summed([totals.lazy(), theirs[group]], group) for group, totals in here}))


def community_of(loans: pl.DataFrame) -> Community:
    """Totals over open loans with the columns NEIGHBOURLY."""
    return Community(_computed(_totals_of(loans)))


def _computed(totals: Mapping[str, pl.LazyFrame]) -> dict[str, pl.DataFrame]:
    """All groups at once: of one household alone, beginning a query takes longer than the query."""
    return dict(zip(totals, pl.collect_all(totals.values(), engine="in-memory"), strict=True))


def _totals_of(loans: pl.DataFrame) -> dict[str, pl.LazyFrame]:
    opened = loans.lazy().select(NEIGHBOURLY).with_columns(_OWN)
    return {group: _totals(opened, group) for group in GROUPS}


def _totals(opened: pl.LazyFrame, group: str) -> pl.LazyFrame:
    members = opened.with_columns(GROUPS[group].alias(group)).drop_nulls(group).group_by(group)
    return members.agg(
        pl.len().cast(pl.Int64).alias(f"{group} loans"),
        pl.col("outstanding").sum().alias(f"{group} outstanding"),
        pl.col(_late(group)).sum().alias(f"{group} late"),
    ).sort(group)


def _negative(totals: pl.LazyFrame) -> pl.LazyFrame:
    return totals.with_columns(-pl.selectors.numeric())


def _summed(totals: list[pl.LazyFrame], group: str) -> pl.LazyFrame:
    return pl.concat(totals).group_by(group).agg(pl.selectors.numeric().sum()).sort(group)


def with_shares_of_others(loans: pl.LazyFrame, community: Community) -> pl.LazyFrame:
    """The open loans, each with the share of the others' outstanding principal that is late, in each group.

    Late is in arrears in the village, gone bad in the other groups. Missing under five others (contract, section 2,
    village_overdue_share).
    """
    found = loans.with_columns(_OWN)
    for group, told in GROUPS.items():
        totals = community.totals[group].lazy()
        found = found.join(totals, left_on=told, right_on=group, how="left", maintain_order="left")
    return found.with_columns(_SHARES)


def _late(group: str) -> str:
    """The column with what is late in a group.

    In the village what is in arrears, as the contract has it. In the others what has gone bad: interest falls due at
    the end of every quarter, and those who are then a few days late would move all neighbours with the calendar.
    """
    return "in_arrears" if group == "village_code" else "gone_bad"


def _own() -> tuple[pl.Expr, ...]:
    outstanding = (pl.col("outstanding_principal") * 100).round().cast(pl.Int64)
    in_arrears = (pl.col("overdue_principal") > 0) | (pl.col("overdue_interest") > 0)
    return (
        outstanding.alias("outstanding"),
        (outstanding * in_arrears.cast(pl.Int64)).alias("in_arrears"),
        (outstanding * pl.col("has_gone_bad").cast(pl.Int64)).alias("gone_bad"),
    )


def _share(group: str) -> pl.Expr:
    others = pl.col(f"{group} outstanding") - pl.col("outstanding")
    late = pl.col(f"{group} late") - pl.col(_late(group))
    enough = (pl.col(f"{group} loans") - 1 >= _LEAST_OTHERS) & (others > 0)
    return pl.when(enough).then(late / others).alias(f"{group}_share")


_OWN = _own()
_SHARES = [_share(group) for group in GROUPS]
