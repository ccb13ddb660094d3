"""Points and ranks of banks and townships in the annual assessment, by the policy's criteria and targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import Bilingual
from models.county_policy.sections import Assessment, CriterionName
from models.group_light.evaluate_groups import GroupLevel
from serving.portfolio.report_tables import ReportTable, count, share, text, words
from serving.portfolio.report_tables import points as points_column
from serving.portfolio.standing import ALL_GROUPS, LEVEL_SHEETS, LEVEL_WORDS, with_names

POINTS_SCHEMA = FrameSchema(
    {
        "code": FrameColumn(pl.String(), "The group."),
        "rank": FrameColumn(pl.Int64(), "Its rank, 1 the best; equal points share one. Missing: not ranked."),
        "points": FrameColumn(pl.Float64(), "Points of 100, one decimal; missing where too little can be judged."),
        "lit": FrameColumn(pl.Int64(), "Loans of the year that were lit."),
        **{
            column: FrameColumn(pl.Float64(), meaning)
            for name in ("visited", "recovered", "lost", "overdue")
            for column, meaning in (
                (f"{name}_share", f"The share of `{name}`; missing where it cannot be judged."),
                (f"{name}_points", f"Points of `{name}`, one decimal; missing likewise."),
            )
        },
    }
)
CRITERION_WORDS: Mapping[CriterionName, Bilingual] = {
    "visited": Bilingual("走访率", "Visited"),
    "recovered": Bilingual("挽回率", "Recovered"),
    "lost": Bilingual("变坏率", "Gone bad"),
    "overdue": Bilingual("逾期率", "Overdue"),
}
_NOTE = Bilingual(
    "得分满分100：{criteria}。实际比例在起评线与目标之间按直线计分；无法评定的项目不计，其余项目折算为100分，"
    "可评权重不足 {least:.0%} 或亮灯不足 {loans} 笔的不排名。同分同名次。{own}",
    "Points of 100: {criteria}. Between the two shares points run straight; what cannot be judged does not count, and "
    "the rest is scaled to 100; below {least:.0%} of the weights, or {loans} lit loans, there is no rank. Equal points "
    "share a rank. {own}",
)
_OWN = Bilingual(
    "另有目标的：{groups}。",
    "With targets of their own: {groups}. ",
)
_DECIMALS = 1


@dataclass(frozen=True)
class YearOfGroups:
    """What a year's points are made of. rows: ASSESSMENT_SCHEMA. overdue: `code` and `overdue_share` at its end."""

    rows: pl.DataFrame
    overdue: pl.DataFrame


@returns(POINTS_SCHEMA)
def assessment_points(year: YearOfGroups, policy: Assessment) -> pl.DataFrame:
    """The points and the rank of each group, the best first; groups without a rank come last.

    policy: criteria, targets and what it takes to be ranked.
    """
    groups = year.rows.filter(pl.col("code") != ALL_GROUPS)
    groups = groups.join(year.overdue.select("code", "overdue_share"), on="code", how="left", maintain_order="left")
    rows = [_points_of(group, policy) for group in groups.to_dicts()]
    frame = pl.DataFrame(rows, {name: column.dtype for name, column in POINTS_SCHEMA.columns.items()})
    is_ranked = pl.col("lit") >= policy.least_loans
    rank = pl.when(is_ranked).then("points").rank("min", descending=True).cast(pl.Int64)
    return frame.with_columns(rank.alias("rank")).sort("rank", "code", nulls_last=True)


def points_table(
    year: YearOfGroups,
    before: YearOfGroups | None,
    policy: Assessment,
    level: GroupLevel,
    place_names: Mapping[str, str],
) -> ReportTable:
    """Ranks and points by group, with those of the year before where its months are published.

    The points of the year before are by today's criteria, so that both years can be compared.
    """
    frame = assessment_points(year, policy)
    columns = [
        count("rank", "名次", "Rank"),
        text("code", "代码", "Code"),
        words("name", "名称", "Name"),
        points_column("points", "得分", "Points"),
        count("lit", "亮灯笔数", "Lit loans"),
    ]
    for name, called in CRITERION_WORDS.items():
        weight = policy.criteria[name].weight
        columns += [
            share(f"{name}_share", called.zh, called.en),
            points_column(f"{name}_points", f"{called.zh}得分（满分{weight}）", f"{called.en}: points (of {weight})"),
        ]
    if before is not None:
        earlier = assessment_points(before, policy).select(
            "code", pl.col("points").alias("points_before"), pl.col("rank").alias("rank_before")
        )
        frame = frame.join(earlier, on="code", how="left", maintain_order="left")
        columns += [
            points_column("points_before", "上年得分", "Points, year before"),
            count("rank_before", "上年名次", "Rank, year before"),
        ]
    return ReportTable(
        f"points_{level.value}",
        Bilingual(f"得分 {LEVEL_SHEETS[level].zh}", f"Points {LEVEL_SHEETS[level].en.lower()}"),
        Bilingual(f"年度考核得分与名次：{LEVEL_WORDS[level].zh}", f"Points and ranks: {LEVEL_WORDS[level].en.lower()}"),
        tuple(columns),
        with_names(frame, level, place_names),
        note=_note(policy),
        missing=Bilingual("不评", "not judged"),
    )


def _points_of(group: Mapping[str, object], policy: Assessment) -> dict[str, object]:
    """A row of POINTS_SCHEMA without its rank."""
    code = str(group["code"])
    own = {**policy.targets.get(code, {}), **policy.targets.get(code.rpartition("/")[2], {})}
    row: dict[str, object] = {"code": code, "lit": group["lit"], "rank": None}
    earned, judged = 0.0, 0
    for name, criterion in policy.criteria.items():
        value = group[f"{name}_share"]
        points = None
        if isinstance(value, float):
            points = criterion.points(value, own.get(name))
            earned, judged = earned + points, judged + criterion.weight
        row |= {f"{name}_share": value, f"{name}_points": None if points is None else round(points, _DECIMALS)}
    is_judged = judged > 0 and judged >= policy.least_judged * 100
    return row | {"points": round(earned * 100 / judged, _DECIMALS) if is_judged else None}


def _note(policy: Assessment) -> Bilingual:
    zh, en = [], []
    for name, criterion in policy.criteria.items():
        called = CRITERION_WORDS[name]
        none_at, full_at = _per_cent(criterion.none_at), _per_cent(criterion.full_at)
        zh.append(f"{called.zh} {criterion.weight} 分（起评 {none_at}，目标 {full_at}）")
        en.append(f"{called.en} {criterion.weight} ({none_at} to {full_at})")
    own = Bilingual("", "")
    if policy.targets:
        told = {
            language: "; ".join(
                f"{group}: "
                + ", ".join(f"{getattr(CRITERION_WORDS[name], language)} {_per_cent(x)}" for name, x in targets.items())
                for group, targets in policy.targets.items()
            )
            for language in ("zh", "en")
        }
        own = Bilingual(_OWN.zh.format(groups=told["zh"]), _OWN.en.format(groups=told["en"]))
    counted = {"least": policy.least_judged, "loans": policy.least_loans}
    return Bilingual(
        _NOTE.zh.format(criteria="、".join(zh), own=own.zh, **counted),
        _NOTE.en.format(criteria=", ".join(en), own=own.en, **counted),
    )


def _per_cent(share: float) -> str:
    """A share in per cent with the decimals that it has."""
    return f"{share * 100:.6g}%"
