"""The items of the ratings 631 and 1531: the fact of each, the share of its points it earns, and the deductions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from features.credit import default_elsewhere
from features.declare import Feature
from features.household import civility_points, healthy_share, integrity_points, schooled_share, workers_per_head
from features.income import household_overdue_amount, income_per_head
from features.loan import use_diverted
from features.messages import Bilingual
from features.repayment import late_instalments_12m
from models.county_policy.rating_sections import Points

ShareOfPoints = Callable[[pl.Expr, Points], pl.Expr]


@dataclass(frozen=True)
class RatingItem:
    """One item of a rating.

    share: of the item's points that the fact's value earns; missing stays missing. explanation: how, with the names of
    the policy's numbers in braces.
    """

    code: str
    words: Bilingual
    fact: Feature
    share: ShareOfPoints
    explanation: str


@dataclass(frozen=True)
class Deduction:
    """A deduction from the points of integrity, at most what the earlier deductions leave of them.

    fact, combine_loans: the fact, and how its values over a household's open loans become one. share: of the points of
    integrity that the value takes off; at_most: the largest such share. explanation: when and how much, with the names
    of the policy's numbers in braces.
    """

    code: str
    words: Bilingual
    fact: Feature
    combine_loans: Callable[[pl.Expr], pl.Expr]
    share: ShareOfPoints
    at_most: Callable[[Points], float]
    explanation: str


def _of_100(points: pl.Expr, _: Points) -> pl.Expr:
    return points / 100


_IN_PROPORTION = "all from {%s:g} per head, in proportion below"
ITEMS: tuple[RatingItem, ...] = (
    RatingItem("civility", Bilingual("精神文明", "civility"), civility_points, _of_100, "points of 100"),
    RatingItem(
        "integrity",
        Bilingual("诚信度", "integrity"),
        integrity_points,
        _of_100,
        "points of 100, less what is taken off, not under 0",
    ),
    RatingItem(
        "income",
        Bilingual("家庭收入", "household income"),
        income_per_head,
        lambda per_head, points: (
            (per_head / points.monitoring_line - points.income_none_at)
            / (points.income_full_at - points.income_none_at)
        ),
        "nothing up to {income_none_at:g} times the monitoring line of {monitoring_line:,g} yuan, "
        "all from {income_full_at:g} times, a straight line between",
    ),
    RatingItem(
        "labour",
        Bilingual("劳动力", "labour"),
        workers_per_head,
        lambda share, points: share / points.workers_full_at,
        _IN_PROPORTION % "workers_full_at",
    ),
    RatingItem(
        "education",
        Bilingual("文化程度", "education"),
        schooled_share,
        lambda share, points: share / points.schooled_full_at,
        _IN_PROPORTION % "schooled_full_at",
    ),
    RatingItem("health", Bilingual("健康状况", "health"), healthy_share, lambda share, _: share, "in proportion"),
)
"""Housing is part of the notice's ratings, but in none of the county's tables: the other items share its points."""
DEDUCTIONS: tuple[Deduction, ...] = (
    Deduction(
        "late_instalments",
        Bilingual("近12个月逾期还款", "instalments paid late"),
        late_instalments_12m,
        lambda late: late.sum(),
        lambda late, points: (late * points.late_instalment).clip(upper_bound=points.late_at_most),
        lambda points: points.late_at_most,
        "{late_instalment:.0%} each, at most {late_at_most:.0%}",
    ),
    Deduction(
        "open_arrears",
        Bilingual("当前有拖欠", "in arrears"),
        household_overdue_amount,
        lambda yuan: yuan.max(),
        lambda yuan, points: (yuan > 0).cast(pl.Float64) * points.open_arrears,
        lambda points: points.open_arrears,
        "{open_arrears:.0%} while there are any",
    ),
    Deduction(
        "diverted_use",
        Bilingual("贷款挪用未纠正", "use diverted"),
        use_diverted,
        lambda diverted: diverted.max(),
        lambda diverted, points: diverted * points.diverted_use,
        lambda points: points.diverted_use,
        "{diverted_use:.0%} until it is put right",
    ),
    Deduction(
        "default_elsewhere",
        Bilingual("他行违约未结", "default elsewhere"),
        default_elsewhere,
        lambda default: default.max(),
        lambda default, points: (default > 0).cast(pl.Float64) * points.default_elsewhere,
        lambda points: points.default_elsewhere,
        "{default_elsewhere:.0%} while it is open",
    ),
)
