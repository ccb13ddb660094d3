"""The tiles of the county board: one figure each, its change on the month before, and the loans behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from features.messages import Bilingual
from serving.months.edition import PublishedMonth
from serving.portfolio.board import DUE_SOON_DAYS, MonthTotals

_TEN_THOUSAND = 10_000


@dataclass(frozen=True)
class BoardTile:
    """One figure. value, change: as text; change is None where there is no month before to compare with.

    is_worse: whether the change is for the worse; None where it is neither. filters: of the work list that shows the
    loans; None where no list shows just these.
    """

    label: Bilingual
    value: Bilingual
    change: Bilingual | None
    is_worse: bool | None
    filters: Mapping[str, str] | None


def board_tiles(months: Sequence[MonthTotals]) -> list[BoardTile]:
    """The tiles of the newest of some months, the oldest first."""
    now, before = months[-1], months[-2] if len(months) > 1 else None

    def count_tile(zh: str, en: str, name: str, filters: Mapping[str, str]) -> BoardTile:
        value = now.loans[name] if name in now.loans else getattr(now, name)
        other = None if before is None else before.loans[name] if name in before.loans else getattr(before, name)
        text = f"{value:,}"
        change = None if other is None else value - other
        words = None if change is None else Bilingual(f"较上月 {change:+,}", f"{change:+,} on the month")
        is_worse = None if not change or name == "due_soon" else change > 0
        return BoardTile(Bilingual(zh, en), Bilingual(text, text), words, is_worse, filters)

    due_words = (f"{DUE_SOON_DAYS}天内到期（笔）", f"Due within {DUE_SOON_DAYS} days")
    return [
        balance_tile(now, before),
        count_tile("红灯（笔）", "Red loans", "red", {"light": "red"}),
        count_tile("黄灯（笔）", "Yellow loans", "yellow", {"light": "yellow"}),
        count_tile("已形成不良（笔）", "Bad loans", "bad", {"status": "bad"}),
        overdue_tile(now, before),
        count_tile(*due_words, "due_soon", {"due_within_days": str(DUE_SOON_DAYS)}),
    ]


def balance_tile(now: MonthTotals, before: MonthTotals | None) -> BoardTile:
    """What all loans together owe."""
    balance = sum(now.balance.values())
    change = None
    if before is not None:
        moved = balance - sum(before.balance.values())
        change = Bilingual(f"较上月 {moved / _TEN_THOUSAND:+,.1f}", f"{moved:+,.0f} on the month")
    value = Bilingual(f"{balance / _TEN_THOUSAND:,.1f}", f"{balance:,.0f}")
    label = Bilingual("贷款余额（万元）", "Outstanding (yuan)")
    return BoardTile(label, value, change, None, {"sort": "outstanding_principal"})


def overdue_tile(now: MonthTotals, before: MonthTotals | None) -> BoardTile:
    """The share of the balance that is in arrears."""
    share, change, is_worse = now.overdue_share, None, None
    if share is not None and before is not None and before.overdue_share is not None:
        points = round((share - before.overdue_share) * 100, 2)
        change = Bilingual(f"较上月 {points:+.2f} 个百分点", f"{points:+.2f} points on the month")
        is_worse = None if not points else points > 0
    text = "–" if share is None else f"{share:.2%}"
    return BoardTile(Bilingual("逾期率（金额）", "Overdue, by balance"), Bilingual(text, text), change, is_worse, None)


@lru_cache(maxsize=128)
def township_lit_shares(month: PublishedMonth) -> Mapping[str, float | None]:
    """By township, the share of its loans that are yellow or red; None where there are too few loans to judge."""
    is_lit = pl.col("light").cast(pl.String) != "green"
    by_township = (
        month.scan("warnings")
        .filter(pl.col("township_code").is_not_null())
        .group_by("township_code")
        .agg(pl.len().alias("loans"), is_lit.mean().alias("share"))
        .sort("township_code")
        .collect()
    )
    least = month.policy.groups.least_loans
    return {town: share if loans >= least else None for town, loans, share in by_township.rows()}
