"""Peer statistics: how much is late among the other loans of a loan's village, township, bank and product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.variant_tables import COUNTY_DIGITS

_IN_COUNTY = pl.col("county_code") + "/"
PEER_GROUPS: Mapping[str, pl.Expr] = {
    "village_code": pl.col("village_code"),
    "township_code": pl.col("township_code"),
    "bank": _IN_COUNTY + pl.col("bank"),
    "product": _IN_COUNTY + pl.col("product"),
}
"""The groups and what identifies one: a bank or a product is compared within its county alone."""
PEER_COLUMNS = (
    *("county_code", "township_code", "village_code", "bank", "product"),
    *("outstanding_principal", "overdue_principal", "overdue_interest", "has_gone_bad"),
    "days_since_bank_payments",
)
"""Columns of the loans that the statistics are made of."""
PEER_SHARES_SCHEMA = FrameSchema(
    {
        f"{group}_share": FrameColumn(pl.Float64(), f"Share of the others' outstanding principal late, by {group}.")
        for group in PEER_GROUPS
    },
    extra="The columns of the loans, the totals of their groups, in fen, and the days since the bank's payments came.",
)
_BANK_PAYMENTS = "bank payments"
"""Column of the days since the newest payment of a bank became known; of the group `bank` alone."""
_LEAST_OTHERS = 5
"""Fewest other loans of which a share is given (contract, section 2, village_overdue_share)."""
_SUMMED = pl.selectors.integer()
_OUTSTANDING = (pl.col("outstanding_principal") * 100).round().cast(pl.Int64)
_IN_ARREARS = (pl.col("overdue_principal") > 0) | (pl.col("overdue_interest") > 0)
_OWN = (
    _OUTSTANDING.alias("outstanding"),
    (_OUTSTANDING * _IN_ARREARS.cast(pl.Int64)).alias("in_arrears"),
    (_OUTSTANDING * pl.col("has_gone_bad").cast(pl.Int64)).alias("gone_bad"),
)


def _late_column(group: str) -> str:
    """The column with what is late in a group: arrears in the village, principal gone bad in the others.

    The contract has arrears for the village. In the larger groups they would move all neighbours with the calendar:
    interest falls due at the end of every quarter, and some are a few days late then.
    """
    return "in_arrears" if group == "village_code" else "gone_bad"


def _share(group: str) -> pl.Expr:
    outstanding = pl.col(f"{group} outstanding") - pl.col("outstanding")
    late = pl.col(f"{group} late") - pl.col(_late_column(group))
    enough = (pl.col(f"{group} loans") - 1 >= _LEAST_OTHERS) & (outstanding > 0)
    return pl.when(enough).then(late / outstanding).alias(f"{group}_share")


_SHARES = [_share(group) for group in PEER_GROUPS]


@dataclass(frozen=True)
class PeerStatistics:
    """Totals of the open loans of each village, township, bank and product; a household's own rows lack them.

    totals: by group, a frame with one row for each of its members: `<group>`, `<group> loans`, `<group> outstanding`
    and `<group> late`, the last two in fen; for a bank also the days since its payments came. includes_own: whether
    the loans whose features are computed are counted in the totals; where they are not, `with_loans` adds them.
    """

    totals: Mapping[str, pl.DataFrame]
    includes_own: bool = True

    def without(self, loans: pl.DataFrame) -> PeerStatistics:
        """The statistics less these loans, for the groups they are in. loans: with PEER_COLUMNS."""
        theirs = _totals_of(loans)
        remaining = {}
        for group, totals in self.totals.items():
            in_group = totals.lazy().join(theirs[group], on=group, how="semi")
            negative = theirs[group].with_columns(-_SUMMED)
            if group == "bank":  # when the bank's payments came is no sum: it stays what it was
                negative = negative.with_columns(pl.lit(None, pl.Float64).alias(_BANK_PAYMENTS))
            remaining[group] = _sum_by_group([in_group, negative], group)
        return PeerStatistics(_collect_all(remaining), includes_own=False)

    def with_bank_payments(self, bank_payments: pl.DataFrame) -> PeerStatistics:
        """The statistics with the days since the payments of banks came, of banks without an open loan, too.

        bank_payments: in the columns of BANK_PAYMENTS_SCHEMA, a bank several times where several blocks know of it.
        """
        days = bank_payments.select(
            _IN_COUNTY.add(pl.col("bank")).alias("bank"),
            *(pl.lit(0, pl.Int64).alias(f"bank {total}") for total in ("loans", "outstanding", "late")),
            pl.col("days_since_bank_payments").alias(_BANK_PAYMENTS),
        )
        banks = _sum_by_group([self.totals["bank"].lazy(), days.drop_nulls("bank").lazy()], "bank").collect()
        return PeerStatistics({**self.totals, "bank": banks}, self.includes_own)

    def copied_to(self, counties: Sequence[str]) -> PeerStatistics:
        """The same groups in each of these counties, whose codes of six characters stand in the place of their own."""
        codes = pl.LazyFrame({"code": counties})
        copies = {
            group: totals.lazy()
            .join(codes, how="cross")
            .with_columns((pl.col("code") + pl.col(group).str.slice(COUNTY_DIGITS)).alias(group))
            .drop("code")
            for group, totals in self.totals.items()
        }
        return PeerStatistics(_collect_all(copies), self.includes_own)

    def with_loans(self, loans: pl.DataFrame) -> PeerStatistics:
        """The statistics with these loans, which were not counted in them. loans: with PEER_COLUMNS."""
        theirs = _totals_of(loans)
        sums = {group: _sum_by_group([totals.lazy(), theirs[group]], group) for group, totals in self.totals.items()}
        return PeerStatistics(_collect_all(sums))


def peer_statistics(loans: pl.DataFrame) -> PeerStatistics:
    """The statistics of open loans. loans: with PEER_COLUMNS."""
    return PeerStatistics(_collect_all(_totals_of(loans)))


def _collect_all(totals: Mapping[str, pl.LazyFrame]) -> dict[str, pl.DataFrame]:
    """Collects all groups at once: for a single household, starting a query takes longer than the query."""
    return dict(zip(totals, pl.collect_all(totals.values(), engine="in-memory"), strict=True))


def _totals_of(loans: pl.DataFrame) -> dict[str, pl.LazyFrame]:
    own = loans.lazy().select(PEER_COLUMNS).with_columns(_OWN)
    totals = {}
    for group, identity in PEER_GROUPS.items():
        by_group = own.with_columns(identity.alias(group)).drop_nulls(group).group_by(group)
        sums = by_group.agg(
            pl.len().cast(pl.Int64).alias(f"{group} loans"),
            pl.col("outstanding").sum().alias(f"{group} outstanding"),
            pl.col(_late_column(group)).sum().alias(f"{group} late"),
            *((pl.col("days_since_bank_payments").min().alias(_BANK_PAYMENTS),) if group == "bank" else ()),
        )
        totals[group] = sums.sort(group)
    return totals


def _sum_by_group(totals: list[pl.LazyFrame], group: str) -> pl.LazyFrame:
    newest = (pl.col(_BANK_PAYMENTS).min(),) if group == "bank" else ()
    return pl.concat(totals).group_by(group).agg(_SUMMED.sum(), *newest).sort(group)


@returns(PEER_SHARES_SCHEMA)
def with_peer_shares(loans: pl.LazyFrame, peers: PeerStatistics) -> pl.LazyFrame:
    """The open loans with the share of the other loans' outstanding principal that is late, for each group.

    Late means in arrears in the village, gone bad in the other groups. Null with fewer than five other loans.
    """
    with_totals = loans.with_columns(_OWN)
    for group, identity in PEER_GROUPS.items():
        totals = peers.totals[group].lazy()
        with_totals = with_totals.join(totals, left_on=identity, right_on=group, how="left", maintain_order="left")
    return with_totals.with_columns(_SHARES).with_columns(
        pl.min_horizontal("days_since_bank_payments", _BANK_PAYMENTS).alias("days_since_bank_payments")
    )
