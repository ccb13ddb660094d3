"""Loans that fall due: counted by group, and listed with the day by which the household is notified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import polars as pl

from features.messages import Bilingual
from features.snapshot.amounts import yuan_sum
from models.group_light.evaluate_groups import GROUP_CODES, GroupLevel
from models.light import LIGHT_WORDS
from serving.months.edition import PublishedMonth
from serving.portfolio.report_tables import ReportTable, code_word_columns, count, day, text, words, yuan
from serving.portfolio.standing import ALL_GROUPS, LEVEL_SHEETS, LEVEL_WORDS, with_names

_DUE_NOTE = Bilingual(
    "本金在截至日起所列天数内到期的未结贷款，含当日，不论灯色；已过到期日的不在内。",
    "Open loans whose principal falls due within so many days of the day, that day included, whatever the light; "
    "those past maturity are not among them.",
)
_DUE_LIST_COLUMNS = (
    day("matures_on", "到期日", "Matures on"),
    day("notify_by", "最迟通知日", "Tell by"),
    words("light", "灯", "Light"),
    text("bank", "银行", "Bank"),
    text("township", "乡镇", "Township"),
    text("village", "村", "Village"),
    text("household_id", "农户编号", "Household"),
    text("loan_id", "贷款编号", "Loan"),
    yuan("outstanding_principal", "未还本金", "Outstanding"),
)


def due_calendar_table(
    loans: pl.DataFrame, month: PublishedMonth, level: GroupLevel, place_names: Mapping[str, str]
) -> ReportTable:
    """Loans that fall due within each of the policy's windows: the total, then one row a group, sorted by code.

    loans: as `scope_loans` returns them. place_names: by code. For each window the table has the loans, their
    principal (yuan) and how many are red.
    """
    windows = sorted(month.policy.plans.lists_days_ahead)
    due = loans.filter(pl.col("days_to_maturity").is_between(0, windows[-1]))
    coded = due.with_columns(GROUP_CODES[level].alias("code")).filter(pl.col("code").is_not_null())
    total = _group_totals(due.with_columns(pl.lit(ALL_GROUPS).alias("code")), windows)
    columns = [text("code", "代码", "Code"), words("name", "名称", "Name")]
    for days in windows:
        columns += [
            count(f"within_{days}_loans", f"{days}天内笔数", f"Within {days} days: loans"),
            yuan(f"within_{days}_principal", f"{days}天内本金", f"Within {days} days: principal"),
            count(f"within_{days}_red", f"{days}天内红灯", f"Within {days} days: red"),
        ]
    return ReportTable(
        f"calendar_{level.value}",
        Bilingual(f"到期 {LEVEL_SHEETS[level].zh}", f"Due {LEVEL_SHEETS[level].en.lower()}"),
        Bilingual(f"到期日历：{LEVEL_WORDS[level].zh}", f"Maturity calendar: {LEVEL_WORDS[level].en.lower()}"),
        tuple(columns),
        with_names(pl.concat([total, _group_totals(coded, windows)]), level, place_names),
        note=_DUE_NOTE,
    )


def _group_totals(due: pl.DataFrame, windows: Sequence[int]) -> pl.DataFrame:
    totals = []
    for days in windows:
        is_within = pl.col("days_to_maturity") <= days
        totals += [
            is_within.sum().cast(pl.Int64).alias(f"within_{days}_loans"),
            yuan_sum(pl.col("outstanding_principal").filter(is_within)).alias(f"within_{days}_principal"),
            (is_within & (pl.col("light") == "red")).sum().cast(pl.Int64).alias(f"within_{days}_red"),
        ]
    return due.group_by("code").agg(totals).sort("code")


def due_list_table(loans: pl.DataFrame, month: PublishedMonth, place_names: Mapping[str, str]) -> ReportTable:
    """The loans that fall due within the policy's longest window, the nearest first.

    loans: as `scope_loans` returns them. place_names: by code.
    """
    plans = month.policy.plans
    due = loans.filter(pl.col("days_to_maturity").is_between(0, max(plans.lists_days_ahead)))
    dated = due.with_columns(
        maturity_day(month),
        (maturity_day(month) - timedelta(days=plans.notice_days_ahead)).alias("notify_by"),
        *place_name_columns(place_names),
        *code_word_columns("light", "light", dict(LIGHT_WORDS)),
    )
    return ReportTable(
        "due_list",
        Bilingual("到期清单", "Due list"),
        Bilingual("到期清单", "Loans that fall due"),
        _DUE_LIST_COLUMNS,
        dated.sort("matures_on", "loan_id"),
        note=_DUE_NOTE,
    )


def maturity_day(month: PublishedMonth) -> pl.Expr:
    """`matures_on`: each loan's maturity in force, from the month's `days_to_maturity`."""
    return (pl.lit(month.as_of) + pl.duration(days=pl.col("days_to_maturity"))).cast(pl.Date).alias("matures_on")


def place_name_columns(place_names: Mapping[str, str]) -> tuple[pl.Expr, pl.Expr]:
    """`township` and `village`: the names of a loan's places; their codes where they have no name."""
    return (
        pl.col("township_code").replace(place_names).alias("township"),
        pl.col("village_code").replace(place_names).alias("village"),
    )
