"""Trend over published month ends: balances, arrears, lights and expected losses."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from features.messages import Bilingual
from models.group_light.evaluate_groups import GroupLevel, evaluate_groups
from models.light import CODES, LIGHT_WORDS
from serving.months.edition import PublishedMonth
from serving.portfolio.report_period import ReportScope
from serving.portfolio.report_tables import ReportTable, count, day, share, yuan
from serving.portfolio.standing import ALL_GROUPS, scope_loans

_NOTE = Bilingual("仅列已发布的月末；各月按当时公布的数据。", "Published month ends only, each as it was published.")
_COUNTS = ("loans", "households", *(f"{code}_loans" for code in CODES))
_RATES = ("overdue_share", "overdue_household_share", "lit_share")
_FRAME_COLUMNS = (
    *("loans", "households", "balance", "overdue_balance", *_RATES),
    *(f"{code}_loans" for code in CODES),
    "expected_loss",
)
_COLUMNS = (
    day("as_of", "截至", "As of"),
    count("loans", "贷款笔数", "Loans"),
    count("households", "户数", "Households"),
    yuan("balance", "贷款余额", "Balance"),
    yuan("overdue_balance", "逾期贷款余额", "Overdue balance"),
    share("overdue_share", "逾期率（金额）", "Overdue, by balance"),
    share("overdue_household_share", "逾期率（户数）", "Overdue, by households"),
    share("lit_share", "亮灯占比", "Share lit"),
    *(
        count(f"{code}_loans", f"{LIGHT_WORDS[code].zh}笔数", f"{LIGHT_WORDS[code].en.capitalize()} loans")
        for code in reversed(CODES)
    ),
    yuan("expected_loss", "预期损失", "Expected loss"),
)


def trend_table(months: Sequence[PublishedMonth], scope: ReportScope) -> ReportTable:
    """One row a month end, the oldest first; a month in which the scope has too few loans has no rate."""
    rows = []
    for month in sorted(months, key=lambda month: month.as_of):
        policy = month.policy.groups
        as_one_group = scope_loans(month, scope).with_columns(pl.lit(ALL_GROUPS).alias("county_code"))
        totals = evaluate_groups(as_one_group, GroupLevel.COUNTY, policy).with_columns(
            ((pl.col("red_loans") + pl.col("yellow_loans")) / pl.col("loans")).alias("lit_share")
        )
        enough = pl.col("loans") >= policy.least_loans
        shown = totals.with_columns(pl.when(enough).then(name).alias(name) for name in _RATES).select(_FRAME_COLUMNS)
        rows.append(_as_month_frame(shown).with_columns(pl.lit(month.as_of).alias("as_of")))
    least = max((month.policy.groups.least_loans for month in months), default=0)
    no_months = pl.DataFrame(schema=dict.fromkeys(_FRAME_COLUMNS, pl.Float64))
    return ReportTable(
        "trend",
        Bilingual("趋势", "Trend"),
        Bilingual("逐月趋势", "Month by month"),
        _COLUMNS,
        pl.concat(rows) if rows else _as_month_frame(no_months),
        note=Bilingual(
            f"{_NOTE.zh}空白为不足 {least} 笔，不评。", f"{_NOTE.en} Blank: under {least} loans, not judged."
        ),
        missing=Bilingual("", ""),
    )


def _as_month_frame(totals: pl.DataFrame) -> pl.DataFrame:
    """The totals in the types of the table, with an empty `as_of`."""
    return totals.with_columns(
        pl.col(_COUNTS).cast(pl.Int64), pl.exclude(_COUNTS).cast(pl.Float64), pl.lit(None, pl.Date).alias("as_of")
    )
