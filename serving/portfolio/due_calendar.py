"""What falls due: counted by list and group, and loan by loan with the day by which the household is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import polars as pl

from features.messages import Words
from models.group_light.evaluate_groups import CODE_OF, Level
from models.light import LIGHT_WORDS
from serving.months.repository import Month
from serving.portfolio.report_tables import Column, Table, count, in_words, on_day, text, words, yuan
from serving.portfolio.standing import ALL, LEVELS, SHEETS, named

_DUE_NOTE = Words(
    "本金在截至日起所列天数内到期的未结贷款, 含当日, 不论灯色; 已过到期日的不在内。",
    "Open loans whose principal falls due within so many days of the day, that day included, whatever the light; "
    "those past maturity are not among them.",
)


def calendar(loans: pl.DataFrame, month: Month, level: Level, names: Mapping[str, str]) -> Table:
    """One row a group, by code, after the total; a pair of columns and the red loans for each list of the policy."""
    windows = sorted(month.policy.plans.lists_days_ahead)
    due = loans.filter(pl.col("days_to_maturity").is_between(0, windows[-1]))
    coded = due.with_columns(CODE_OF[level].alias("code")).filter(pl.col("code").is_not_null())
    whole = due.with_columns(pl.lit(ALL).alias("code"))
    found = pl.concat([_counted(whole, windows), _counted(coded, windows)])
    return Table(
        f"calendar_{level.value}",
        f"到期 Due {SHEETS[level]}",
        Words(f"到期日历: {LEVELS[level].zh}", f"Maturity calendar: {LEVELS[level].en.lower()}"),
        (
            text("code", "代码", "Code"),
            words("name", "名称", "Name"),
            *(column for days in windows for column in _window_columns(days)),
        ),
        named(found, level, names),
        note=_DUE_NOTE,
    )


def _counted(due: pl.DataFrame, windows: Sequence[int]) -> pl.DataFrame:
    return due.group_by("code").agg(cell for days in windows for cell in _window_cells(days)).sort("code")


def _window_cells(days: int) -> tuple[pl.Expr, ...]:
    mine = pl.col("days_to_maturity") <= days
    return (
        mine.sum().cast(pl.Int64).alias(f"within_{days}_loans"),
        pl.col("outstanding_principal").filter(mine).sum().round(2).alias(f"within_{days}_principal"),
        (mine & (pl.col("light") == "red")).sum().cast(pl.Int64).alias(f"within_{days}_red"),
    )


def _window_columns(days: int) -> tuple[Column, ...]:
    return (
        count(f"within_{days}_loans", f"{days}天内笔数", f"Within {days} days: loans"),
        yuan(f"within_{days}_principal", f"{days}天内本金", f"Within {days} days: principal"),
        count(f"within_{days}_red", f"{days}天内红灯", f"Within {days} days: red"),
    )


def due_list(loans: pl.DataFrame, month: Month, names: Mapping[str, str]) -> Table:
    """A row a loan that falls due within the longest list, the nearest first."""
    plans = month.policy.plans
    due = loans.filter(pl.col("days_to_maturity").is_between(0, max(plans.lists_days_ahead)))
    dated = due.with_columns(
        matures_on(month),
        (matures_on(month) - timedelta(days=plans.notice_days_ahead)).alias("notify_by"),
        *places(names),
        *in_words("light", "light", dict(LIGHT_WORDS)),
    )
    return Table(
        "due_list",
        "到期清单 Due list",
        Words("到期清单", "Loans that fall due"),
        _DUE_LIST,
        dated.sort("matures_on", "loan_id"),
        note=_DUE_NOTE,
    )


def matures_on(month: Month) -> pl.Expr:
    """The maturity in force of each loan."""
    return (pl.lit(month.as_of) + pl.duration(days=pl.col("days_to_maturity"))).cast(pl.Date).alias("matures_on")


def places(names: Mapping[str, str]) -> tuple[pl.Expr, pl.Expr]:
    """`township`, `village`: what the place of a loan is called, its code where it has no name."""
    return (
        pl.col("township_code").replace(names).alias("township"),
        pl.col("village_code").replace(names).alias("village"),
    )


_DUE_LIST = (
    on_day("matures_on", "到期日", "Matures on"),
    on_day("notify_by", "最迟通知日", "Tell by"),
    words("light", "灯", "Light"),
    text("bank", "银行", "Bank"),
    text("township", "乡镇", "Township"),
    text("village", "村", "Village"),
    text("household_id", "农户编号", "Household"),
    text("loan_id", "贷款编号", "Loan"),
    yuan("outstanding_principal", "未还本金", "Outstanding"),
)
