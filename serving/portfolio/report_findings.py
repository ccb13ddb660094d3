"""The findings of a report in sentences, each from a table of the same report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from features.messages import Bilingual
from models.group_light.evaluate_groups import GroupLevel
from serving.portfolio.report_tables import ReportTable

_NAMED = 3
"""Groups that a sentence names."""
_TEN_THOUSAND = 10_000
_LEVEL_NOUNS = {
    GroupLevel.BANK: Bilingual("银行", "bank"),
    GroupLevel.TOWNSHIP: Bilingual("乡镇", "township"),
}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class FindingSources:
    """What the sentences are made of.

    as_of: the month end. now: a row of RATES_SCHEMA for all loans; before: that of the period before, with its day.
    ranking, flows, calendar: the report's tables, the latter two with the total first. moves: a row of
    MIGRATION_TOTALS_SCHEMA, with the day it begins. fund: expected payments of the next twelve months and their 90%
    interval, yuan; None for a part of the county, whose share the fund does not know. flows and calendar are None
    where nothing moved or falls due.
    """

    as_of: date
    now: Row
    before: tuple[date, Row] | None
    ranking: Mapping[GroupLevel, ReportTable]
    flows: Row | None
    calendar: Row | None
    windows: Sequence[int]
    moves: tuple[date, Row] | None
    fund: tuple[float, float, float] | None


def report_findings(sources: FindingSources) -> list[Bilingual]:
    """The sentences, the whole first."""
    return [
        balance_sentence(sources),
        lights_sentence(sources.now),
        *arrears_sentences(sources),
        *(sentence for level in sources.ranking for sentence in highest_sentences(sources.ranking[level], level)),
        *([movements_sentence(sources.flows)] if sources.flows else []),
        *moves_sentences(sources.moves),
        *([due_sentence(sources.calendar, sources.windows)] if sources.calendar else []),
        *([fund_sentence(sources.fund)] if sources.fund else []),
    ]


def balance_sentence(sources: FindingSources) -> Bilingual:
    """Loans and what they owe, against the period before."""
    now = sources.now
    zh = f"截至{sources.as_of}，贷款 {now['loans']:,} 笔、{now['households']:,} 户，余额 {_wan(now['balance'])} 万元"
    en = (
        f"On {sources.as_of}: {now['loans']:,} loans of {now['households']:,} households, outstanding "
        f"{_yuan(now['balance'])} yuan"
    )
    if sources.before is None:
        return Bilingual(f"{zh}。", f"{en}.")
    day, earlier = sources.before
    change = now["balance"] - earlier["balance"]
    up_zh, up_en = ("增加", "more") if change >= 0 else ("减少", "less")
    return Bilingual(
        f"{zh}，较 {day} {up_zh} {_wan(abs(change))} 万元。", f"{en}, {_yuan(abs(change))} {up_en} than on {day}."
    )


def lights_sentence(now: Row) -> Bilingual:
    """Loans of each light, and the bad ones among the red."""
    loans = max(now["loans"], 1)
    zh = "、".join(
        f"{words} {now[f'{code}_loans']:,} 笔 ({now[f'{code}_loans'] / loans:.1%})"
        for code, words in (("red", "红灯"), ("yellow", "黄灯"), ("green", "绿灯"))
    )
    en = ", ".join(
        f"{now[f'{code}_loans']:,} {code} ({now[f'{code}_loans'] / loans:.1%})" for code in ("red", "yellow", "green")
    )
    return Bilingual(
        f"{zh}；红灯中已形成不良 {now['bad_loans']:,} 笔、余额 {_wan(now['bad_balance'])} 万元。",
        f"{en}; of the red {now['bad_loans']:,} are bad, with {_yuan(now['bad_balance'])} yuan outstanding.",
    )


def arrears_sentences(sources: FindingSources) -> list[Bilingual]:
    """The overdue rates, against the period before; nothing where there are too few loans."""
    now = sources.now
    if now["overdue_share"] is None:
        return []
    zh = f"逾期率（金额）{now['overdue_share']:.2%}，按户 {now['overdue_household_share']:.2%}"
    en = f"Overdue: {now['overdue_share']:.2%} of the balance, {now['overdue_household_share']:.2%} of the households"
    earlier = sources.before[1]["overdue_share"] if sources.before else None
    if earlier is not None and sources.before is not None:
        change = (now["overdue_share"] - earlier) * 100
        zh += f"；金额口径较 {sources.before[0]} {'上升' if change >= 0 else '下降'} {abs(change):.2f} 个百分点"
        en += f"; the former {'up' if change >= 0 else 'down'} {abs(change):.2f} points since {sources.before[0]}"
    return [Bilingual(f"{zh}。", f"{en}.")]


def highest_sentences(table: ReportTable, level: GroupLevel) -> list[Bilingual]:
    """The groups with the highest overdue rates; nothing where fewer than two could be ranked."""
    ranked = table.frame.filter(pl.col("rank").is_not_null())
    late = ranked.filter(pl.col("overdue_share") > 0).head(_NAMED).to_dicts()
    if ranked.height < 2 or not late:
        return []
    nouns = _LEVEL_NOUNS[level]
    zh = "、".join(f"{row['name_zh']} {row['overdue_share']:.2%}" for row in late)
    en = ", ".join(f"{row['name_en']} {row['overdue_share']:.2%}" for row in late)
    return [
        Bilingual(
            f"逾期率居前的{nouns.zh}：{zh}；参加排名 {ranked.height} 家。",
            f"The {nouns.en}s with the highest overdue rates, of {ranked.height} ranked: {en}.",
        )
    ]


def movements_sentence(flows: Row) -> Bilingual:
    """What was paid out, repaid, settled, extended, compensated and written off."""
    zh = (
        f"本期发放 {flows['paid_out_loans']:,} 笔 {_wan(flows['paid_out_amount'])} 万元，收回本金 "
        f"{_wan(flows['repaid_amount'])} 万元，结清 {flows['settled_loans']:,} 笔"
    )
    en = (
        f"In the period {flows['paid_out_loans']:,} loans of {_yuan(flows['paid_out_amount'])} yuan were paid out, "
        f"{_yuan(flows['repaid_amount'])} yuan of principal repaid, {flows['settled_loans']:,} loans settled"
    )
    for name, words_zh, words_en in (
        ("extended", "展期", "extended"),
        ("compensated", "代偿", "compensated"),
        ("written_off", "核销", "written off"),
    ):
        if flows[f"{name}_loans"]:
            zh += f"，{words_zh} {flows[f'{name}_loans']:,} 笔"
            en += f", {flows[f'{name}_loans']:,} {words_en}"
    return Bilingual(f"{zh}。", f"{en}.")


def moves_sentences(moves: tuple[date, Row] | None) -> list[Bilingual]:
    """Loans that turned green, and those that left it."""
    if moves is None:
        return []
    day, row = moves
    return [
        Bilingual(
            f"与 {day} 相比，黄灯、红灯转绿 {row['cured_loans']:,} 笔，绿灯转黄、转红或形成不良 "
            f"{row['worsened_loans']:,} 笔。",
            f"Since {day} {row['cured_loans']:,} loans turned green, {row['worsened_loans']:,} left green or went bad.",
        )
    ]


def due_sentence(calendar: Row, windows: Sequence[int]) -> Bilingual:
    """What falls due within the longest window."""
    days = max(windows)
    loans, money, red = (calendar[f"within_{days}_{what}"] for what in ("loans", "principal", "red"))
    return Bilingual(
        f"今后 {days} 天到期 {loans:,} 笔、本金 {_wan(money)} 万元，其中红灯 {red:,} 笔。",
        f"Within {days} days {loans:,} loans of {_yuan(money)} yuan fall due, {red:,} of them red.",
    )


def fund_sentence(fund: tuple[float, float, float]) -> Bilingual:
    """What the compensation fund is expected to pay."""
    expected, low, high = fund
    return Bilingual(
        f"风险补偿金今后12个月预期代付 {_wan(expected)} 万元（90% 区间 {_wan(low)} 至 {_wan(high)} 万元）。",
        f"The compensation fund is expected to pay {_yuan(expected)} yuan in twelve months (90% interval "
        f"{_yuan(low)} to {_yuan(high)}).",
    )


def _wan(yuan: float) -> str:
    return f"{yuan / _TEN_THOUSAND:,.2f}"


def _yuan(yuan: float) -> str:
    return f"{yuan:,.0f}"
