"""Month ends side by side: balances, arrears, lights and losses of every published month of a stretch."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from features.messages import Words
from models.group_light.evaluate_groups import Level, groups
from models.light import CODES, LIGHT_WORDS
from serving.months.repository import Month
from serving.portfolio.report_period import Scope
from serving.portfolio.report_tables import Table, count, on_day, share, yuan
from serving.portfolio.standing import ALL, loans_of

_NOTE = Words("仅列已发布的月末; 各月按当时公布的数据。", "Published month ends only, each as it was published.")


def trend(months: Sequence[Month], scope: Scope) -> Table:
    """A row a month end, oldest first; a month in which the scope has too few loans shows no rate."""
    rows = [_month_row(month, scope) for month in sorted(months, key=lambda month: month.as_of)]
    least = max((month.policy.groups.least_loans for month in months), default=0)
    return Table(
        "trend",
        "趋势 Trend",
        Words("逐月趋势", "Month by month"),
        _COLUMNS,
        pl.concat(rows) if rows else _month_frame(pl.DataFrame(schema=dict.fromkeys(_MADE, pl.Float64))),
        note=_NOTE,
        missing=Words(f"不足 {least} 笔, 不评", f"under {least} loans: too few to judge"),
    )


_MADE = (
    *("loans", "households", "balance", "overdue_balance", "overdue_share", "overdue_household_share"),
    *(f"{code}_loans" for code in CODES),
    "expected_loss",
)


def _month_row(month: Month, scope: Scope) -> pl.DataFrame:
    policy = month.policy.groups
    found = groups(loans_of(month, scope).with_columns(pl.lit(ALL).alias("county_code")), Level.COUNTY, policy)
    enough = pl.col("loans") >= policy.least_loans
    rates = (pl.when(enough).then(name).alias(name) for name in ("overdue_share", "overdue_household_share"))
    return _month_frame(found.with_columns(rates).select(_MADE)).with_columns(pl.lit(month.as_of).alias("as_of"))


def _month_frame(found: pl.DataFrame) -> pl.DataFrame:
    counts = ("loans", "households", *(f"{code}_loans" for code in CODES))
    return found.with_columns(
        pl.col(counts).cast(pl.Int64), pl.exclude(counts).cast(pl.Float64), pl.lit(None, pl.Date).alias("as_of")
    )


_COLUMNS = (
    on_day("as_of", "截至", "As of"),
    count("loans", "贷款笔数", "Loans"),
    count("households", "户数", "Households"),
    yuan("balance", "贷款余额", "Balance"),
    yuan("overdue_balance", "逾期贷款余额", "Overdue balance"),
    share("overdue_share", "逾期率 (金额)", "Overdue, by balance"),
    share("overdue_household_share", "逾期率 (户数)", "Overdue, by households"),
    *(
        count(f"{code}_loans", f"{LIGHT_WORDS[code].zh}笔数", f"{LIGHT_WORDS[code].en.capitalize()} loans")
        for code in reversed(CODES)
    ),
    yuan("expected_loss", "预期损失", "Expected loss"),
)
