"""Assessment of the year by bank and township: outcomes of the loans that were yellow or red, and visits to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import Bilingual
from features.months import month_end_after
from features.snapshot.amounts import yuan_sum
from models.county_policy.sections import GroupBounds
from models.group_light.evaluate_groups import GROUP_CODES, GroupLevel
from serving.months.edition import PublishedMonth
from serving.portfolio.outcomes import LoanOutcomes
from serving.portfolio.report_period import ReportScope
from serving.portfolio.report_tables import ReportTable, count, share, text, words, yuan
from serving.portfolio.standing import ALL_GROUPS, LEVEL_SHEETS, LEVEL_WORDS, with_names

_NOTE = Bilingual(
    "亮灯 = 本年任一已发布月末为黄灯或红灯且当时未变坏。挽回 = 其后正常结清或截至日为绿灯；"
    "变坏 = 其后逾期成坏账、代偿或核销，之后还清的也计入；"
    "其余仍在亮灯。走访 = 亮灯月末之后、期末后一个月之内有走访记录；笔数太少或全县无走访记录的不评。",
    "Lit: yellow or red, and not gone bad, at a published month end of the year. Recovered: since settled clean, or "
    "green now; lost: gone bad since, compensated or written off, also where "
    "it was repaid later; the rest is lit still. Visited: a visit is recorded after the "
    "month end of the light, up to a month after the period; "
    "not judged where there are too few, or no visit of the county is recorded.",
)
_COLUMNS = (
    text("code", "代码", "Code"),
    words("name", "名称", "Name"),
    count("lit", "亮灯笔数", "Lit loans"),
    yuan("lit_principal", "亮灯时未还本金", "Outstanding when lit"),
    count("recovered_loans", "挽回笔数", "Recovered"),
    yuan("recovered_principal", "挽回金额", "Recovered amount"),
    share("recovered_share", "挽回率", "Share recovered"),
    count("lost_loans", "变坏笔数", "Gone bad"),
    share("lost_share", "变坏率", "Share gone bad"),
    count("visited_loans", "走访笔数", "Visited"),
    share("visited_share", "走访率", "Share visited"),
)


ASSESSMENT_SCHEMA = FrameSchema(
    {
        "code": FrameColumn(pl.String(), "The group; ALL_GROUPS for the total."),
        "lit": FrameColumn(pl.Int64(), "Loans that were yellow or red, and not gone bad, at a month end of the year."),
        "lit_principal": FrameColumn(pl.Float64(), "Outstanding when they were first lit, yuan."),
        "recovered_loans": FrameColumn(pl.Int64(), "Of these: settled clean since, or green now."),
        "recovered_principal": FrameColumn(pl.Float64(), "Their `lit_principal`, yuan."),
        "recovered_share": FrameColumn(pl.Float64(), "Recovered of the lit; missing where there are too few."),
        "lost_loans": FrameColumn(pl.Int64(), "Of the lit: gone bad since."),
        "lost_share": FrameColumn(pl.Float64(), "Gone bad of the lit; missing likewise."),
        "visited_loans": FrameColumn(pl.Int64(), "Of the lit: visited since; missing where no visit is recorded."),
        "visited_share": FrameColumn(pl.Float64(), "Visited of the lit; missing likewise."),
    }
)


def assessment_table(
    months: Sequence[PublishedMonth],
    outcomes: LoanOutcomes,
    level: GroupLevel,
    scope: ReportScope,
    place_names: Mapping[str, str],
    visits: pl.DataFrame | None = None,
) -> ReportTable:
    """Outcomes of the year's yellow and red loans: the total, then one row a group, sorted by code.

    months: the published months of the year, newest first. outcomes: of all loans by the newest month. visits:
    `loan_id` and `visited_on` of each recorded visit; None where no visits are recorded.
    """
    rows = assessment_rows(months, outcomes, level, scope, visits)
    return ReportTable(
        f"assessment_{level.value}",
        Bilingual(f"考核 {LEVEL_SHEETS[level].zh}", f"Assessment {LEVEL_SHEETS[level].en.lower()}"),
        Bilingual(f"年度考核：{LEVEL_WORDS[level].zh}", f"Assessment of the year: {LEVEL_WORDS[level].en.lower()}"),
        _COLUMNS,
        with_names(rows, level, place_names),
        note=_NOTE,
        missing=Bilingual("不评", "not judged"),
    )


@returns(ASSESSMENT_SCHEMA)
def assessment_rows(
    months: Sequence[PublishedMonth],
    outcomes: LoanOutcomes,
    level: GroupLevel,
    scope: ReportScope,
    visits: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Outcomes of the year's yellow and red loans by group, in the terms of `assessment_table`: the total first."""
    policy = months[0].policy.groups
    loans = _flagged_loans(months, outcomes, visits).filter(scope.condition)
    coded = loans.with_columns(GROUP_CODES[level].alias("code")).filter(pl.col("code").is_not_null())
    total = _group_totals(loans.with_columns(pl.lit(ALL_GROUPS).alias("code")), policy)
    return pl.concat([total, _group_totals(coded, policy)]).select(list(ASSESSMENT_SCHEMA.columns))


def _flagged_loans(
    months: Sequence[PublishedMonth], outcomes: LoanOutcomes, visits: pl.DataFrame | None
) -> pl.DataFrame:
    """The columns of `LoanOutcomes.loans` for loans that were yellow or red in one of the months.

    With them `principal_lit`, outstanding when the loan was first flagged (yuan), `light`, the newest one, and whether
    it was `lost`, `recovered` or `visited` since.
    """
    flagged = []
    for month in months:
        bad = month.scan("features").select("loan_id", "has_gone_bad")
        rows = month.scan("warnings").join(bad, on="loan_id")
        rows = rows.filter(~pl.col("has_gone_bad"), pl.col("light") != "green")
        flagged.append(rows.select("loan_id", pl.col("outstanding_principal").alias("principal_lit"), "as_of"))
    first = pl.concat(flagged).collect().sort("as_of").unique("loan_id", keep="first")
    newest = months[0].scan("warnings").select("loan_id", pl.col("light").cast(pl.String)).collect()
    lost = pl.col("bad_on").is_not_null()
    is_green, is_settled = pl.col("light") == "green", pl.col("ended_by") == "settled"
    until = month_end_after(months[0].as_of, 1)
    was_visited = pl.lit(None, pl.Boolean)
    if visits is not None:
        was_visited = pl.col("loan_id").is_in(_visited(first, visits, until))
    loans = first.join(outcomes.loans, on="loan_id", how="inner").join(newest, on="loan_id", how="left")
    return loans.with_columns(
        lost.alias("lost"),
        (~lost & (is_green.fill_null(False) | is_settled.fill_null(False))).alias("recovered"),
        was_visited.alias("visited"),
    )


def _visited(flagged: pl.DataFrame, visits: pl.DataFrame, until: date) -> list[str]:
    """The loans with a visit after the month end that they were flagged at, up to a day.

    flagged: `loan_id` and `as_of`. visits: `loan_id` and `visited_on`.
    """
    since = visits.join(flagged.select("loan_id", "as_of"), on="loan_id")
    counted = since.filter(pl.col("visited_on") > pl.col("as_of"), pl.col("visited_on") <= until)
    return counted["loan_id"].unique().to_list()


def _group_totals(loans: pl.DataFrame, policy: GroupBounds) -> pl.DataFrame:
    """The columns of the table by `code`; shares are missing where a group has too few loans."""
    enough, is_recorded = pl.len() >= policy.least_loans, pl.col("visited").is_not_null().any()
    flags = ("recovered", "lost", "visited")
    money = pl.col("principal_lit")
    return (
        loans.group_by("code")
        .agg(
            pl.len().cast(pl.Int64).alias("lit"),
            yuan_sum(money).alias("lit_principal"),
            *(pl.col(flag).sum().cast(pl.Int64).alias(f"{flag}_loans") for flag in ("recovered", "lost")),
            yuan_sum(money.filter("recovered")).alias("recovered_principal"),
            pl.when(is_recorded).then(pl.col("visited").sum()).cast(pl.Int64).alias("visited_loans"),
            *(pl.when(enough).then(pl.col(flag).mean()).alias(f"{flag}_share") for flag in flags),
        )
        .sort("code")
    )
