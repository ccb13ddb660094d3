"""How loans moved between the lights of two month ends, in count and money; cures and falls anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from features.messages import Refused, Words
from models.group_light.evaluate_groups import CODE_OF, Level
from models.light import LIGHT_WORDS
from serving.months.data_folder import Store
from serving.months.repository import Month, Published
from serving.portfolio.outcomes import Fates, fates_of
from serving.portfolio.report_period import Scope
from serving.portfolio.report_tables import Table, count, in_words, yuan
from serving.portfolio.report_tables import words as words_column

BEFORE: Mapping[str, Words] = {
    **{code: LIGHT_WORDS[code] for code in ("green", "yellow", "red")},
    "gone_bad": Words("已变坏", "gone bad"),
    "new": Words("期间新发放", "paid out between"),
    "reported_late": Words("此前未报", "not known before"),
}
AFTER: Mapping[str, Words] = {
    **{code: LIGHT_WORDS[code] for code in ("green", "yellow", "red")},
    "gone_bad": Words("已变坏", "gone bad"),
    "settled": Words("结清", "settled"),
    "renewed": Words("续贷结清", "settled by a renewal"),
    "compensated": Words("代偿", "compensated"),
    "written_off": Words("核销", "written off"),
    "corrected": Words("更正后不在册", "no longer there after a correction"),
}
"""A loan in arrears of the plan's days, compensated or written off has gone bad; while it is open it is told apart."""
_LIT = ("yellow", "red")
_LOOK_BACK = 12
"""Published months before the first that are searched for an earlier light that had been cured."""


@dataclass(frozen=True)
class Span:
    """Two published months, and what the ledger of the later one knew of what became of the loans."""

    earlier: Month
    later: Month
    fates: Fates
    before: tuple[Month, ...]

    @staticmethod
    def of(store: Store, start: date | None, end: date | None) -> Span:
        """From `start` (the month published before, where none is named) to `end` (the newest).

        Raises Refused where either is not published, or they do not follow each other.
        """
        published = Published(store)
        later = published.month(end)
        earlier = published.month(start) if start else published.month_before(later.as_of)
        if earlier is None:
            raise Refused(
                f"{later.as_of} 之前没有已发布的月份, 无法比较; 请先为更早的月末运行 lights score。",
                f"No month before {later.as_of} is published to compare it with; run lights score for an earlier one.",
            )
        if earlier.as_of >= later.as_of:
            raise Refused(
                f"起始月 {earlier.as_of} 不早于终止月 {later.as_of}; 请对调。",
                f"The first month {earlier.as_of} is not before the last {later.as_of}; exchange them.",
            )
        ago = [published.month(day) for day in published.months() if day < earlier.as_of][:_LOOK_BACK]
        return Span(earlier, later, fates_of(later, store.ledger), tuple(ago))


def moved(span: Span, scope: Scope) -> pl.DataFrame:
    """A row a loan that was in either list: where it belongs, `state_before`, `state_after`, `principal`, flags.

    principal: outstanding at the earlier month end; at the later one for loans that were not in the earlier list.
    cured: lit before, green now. fell_again: green before, lit or gone bad now, and lit in a month before that;
    missing where no month before that is published.
    """
    joined = _states(span.earlier, "before").join(_states(span.later, "after"), on="loan_id", how="full", coalesce=True)
    known = joined.join(
        span.fates.loans.select("loan_id", *_PLACE, "originated_on", "ended_by", "is_renewed"), "loan_id", "left"
    )
    states = known.with_columns(
        pl.coalesce("state_before", _appeared(span.earlier.as_of)).alias("state_before"),
        pl.coalesce("state_after", _left()).alias("state_after"),
        pl.coalesce("principal_before", "principal_after").alias("principal"),
        *(pl.coalesce(f"{name}_after", f"{name}_before", name).alias(name) for name in _PLACE),
    )
    was_lit, was_green = pl.col("state_before").is_in(_LIT), pl.col("state_before") == "green"
    fell = was_green & pl.col("state_after").is_in((*_LIT, "gone_bad"))
    again = pl.col("loan_id").is_in(_lit_in(span.before)) if span.before else pl.lit(None, pl.Boolean)
    flags = {
        "cured": was_lit & (pl.col("state_after") == "green"),
        "worsened": fell,
        "fell_again": fell & again,
    }
    return states.with_columns(**flags).filter(scope.holds).sort("loan_id")


_PLACE = ("household_id", "bank", "product", "county_code", "township_code", "village_code")


def _states(month: Month, when: str) -> pl.DataFrame:
    bad = month.scan("features").select("loan_id", "has_gone_bad")
    state = pl.when("has_gone_bad").then(pl.lit("gone_bad")).otherwise(pl.col("light").cast(pl.String))
    products = month.scan("features").select("loan_id", "product")
    rows = month.scan("warnings").join(bad, on="loan_id").join(products, on="loan_id")
    return rows.select(
        "loan_id",
        state.alias(f"state_{when}"),
        pl.col("outstanding_principal").alias(f"principal_{when}"),
        *(pl.col(name).alias(f"{name}_{when}") for name in _PLACE),
    ).collect()


def _appeared(after: date) -> pl.Expr:
    """A loan that was not in the earlier list was paid out since, or had not been told."""
    return pl.when(pl.col("originated_on") > after).then(pl.lit("new")).otherwise(pl.lit("reported_late"))


def _left() -> pl.Expr:
    """A loan that is not in the later list has ended, as the ledger tells, or a correction has taken it away."""
    by_renewal = (pl.col("ended_by") == "settled") & pl.col("is_renewed")
    return (
        pl.when(by_renewal)
        .then(pl.lit("renewed"))
        .when(pl.col("ended_by").is_not_null())
        .then(pl.col("ended_by"))
        .otherwise(pl.lit("corrected"))
    )


def _lit_in(months: Sequence[Month]) -> list[str]:
    lit = [
        month.scan("warnings").filter(pl.col("light").cast(pl.String).is_in(_LIT)).select("loan_id") for month in months
    ]
    return pl.concat(lit).unique().collect().to_series().to_list()


def cells(loans: pl.DataFrame) -> pl.DataFrame:
    """`state_before`, `state_after`, `loans`, `principal`: every pair of states that occurs, in the states' order."""
    counted = loans.group_by("state_before", "state_after").agg(
        pl.len().cast(pl.Int64).alias("loans"), pl.col("principal").sum().round(2)
    )
    return counted.sort(_place("state_before", BEFORE), _place("state_after", AFTER))


def _place(state: str, order: Mapping[str, Words]) -> pl.Expr:
    return pl.col(state).replace_strict({name: place for place, name in enumerate(order)}, return_dtype=pl.Int8)


def totals(loans: pl.DataFrame) -> pl.DataFrame:
    """One row: loans and principal that were cured, got worse, fell again; fell_again is missing where unknown."""
    return loans.select(cell for flag in ("cured", "worsened", "fell_again") for cell in _flagged(flag))


def _flagged(flag: str) -> tuple[pl.Expr, pl.Expr]:
    known, mine = pl.col(flag).null_count() == 0, pl.col(flag).fill_null(False)
    return (
        pl.when(known).then(mine.sum().cast(pl.Int64)).alias(f"{flag}_loans"),
        pl.when(known).then(pl.col("principal").filter(mine).sum().round(2)).alias(f"{flag}_principal"),
    )


def by_group(loans: pl.DataFrame, level: Level) -> list[tuple[str, pl.DataFrame]]:
    """The loans of each group of a level, by code."""
    coded = loans.with_columns(CODE_OF[level].alias("code")).filter(pl.col("code").is_not_null())
    return sorted(((str(code), part) for (code,), part in coded.group_by("code")), key=lambda group: group[0])


def migration_tables(span: Span, scope: Scope) -> list[Table]:
    """The matrix in loans, the same in yuan, and what was cured and fell again."""
    loans = moved(span, scope)
    days = {"start": span.earlier.as_of, "end": span.later.as_of}
    return [_matrix(loans, "loans", days), _matrix(loans, "principal", days), _returns(loans, span)]


def _matrix(loans: pl.DataFrame, measure: str, days: Mapping[str, date]) -> Table:
    """A row a state before, a column a state after; a pair that does not occur is none, not unknown."""
    empty = pl.lit(0, pl.Int64) if measure == "loans" else pl.lit(0.0)
    wide = pl.DataFrame({"state_before": list(BEFORE)})
    for state in AFTER:
        mine = cells(loans).filter(pl.col("state_after") == state).select("state_before", pl.col(measure).alias(state))
        wide = wide.join(mine, on="state_before", how="left", maintain_order="left")
    filled = wide.with_columns(pl.col(list(AFTER)).fill_null(empty))
    whole = filled.with_columns(
        pl.sum_horizontal(list(AFTER)).alias("sum"), *in_words("state_before", "before", dict(BEFORE))
    )
    made = count if measure == "loans" else yuan
    columns = [made(state, said.zh, said.en) for state, said in {**AFTER, "sum": Words("合计", "all")}.items()]
    kind = {"loans": ("笔数 loans", "笔数", "loans"), "principal": ("金额 yuan", "金额", "principal")}[measure]
    return Table(
        f"migration_{measure}",
        f"迁徙 Migration {kind[0]}",
        Words(f"灯色迁徙 ({kind[1]})", f"Migration between lights ({kind[2]})"),
        (words_column("before", f"{days['start']}", f"{days['start']}"), *columns),
        whole,
        note=_NOTE.filled(**days),
    )


_NOTE = Words(
    "行为 {start} 的状态, 列为 {end} 的状态; 金额为 {start} 的未还本金 (新进入的为 {end})。"
    "结清、代偿、核销以账本为准。",
    "Rows: where a loan stood on {start}; columns: on {end}. Money: principal outstanding on {start} (on {end} for "
    "loans new to the list). Settled, compensated and written off are as the ledger tells.",
)
_RETURNS = {
    "cured": Words("治愈: 黄红转绿", "cured: yellow or red to green"),
    "worsened": Words("转差: 绿转黄红或变坏", "worsened: green to yellow, red or gone bad"),
    "fell_again": Words("其中复发: 此前曾亮灯", "of these fell again: lit in a month before"),
}


def _returns(loans: pl.DataFrame, span: Span) -> Table:
    row = totals(loans).row(0, named=True)
    frame = pl.DataFrame(
        {
            "what": list(_RETURNS),
            "loans": [row[f"{flag}_loans"] for flag in _RETURNS],
            "principal": [row[f"{flag}_principal"] for flag in _RETURNS],
        },
        {"what": pl.String, "loans": pl.Int64, "principal": pl.Float64},
    )
    return Table(
        "returns",
        "治愈与复发 Cure, re-fall",
        Words("治愈与复发", "Cures and falls anew"),
        (words_column("what", "情况", "What"), count("loans", "笔数", "Loans"), yuan("principal", "金额", "Principal")),
        frame.with_columns(in_words("what", "what", _RETURNS)),
        note=_LOOKED.filled(months=len(span.before)),
    )


_LOOKED = Words(
    "复发: 向前看 {months} 个已发布月份; 没有更早的月份时为无数据。",
    "Falls anew are sought in {months} published months before; with none, there is no data.",
)
