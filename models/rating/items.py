"""The items of the ratings 631 and 1531: which fact earns how much of its points, and what is taken off integrity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from features.credit import default_elsewhere
from features.declare import Feature
from features.household import civility_points, healthy_share, integrity_points, schooled_share, workers_per_head
from features.income import household_overdue_amount, income_per_head
from features.loan import use_diverted
from features.messages import Words
from features.repayment import late_instalments_12m
from models.county_policy.rating_sections import Points

Earned = Callable[[pl.Expr, Points], pl.Expr]


@dataclass(frozen=True)
class Item:
    """One line of a rating. share: of the item's points that the fact's value earns; missing stays missing.

    said: how, with the numbers of the policy table in braces.
    """

    code: str
    words: Words
    fact: Feature
    share: Earned
    said: str


@dataclass(frozen=True)
class Deduction:
    """A line that takes points off integrity, never more than are left.

    fact: of the household, over all its open loans as `of_household` puts them together.
    share: of the points of integrity that its value takes off; at_most: and how much that can be.
    said: when and how much, with numbers in braces.
    """

    code: str
    words: Words
    fact: Feature
    of_household: Callable[[pl.Expr], pl.Expr]
    share: Earned
    at_most: Callable[[Points], float]
    said: str


def _of_100(points: pl.Expr, _: Points) -> pl.Expr:
    return points / 100


def _income(per_head: pl.Expr, points: Points) -> pl.Expr:
    """Nothing up to one multiple of the monitoring line, all from another on, a straight line between."""
    none, full = points.income_none_at, points.income_full_at
    return (per_head / points.monitoring_line - none) / (full - none)


_IN_PROPORTION = "all from {%s:g} per head, in proportion below"
ITEMS: tuple[Item, ...] = (
    Item("civility", Words("精神文明", "civility"), civility_points, _of_100, "points of 100"),
    Item(
        "integrity",
        Words("诚信度", "integrity"),
        integrity_points,
        _of_100,
        "points of 100, less what is taken off, not under 0",
    ),
    Item(
        "income",
        Words("家庭收入", "household income"),
        income_per_head,
        _income,
        "nothing up to {income_none_at:g} times the monitoring line of {monitoring_line:,g} yuan, "
        "all from {income_full_at:g} times, a straight line between",
    ),
    Item(
        "labour",
        Words("劳动力", "labour"),
        workers_per_head,
        lambda share, points: share / points.workers_full_at,
        _IN_PROPORTION % "workers_full_at",
    ),
    Item(
        "education",
        Words("文化程度", "education"),
        schooled_share,
        lambda share, points: share / points.schooled_full_at,
        _IN_PROPORTION % "schooled_full_at",
    ),
    Item("health", Words("健康状况", "health"), healthy_share, lambda share, _: share, "in proportion"),
)
"""Housing belongs to the basic situation, too, but is in none of the county's tables: the others share its points."""
DEDUCTIONS: tuple[Deduction, ...] = (
    Deduction(
        "late_instalments",
        Words("近12个月逾期还款", "instalments paid late"),
        late_instalments_12m,
        lambda late: late.sum(),
        lambda late, points: (late * points.late_instalment).clip(upper_bound=points.late_at_most),
        lambda points: points.late_at_most,
        "{late_instalment:.0%} each, at most {late_at_most:.0%}",
    ),
    Deduction(
        "open_arrears",
        Words("当前有拖欠", "in arrears"),
        household_overdue_amount,
        lambda yuan: yuan.max(),
        lambda yuan, points: (yuan > 0).cast(pl.Float64) * points.open_arrears,
        lambda points: points.open_arrears,
        "{open_arrears:.0%} while there are any",
    ),
    Deduction(
        "diverted_use",
        Words("贷款挪用未纠正", "use diverted"),
        use_diverted,
        lambda diverted: diverted.max(),
        lambda diverted, points: diverted * points.diverted_use,
        lambda points: points.diverted_use,
        "{diverted_use:.0%} until it is put right",
    ),
    Deduction(
        "default_elsewhere",
        Words("他行违约未结", "default elsewhere"),
        default_elsewhere,
        lambda default: default.max(),
        lambda default, points: (default > 0).cast(pl.Float64) * points.default_elsewhere,
        lambda points: points.default_elsewhere,
        "{default_elsewhere:.0%} while it is open",
    ),
)
