"""Banks and townships in the order of their overdue rates, beside the period before and the year before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import Bilingual
from features.snapshot.amounts import yuan_sum
from models.county_policy.sections import GroupBounds
from models.group_light.evaluate_groups import GROUP_CODES, GroupLevel, evaluate_groups
from serving.portfolio.report_tables import ReportTable, count, share, text, words, yuan
from serving.portfolio.standing import ALL_GROUPS, LEVEL_SHEETS, LEVEL_WORDS, with_names

RATES_SCHEMA = FrameSchema(
    {
        "code": FrameColumn(pl.String(), "The group; ALL_GROUPS for the total, which is the first row."),
        "loans": FrameColumn(pl.Int64(), "Open loans."),
        "households": FrameColumn(pl.Int64(), "Households with a loan."),
        "balance": FrameColumn(pl.Float64(), "Outstanding principal, yuan."),
        "overdue_share": FrameColumn(pl.Float64(), "Overdue rate by balance; missing where there are too few loans."),
        "overdue_household_share": FrameColumn(pl.Float64(), "Overdue rate by households; missing likewise."),
        "lit_share": FrameColumn(pl.Float64(), "Share of loans that are yellow or red; missing likewise."),
        "bad_loans": FrameColumn(pl.Int64(), "Loans that are bad."),
        "bad_balance": FrameColumn(pl.Float64(), "Their outstanding principal, yuan."),
        "red_loans": FrameColumn(pl.Int64(), "Red loans."),
        "yellow_loans": FrameColumn(pl.Int64(), "Yellow loans."),
        "green_loans": FrameColumn(pl.Int64(), "Green loans."),
    }
)
_RATES = ("overdue_share", "overdue_household_share", "lit_share")
_NOTE = Bilingual(
    "名次按逾期率（金额）由高到低，同率同名次；不足 {least} 笔的不排名。{before}"
    "变化为本期减比较期，比例的变化为百分点。",
    "Ranked by the overdue rate, the highest first; equal rates share a rank; under {least} loans are not ranked. "
    "{before}Changes are this period less the other; of shares, in percentage points.",
)
_BEFORE = Bilingual("上期为 {day}。", "The period before ends with {day}. ")
_YEAR_BEFORE = Bilingual("上年同期为 {day}。", "A year before is {day}. ")


@returns(RATES_SCHEMA)
def group_rates(loans: pl.DataFrame, level: GroupLevel, policy: GroupBounds) -> pl.DataFrame:
    """Balances and rates of all loans together, then of each group.

    loans: as `scope_loans` returns them. policy: the least loans for a rate.
    """
    as_one_group = loans.with_columns(pl.lit(ALL_GROUPS).alias("county_code"))
    is_bad = pl.col("status") == "bad"
    rows = []
    for frame, by in ((as_one_group, GroupLevel.COUNTY), (loans, level)):
        bad = frame.group_by(GROUP_CODES[by].alias("code")).agg(
            is_bad.sum().cast(pl.Int64).alias("bad_loans"),
            yuan_sum(pl.col("outstanding_principal").filter(is_bad)).alias("bad_balance"),
        )
        rows.append(evaluate_groups(frame, by, policy).join(bad, on="code", how="left", maintain_order="left"))
    totals = pl.concat(rows)
    lit = (pl.col("red_loans") + pl.col("yellow_loans")) / pl.col("loans")
    enough = pl.col("loans") >= policy.least_loans
    counts = ("loans", "households", "bad_loans", "red_loans", "yellow_loans", "green_loans")
    return (
        totals.with_columns(lit.alias("lit_share"), pl.col(counts).cast(pl.Int64))
        .with_columns(pl.when(enough).then(name).alias(name) for name in _RATES)
        .select(list(RATES_SCHEMA.columns))
    )


def ranking_table(
    now: pl.DataFrame,
    before: tuple[date, pl.DataFrame] | None,
    year_before: tuple[date, pl.DataFrame] | None,
    level: GroupLevel,
    policy: GroupBounds,
    place_names: Mapping[str, str],
) -> ReportTable:
    """The groups by their overdue rate, the highest first, with changes; the total first.

    now, before, year_before: of `group_rates`, the latter two with their days where those months are published.
    """
    columns = [
        count("rank", "名次", "Rank"),
        text("code", "代码", "Code"),
        words("name", "名称", "Name"),
        count("loans", "贷款笔数", "Loans"),
        yuan("balance", "贷款余额", "Balance"),
        share("overdue_share", "逾期率（金额）", "Overdue, by balance"),
        share("lit_share", "亮灯占比", "Share lit"),
        count("bad_loans", "不良笔数", "Bad loans"),
        yuan("bad_balance", "不良余额", "Balance of bad loans"),
    ]
    rows, note = now, Bilingual("", "")
    if before is not None:
        rows = _with_changes(rows, before[1], "before")
        columns[5:5] = [yuan("balance_before", "余额较上期", "Balance, change")]
        columns[7:7] = [share("overdue_share_before", "逾期率较上期", "Overdue, change")]
        columns[9:9] = [share("lit_share_before", "亮灯较上期", "Lit, change")]
        told = _BEFORE.format(day=before[0])
        note = Bilingual(note.zh + told.zh, note.en + told.en)
    if year_before is not None:
        rows = _with_changes(rows, year_before[1], "year_before")
        columns += [
            yuan("balance_year_before", "余额较上年同期", "Balance, on the year"),
            share("overdue_share_year_before", "逾期率较上年同期", "Overdue, on the year"),
        ]
        told = _YEAR_BEFORE.format(day=year_before[0])
        note = Bilingual(note.zh + told.zh, note.en + told.en)
    is_group = pl.col("code") != ALL_GROUPS
    rank = pl.when(is_group).then("overdue_share").rank("min", descending=True).cast(pl.Int64)
    ranked = rows.with_columns(rank.alias("rank")).sort(is_group, "rank", "code", nulls_last=True)
    return ReportTable(
        f"ranking_{level.value}",
        Bilingual(f"排名 {LEVEL_SHEETS[level].zh}", f"Ranking {LEVEL_SHEETS[level].en.lower()}"),
        Bilingual(f"排名与对比：{LEVEL_WORDS[level].zh}", f"Ranking and comparison: {LEVEL_WORDS[level].en.lower()}"),
        tuple(columns),
        with_names(ranked, level, place_names),
        note=Bilingual(
            _NOTE.zh.format(least=policy.least_loans, before=note.zh),
            _NOTE.en.format(least=policy.least_loans, before=note.en),
        ),
        missing=Bilingual("–", "–"),
    )


def _with_changes(rows: pl.DataFrame, other: pl.DataFrame, suffix: str) -> pl.DataFrame:
    """The rows with the change of balance and rates against another month."""
    names: Sequence[str] = ("balance", "overdue_share", "lit_share")
    earlier = other.select("code", *(pl.col(name).alias(f"{name}_{suffix}") for name in names))
    joined = rows.join(earlier, on="code", how="left", maintain_order="left")
    return joined.with_columns((pl.col(name) - pl.col(f"{name}_{suffix}")).alias(f"{name}_{suffix}") for name in names)
