"""Migration of loans between the lights of two published months, in loans and yuan; cures and relapses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import Bilingual, UserError
from features.snapshot.amounts import yuan_sum
from models.group_light.evaluate_groups import GROUP_CODES, GroupLevel
from models.light import LIGHT_WORDS
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository
from serving.portfolio.outcomes import LoanOutcomes, loan_outcomes
from serving.portfolio.report_period import ReportScope
from serving.portfolio.report_tables import ReportTable, code_word_columns, count, yuan
from serving.portfolio.report_tables import words as words_column

STATES_BEFORE: Mapping[str, Bilingual] = {
    **{code: LIGHT_WORDS[code] for code in ("green", "yellow", "red")},
    "gone_bad": Bilingual("已变坏", "gone bad"),
    "new": Bilingual("期间新发放", "paid out between"),
    "reported_late": Bilingual("此前未报", "not known before"),
}
STATES_AFTER: Mapping[str, Bilingual] = {
    **{code: LIGHT_WORDS[code] for code in ("green", "yellow", "red")},
    "gone_bad": Bilingual("已变坏", "gone bad"),
    "settled": Bilingual("结清", "settled"),
    "renewed": Bilingual("续贷结清", "settled by a renewal"),
    "compensated": Bilingual("代偿", "compensated"),
    "written_off": Bilingual("核销", "written off"),
    "corrected": Bilingual("更正后不在册", "no longer there after a correction"),
}
"""States of a loan at the later month end. A loan in arrears of the label's days, compensated or written off, has gone
bad; while it is open it is shown apart from the ended ones."""
MIGRATION_CELLS_SCHEMA = FrameSchema(
    {
        "state_before": FrameColumn(pl.String(), "State at the earlier month end (STATES_BEFORE)."),
        "state_after": FrameColumn(pl.String(), "State at the later month end (STATES_AFTER)."),
        "loans": FrameColumn(pl.Int64(), "Loans that went from one state to the other."),
        "principal": FrameColumn(pl.Float64(), "Their `principal` of LOAN_MIGRATIONS_SCHEMA, yuan."),
    }
)
LOAN_MIGRATIONS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "A loan that one of the months lists, or both."),
        "state_before": FrameColumn(pl.String(), "State at the earlier month end (STATES_BEFORE)."),
        "state_after": FrameColumn(pl.String(), "State at the later month end (STATES_AFTER)."),
        "household_id": FrameColumn(pl.String(), "Its household, as the later month has it."),
        "bank": FrameColumn(pl.String(), "Its bank."),
        "product": FrameColumn(pl.String(), "Its product."),
        "county_code": FrameColumn(pl.String(), "The household's county."),
        "township_code": FrameColumn(pl.String(), "The household's township."),
        "village_code": FrameColumn(pl.String(), "The household's village."),
        "principal": FrameColumn(
            pl.Float64(), "Outstanding principal (yuan) at the earlier month end; at the later one for new loans."
        ),
        "cured": FrameColumn(pl.Boolean(), "Yellow or red before, green after."),
        "worsened": FrameColumn(pl.Boolean(), "Green before; yellow, red or gone bad after."),
        "fell_again": FrameColumn(
            pl.Boolean(), "Worsened, and flagged in a month before the earlier one; missing where none is published."
        ),
    },
    extra="the same of each month alone, with suffix `_before` or `_after`; `originated_on`, `ended_by`, `is_renewed`",
)
_FLAGS = ("cured", "worsened", "fell_again")
MIGRATION_TOTALS_SCHEMA = FrameSchema(
    {
        name: column
        for flag in _FLAGS
        for name, column in (
            (f"{flag}_loans", FrameColumn(pl.Int64(), f"Loans with `{flag}`; missing where it is.")),
            (f"{flag}_principal", FrameColumn(pl.Float64(), f"Principal with `{flag}`, yuan; missing where it is.")),
        )
    }
)
_FLAGGED = ("yellow", "red")
_LOOK_BACK = 12
"""Published months before the earlier one that are searched for an earlier yellow or red light."""
_PLACE_COLUMNS = ("household_id", "bank", "product", "county_code", "township_code", "village_code")
_NOTE = Bilingual(
    "行为 {start} 的状态，列为 {end} 的状态；金额为 {start} 的未还本金（新进入的为 {end}）。"
    "结清、代偿、核销以账本为准。",
    "Rows: where a loan stood on {start}; columns: on {end}. Money: principal outstanding on {start} (on {end} for "
    "loans new to the list). Settled, compensated and written off are as the ledger tells.",
)
_RETURN_WORDS = {
    "cured": Bilingual("治愈：黄红转绿", "cured: yellow or red to green"),
    "worsened": Bilingual("转差：绿转黄红或变坏", "worsened: green to yellow, red or gone bad"),
    "fell_again": Bilingual("其中复发：此前曾亮灯", "of these fell again: lit in a month before"),
}
_LOOK_BACK_NOTE = Bilingual(
    "复发：向前看 {months} 个已发布月份；没有更早的月份时为无数据。",
    "Falls anew are sought in {months} published months before; with none, there is no data.",
)


@dataclass(frozen=True)
class MigrationPeriod:
    """Two published months that are compared.

    outcomes: of all loans by the ledger of the later month. months_before: up to twelve published months before the
    earlier one, the newest first.
    """

    earlier: PublishedMonth
    later: PublishedMonth
    outcomes: LoanOutcomes
    months_before: tuple[PublishedMonth, ...]

    @staticmethod
    def between(store: DataFolder, start: date | None, end: date | None) -> MigrationPeriod:
        """The period from month end `start` to month end `end`.

        start: None for the month published before `end`. end: None for the newest month. Raises UserError where one of
        them is not published, or `start` is not before `end`.
        """
        repository = MonthRepository(store)
        later = repository.month(end)
        earlier = repository.month(start) if start else repository.previous_month(later.as_of)
        if earlier is None:
            raise UserError(
                f"{later.as_of} 之前没有已发布的月份，无法比较；请先为更早的月末运行 lights score。",
                f"No month before {later.as_of} is published to compare it with; run lights score for an earlier one.",
            )
        if earlier.as_of >= later.as_of:
            raise UserError(
                f"起始月 {earlier.as_of} 不早于终止月 {later.as_of}；请对调。",
                f"The first month {earlier.as_of} is not before the last {later.as_of}; exchange them.",
            )
        months_before = [repository.month(day) for day in repository.months() if day < earlier.as_of][:_LOOK_BACK]
        return MigrationPeriod(earlier, later, loan_outcomes(later, store.ledger), tuple(months_before))


@returns(LOAN_MIGRATIONS_SCHEMA)
def loan_migrations(period: MigrationPeriod, scope: ReportScope) -> pl.DataFrame:
    """The states of each loan at both month ends.

    Args:
        period: the two months.
        scope: the loans to return, by bank and area.

    Returns:
        One row for each loan that one of the months lists, sorted by `loan_id`: `state_before`, `state_after`,
        `principal` (yuan), its household, bank, product and place, and the flags `cured`, `worsened`, `fell_again`.

    Example:
        >>> import polars as pl
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.portfolio.migration import MigrationPeriod, loan_migrations, migration_cells
        >>> from serving.portfolio.report_period import ReportScope
        >>> period = MigrationPeriod.between(DataFolder(data), None, None)
        >>> loans = loan_migrations(period, ReportScope())
        >>> listed_before = loans.filter(pl.col("state_before").is_in(["green", "yellow", "red", "gone_bad"]))
        >>> listed_before.height == period.earlier.manifest.rows
        True
        >>> migration_cells(loans)["loans"].sum() == loans.height
        True
    """
    earlier, later = _month_states(period.earlier, "before"), _month_states(period.later, "after")
    ledger_columns = ("loan_id", *_PLACE_COLUMNS, "originated_on", "ended_by", "is_renewed")
    loans = earlier.join(later, on="loan_id", how="full", coalesce=True).join(
        period.outcomes.loans.select(ledger_columns), "loan_id", "left"
    )
    is_new = pl.col("originated_on") > period.earlier.as_of
    by_renewal = (pl.col("ended_by") == "settled") & pl.col("is_renewed")
    state_if_not_listed = (
        pl.when(by_renewal)
        .then(pl.lit("renewed"))
        .when(pl.col("ended_by").is_not_null())
        .then(pl.col("ended_by"))
        .otherwise(pl.lit("corrected"))
    )
    states = loans.with_columns(
        pl.coalesce("state_before", pl.when(is_new).then(pl.lit("new")).otherwise(pl.lit("reported_late"))),
        pl.coalesce("state_after", state_if_not_listed),
        pl.coalesce("principal_before", "principal_after").alias("principal"),
        *(pl.coalesce(f"{name}_after", f"{name}_before", name).alias(name) for name in _PLACE_COLUMNS),
    )
    was_flagged, was_green = pl.col("state_before").is_in(_FLAGGED), pl.col("state_before") == "green"
    worsened = was_green & pl.col("state_after").is_in((*_FLAGGED, "gone_bad"))
    was_flagged_earlier = pl.lit(None, pl.Boolean)
    if period.months_before:
        is_flagged = pl.col("light").cast(pl.String).is_in(_FLAGGED)
        scans = [month.scan("warnings").filter(is_flagged).select("loan_id") for month in period.months_before]
        flagged_loans = pl.concat(scans).unique().collect().to_series().to_list()
        was_flagged_earlier = pl.col("loan_id").is_in(flagged_loans)
    flags = {
        "cured": was_flagged & (pl.col("state_after") == "green"),
        "worsened": worsened,
        "fell_again": worsened & was_flagged_earlier,
    }
    return states.with_columns(**flags).filter(scope.condition).sort("loan_id")


def _month_states(month: PublishedMonth, suffix: str) -> pl.DataFrame:
    """`loan_id`, state, principal and place of each loan that a month lists, each with the suffix."""
    facts = month.scan("features").select("loan_id", "has_gone_bad", "product")
    state = pl.when("has_gone_bad").then(pl.lit("gone_bad")).otherwise(pl.col("light").cast(pl.String))
    return (
        month.scan("warnings")
        .join(facts, on="loan_id")
        .select(
            "loan_id",
            state.alias(f"state_{suffix}"),
            pl.col("outstanding_principal").alias(f"principal_{suffix}"),
            *(pl.col(name).alias(f"{name}_{suffix}") for name in _PLACE_COLUMNS),
        )
        .collect()
    )


@returns(MIGRATION_CELLS_SCHEMA)
def migration_cells(loans: pl.DataFrame) -> pl.DataFrame:
    """Loans and principal of every pair of states that occurs, in the order of the states.

    loans: as `loan_migrations` returns them.
    """
    totals = loans.group_by("state_before", "state_after").agg(
        pl.len().cast(pl.Int64).alias("loans"), yuan_sum(pl.col("principal"))
    )
    order = (
        pl.col(column).replace_strict({state: number for number, state in enumerate(states)}, return_dtype=pl.Int8)
        for column, states in (("state_before", STATES_BEFORE), ("state_after", STATES_AFTER))
    )
    return totals.sort(*order)


@returns(MIGRATION_TOTALS_SCHEMA)
def migration_totals(loans: pl.DataFrame) -> pl.DataFrame:
    """One row: loans and principal (yuan) that were cured, worsened, and fell again.

    loans: as `loan_migrations` returns them.
    """
    totals = []
    for flag in _FLAGS:
        is_known, is_set = pl.col(flag).null_count() == 0, pl.col(flag).fill_null(False)
        totals += [
            pl.when(is_known).then(is_set.sum().cast(pl.Int64)).alias(f"{flag}_loans"),
            pl.when(is_known).then(yuan_sum(pl.col("principal").filter(is_set))).alias(f"{flag}_principal"),
        ]
    return loans.select(totals)


def loans_by_group(loans: pl.DataFrame, level: GroupLevel) -> list[tuple[str, pl.DataFrame]]:
    """The loans of each group of a level, sorted by its code, in the columns of `loans` and `code`."""
    coded = loans.with_columns(GROUP_CODES[level].alias("code")).filter(pl.col("code").is_not_null())
    return sorted(((str(code), rows) for (code,), rows in coded.group_by("code")), key=lambda group: group[0])


def migration_tables(period: MigrationPeriod, scope: ReportScope) -> list[ReportTable]:
    """The migration matrix in loans, the matrix in yuan, and the totals of cures and relapses."""
    loans = loan_migrations(period, scope)
    row = migration_totals(loans).row(0, named=True)
    returns = pl.DataFrame(
        {
            "what": list(_RETURN_WORDS),
            "loans": [row[f"{flag}_loans"] for flag in _RETURN_WORDS],
            "principal": [row[f"{flag}_principal"] for flag in _RETURN_WORDS],
        },
        {"what": pl.String, "loans": pl.Int64, "principal": pl.Float64},
    )
    returns_table = ReportTable(
        "returns",
        Bilingual("治愈与复发", "Cure, re-fall"),
        Bilingual("治愈与复发", "Cures and falls anew"),
        (words_column("what", "情况", "What"), count("loans", "笔数", "Loans"), yuan("principal", "金额", "Principal")),
        returns.with_columns(code_word_columns("what", "what", _RETURN_WORDS)),
        note=_LOOK_BACK_NOTE.format(months=len(period.months_before)),
    )
    return [_matrix(loans, "loans", period), _matrix(loans, "principal", period), returns_table]


def _matrix(loans: pl.DataFrame, measure: str, period: MigrationPeriod) -> ReportTable:
    """Rows: states before; columns: states after. A pair of states that does not occur is 0."""
    zero = pl.lit(0, pl.Int64) if measure == "loans" else pl.lit(0.0)
    matrix = pl.DataFrame({"state_before": list(STATES_BEFORE)})
    cells = migration_cells(loans)
    for state in STATES_AFTER:
        column = cells.filter(pl.col("state_after") == state).select("state_before", pl.col(measure).alias(state))
        matrix = matrix.join(column, on="state_before", how="left", maintain_order="left")
    filled = matrix.with_columns(pl.col(list(STATES_AFTER)).fill_null(zero))
    with_sum = filled.with_columns(
        pl.sum_horizontal(list(STATES_AFTER)).alias("sum"),
        *code_word_columns("state_before", "before", dict(STATES_BEFORE)),
    )
    column_of = count if measure == "loans" else yuan
    headings = {**STATES_AFTER, "sum": Bilingual("合计", "all")}
    zh, en = {"loans": ("笔数", "loans"), "principal": ("金额", "principal")}[measure]
    start, end = period.earlier.as_of, period.later.as_of
    return ReportTable(
        f"migration_{measure}",
        Bilingual(f"迁徙 {zh}", f"Migration {en}"),
        Bilingual(f"灯色迁徙（{zh}）", f"Migration between lights ({en})"),
        (
            words_column("before", f"{start}", f"{start}"),
            *(column_of(state, heading.zh, heading.en) for state, heading in headings.items()),
        ),
        with_sum,
        note=_NOTE.format(start=start, end=end),
    )
