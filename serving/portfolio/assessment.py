"""The year judged, by bank and township: what became of the loans that were lit, and how many were visited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from features.messages import Words
from models.county_policy.sections import Groups
from models.group_light.evaluate_groups import CODE_OF, Level
from serving.months.repository import Month
from serving.portfolio.outcomes import Fates
from serving.portfolio.report_period import Scope
from serving.portfolio.report_tables import Table, count, share, text, words, yuan
from serving.portfolio.standing import ALL, LEVELS, SHEETS, named

_NOTE = Words(
    "亮灯 = 本年任一已发布月末为黄灯或红灯且当时未变坏。挽回 = 其后正常结清或截至日为绿灯; "
    "变坏 = 其后逾期成坏账、代偿或核销, 之后还清的也计入; "
    "其余仍在亮灯。走访率以走访记录为准, 无记录为无数据。",
    "Lit: yellow or red, and not gone bad, at a published month end of the year. Recovered: since settled clean, or "
    "green now; lost: gone bad since, compensated or written off, also where "
    "it was repaid later; the rest is lit still. Visited is as recorded; no data "
    "where nothing is recorded.",
)


def assessment(
    months: Sequence[Month],
    fates: Fates,
    level: Level,
    scope: Scope,
    names: Mapping[str, str],
    visited: pl.DataFrame | None = None,
) -> Table:
    """One row a group, by code, after the total.

    months: the published months of the year, newest first. visited: `loan_id` of the loans visited since they were
    lit; None where no visits are recorded.
    """
    policy = months[0].policy.groups
    loans = _outcomes(months, fates, visited).filter(scope.holds)
    coded = loans.with_columns(CODE_OF[level].alias("code")).filter(pl.col("code").is_not_null())
    found = pl.concat([_judged(loans.with_columns(pl.lit(ALL).alias("code")), policy), _judged(coded, policy)])
    return Table(
        f"assessment_{level.value}",
        f"考核 Assessment {SHEETS[level]}",
        Words(f"年度考核: {LEVELS[level].zh}", f"Assessment of the year: {LEVELS[level].en.lower()}"),
        _COLUMNS,
        named(found, level, names),
        note=_NOTE,
        missing=Words("不足或无数据", "too few, or no data"),
    )


def _outcomes(months: Sequence[Month], fates: Fates, visited: pl.DataFrame | None) -> pl.DataFrame:
    """A row a loan that was lit: the principal when it was first lit, and `recovered` or `lost` by the newest month."""
    lit = pl.concat([_lit(month) for month in months]).collect()
    first = lit.sort("as_of").unique("loan_id", keep="first").join(fates.loans, on="loan_id", how="inner")
    now = _now(months[0]).collect()
    ended = pl.col("ended_by")
    lost = pl.col("bad_on").is_not_null()
    recovered = ~lost & ((pl.col("light") == "green").fill_null(False) | (ended == "settled").fill_null(False))
    seen = pl.lit(None, pl.Boolean) if visited is None else pl.col("loan_id").is_in(visited["loan_id"].to_list())
    return first.join(now, on="loan_id", how="left").with_columns(
        lost.alias("lost"), recovered.alias("recovered"), seen.alias("visited")
    )


def _lit(month: Month) -> pl.LazyFrame:
    bad = month.scan("features").select("loan_id", "has_gone_bad")
    rows = month.scan("warnings").join(bad, on="loan_id").filter(~pl.col("has_gone_bad"), pl.col("light") != "green")
    return rows.select("loan_id", pl.col("outstanding_principal").alias("principal_lit"), "as_of")


def _now(month: Month) -> pl.LazyFrame:
    return month.scan("warnings").select("loan_id", pl.col("light").cast(pl.String))


def _judged(loans: pl.DataFrame, policy: Groups) -> pl.DataFrame:
    enough = pl.len() >= policy.least_loans
    flags = ("recovered", "lost", "visited")
    money = pl.col("principal_lit")
    return (
        loans.group_by("code")
        .agg(
            pl.len().cast(pl.Int64).alias("lit"),
            money.sum().round(2).alias("lit_principal"),
            *(pl.col(flag).sum().cast(pl.Int64).alias(f"{flag}_loans") for flag in ("recovered", "lost")),
            money.filter("recovered").sum().round(2).alias("recovered_principal"),
            *(pl.when(enough).then(pl.col(flag).mean()).alias(f"{flag}_share") for flag in flags),
        )
        .sort("code")
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
    share("visited_share", "走访率", "Share visited"),
)
