"""The loan index: a few columns of all loans of an edition, in memory, by which lists are filtered and sorted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.snapshot.life_rules import STATUSES
from models.county_policy.sections import CaseWork
from models.light import CODES, Light
from models.traffic_light.evaluate import as_levels
from serving.concurrency.single_flight import single_flight
from serving.months.edition import PublishedMonth

_INDEXES_IN_MEMORY = 4
"""Editions, and each once more with pseudonyms; about 100 MB for a million loans."""
_SEARCHES_IN_MEMORY = 64
"""Searches whose matches are in memory, a bit for each loan: a list, its counts and its next pages search once."""
_LIGHT = pl.Enum(CODES)
ROW_POSITION = "row_position"
_IDS = "ids"


class LoanOrder(StrEnum):
    """The order of a list of loans; loan_id breaks every tie.

    prevention: yellow and red loans by what a visit can still prevent, then the bad ones, then green ones.
    """

    RISK = "risk"
    PREVENTION = "prevention"
    MATURITY = "days_to_maturity"
    AMOUNT = "outstanding_principal"
    LOAN = "loan_id"

    @property
    def column(self) -> str:
        """The column of the loan index with each loan's number in this order."""
        return f"order_{self.value}"


_AFTER_ALL_RANKS = 2**31 - 1
"""Rank of loans without a forecast: a bad loan is a case for recovery, and comes after what a visit can prevent."""
_WARNING_COLUMNS = {
    "loan_id": FrameColumn(pl.String(), "The loan."),
    "household_id": FrameColumn(pl.String(), "The household that owes it."),
    "village_code": FrameColumn(pl.String(), "The household's village."),
    "bank": FrameColumn(pl.Categorical(), "The bank."),
    "county_code": FrameColumn(pl.Categorical(), "The household's county."),
    "township_code": FrameColumn(pl.Categorical(), "The household's township."),
    "status": FrameColumn(pl.Enum(STATUSES), "performing, probation or bad."),
    "light": FrameColumn(_LIGHT, "The light."),
    "rule_light": FrameColumn(_LIGHT, "The light of the rules alone."),
    "model_light": FrameColumn(_LIGHT, "The light by probability."),
    "previous_light": FrameColumn(_LIGHT, "The light in the previous month."),
    "score_rank": FrameColumn(pl.Int32(), "Rank by probability, 1 the riskiest."),
    "days_to_maturity": FrameColumn(pl.Int32(), "Days to maturity."),
    "days_past_due": FrameColumn(pl.Int32(), "Days past due."),
    "outstanding_principal": FrameColumn(pl.Float64(), "Principal that is not repaid, yuan."),
    "probability": FrameColumn(pl.Float64(), "Probability of going bad."),
}
"""Columns of the published warnings by which lists are filtered and sorted."""
LOAN_INDEX_SCHEMA = FrameSchema(
    {
        ROW_POSITION: FrameColumn(pl.UInt32(), "Position of the loan's rows in the edition's files."),
        _IDS: FrameColumn(pl.String(), "loan_id and household_id in one text: searching it once is twice as fast."),
        **_WARNING_COLUMNS,
        **{
            order.column: FrameColumn(pl.UInt32(), f"The loan's number, from 0, in the order `{order}`.")
            for order in LoanOrder
        },
    }
)


@returns(LOAN_INDEX_SCHEMA)
def loan_index(month: PublishedMonth, text: str | None = None) -> pl.LazyFrame:
    """The columns by which lists are filtered and sorted, for each loan of a month, from memory.

    Args:
        month: the published month; its scope decides which loans are in the index and how their ids are shown.
        text: part of a loan_id or household_id that the rows have to contain; None for all loans.

    Returns:
        One row for each loan, in the columns of LOAN_INDEX_SCHEMA.

    Example:
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.loan_index import LoanOrder, loan_index
        >>> from serving.months.repository import MonthRepository
        >>> month = MonthRepository(DataFolder(data)).month()
        >>> riskiest = loan_index(month).sort(LoanOrder.RISK.column).head(3).collect()
        >>> warnings = month.rows("warnings", riskiest["row_position"].to_list())
        >>> warnings["loan_id"].equals(riskiest["loan_id"])
        True
    """
    # All readers who see the same ids share one index and one search in memory; each reader's loans are filtered after.
    shared_month = month if month.scope is None else replace(month, scope=month.scope.pseudonyms_only())
    rows = _index_frame(shared_month).lazy()
    if text:
        rows = rows.filter(pl.lit(_matches(shared_month, text)))
    return rows if month.scope is None else month.scope.loans_only().within(rows)


def loan_rows(month: PublishedMonth, kind: str, condition: pl.Expr) -> pl.DataFrame:
    """The published rows of the loans for which a condition holds.

    Args:
        month: the published month.
        kind: `warnings` or `features`, with the columns that `PublishedMonth.scan` names.
        condition: on the columns of LOAN_INDEX_SCHEMA.
    """
    positions = loan_index(month).filter(condition).select(ROW_POSITION).collect().to_series()
    return month.rows(kind, positions.to_list())


def preventable(policy: CaseWork) -> pl.Expr:
    """What a visit can still prevent: probability times outstanding principal (yuan) times the effect of the time left.

    A probability that is missing counts as one: without a model loans are ordered by money and time.

    policy: its `full_effect_days` and `least_effect` say how much the days to maturity leave.
    """
    effect = (pl.col("days_to_maturity") / policy.full_effect_days).clip(policy.least_effect, 1)
    return pl.col("probability").fill_null(1) * pl.col("outstanding_principal") * effect


def _sort_keys(policy: CaseWork) -> Mapping[LoanOrder, list[pl.Expr]]:
    """The keys of each order, ascending."""
    level, is_bad = as_levels(pl.col("light")), (pl.col("status") == "bad").fill_null(False)
    group = pl.when(is_bad).then(1).when(level == Light.GREEN).then(2).otherwise(0)
    level_without_model = pl.when(pl.col("probability").is_null().all()).then(-level).otherwise(0)
    return {
        LoanOrder.RISK: [-level, pl.col("score_rank").fill_null(_AFTER_ALL_RANKS)],
        LoanOrder.PREVENTION: [group, level_without_model, -preventable(policy)],
        LoanOrder.MATURITY: [pl.col("days_to_maturity")],
        LoanOrder.AMOUNT: [-pl.col("outstanding_principal")],
        LoanOrder.LOAN: [],
    }


@single_flight(_INDEXES_IN_MEMORY)
def _index_frame(month: PublishedMonth) -> pl.DataFrame:
    columns = (pl.col(name).cast(column.dtype or pl.String()) for name, column in _WARNING_COLUMNS.items())
    ids = pl.concat_str("loan_id", "household_id", separator="\n").alias(_IDS)
    warnings = month.scan("warnings").with_row_index(ROW_POSITION).sort("loan_id")
    rows = warnings.select(ROW_POSITION, ids, *columns).collect()
    numbers = []
    for order, keys in _sort_keys(
        month.policy.casework
    ).items():  # the rows are sorted by loan_id already, and the sort is stable
        positions = pl.arg_sort_by(*keys, maintain_order=True) if keys else pl.int_range(pl.len())
        numbers.append(rows.select(positions).to_series().arg_sort().cast(pl.UInt32).alias(order.column))
    return rows.with_columns(numbers).rechunk()


@single_flight(_SEARCHES_IN_MEMORY)
def _matches(month: PublishedMonth, text: str) -> pl.Series:
    """Whether each row of the index contains the text."""
    return _index_frame(month).select(pl.col(_IDS).str.contains(text, literal=True)).to_series()
