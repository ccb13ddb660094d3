"""The ledger of every household of a published month: computed once, filtered by the reader's scope, page by page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.household_ledger import LEDGER_LOANS_SCHEMA, HouseholdLedger
from features.messages import UserError
from models.rating.households import HOUSEHOLD_GRADES_SCHEMA, household_grades
from serving.concurrency.single_flight import single_flight
from serving.household_ledger.ledger_basis import LedgerBasis
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.portfolio.cursors import cursor_after, last_shown
from serving.schemas.ledger_answers import LedgerItem, LedgerPage

GradeFilter = Literal["excellent", "good", "fair", "poor", "none"]
LEDGER_ROWS_SCHEMA = FrameSchema(
    {
        "row_number": FrameColumn(pl.UInt32(), "The household's number in the order of the list: by village, then id."),
        **HOUSEHOLD_GRADES_SCHEMA.columns,
    }
)
MOST_EXPORTED_HOUSEHOLDS = 20_000
"""Households in one file of the pages: longer ones are written by `lights ledger --out`."""
_LEDGERS_IN_MEMORY = 2
"""Months; some 1 kB a household."""


@dataclass(frozen=True)
class LedgerQuery:
    """Filters and page of the list. area: first digits of a village code. text: part of a household's id.

    grade: a grade, or `none` for households without one. borrowing: whether they have an open loan. limit: households
    on the page; cursor: where it begins, as the page before it says.
    """

    area: str | None = None
    grade: GradeFilter | None = None
    borrowing: bool | None = None
    text: str | None = None
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True)
class _CountyLedger:
    rows: pl.DataFrame
    ledger: HouseholdLedger


@single_flight(_LEDGERS_IN_MEMORY)
def _county_ledger(month: PublishedMonth, folder: Path) -> _CountyLedger:
    """The ledger of all households of a month; of an edition it never changes."""
    basis = LedgerBasis(DataFolder(folder), month.as_of, month)
    ledger = basis.ledger_on(month.as_of, basis.tables())
    return _CountyLedger(ledger_rows(ledger, basis), ledger)


@returns(LEDGER_ROWS_SCHEMA)
def ledger_rows(ledger: HouseholdLedger, basis: LedgerBasis) -> pl.DataFrame:
    """Every household with its grade, in the order of the list."""
    rows = household_grades(ledger, basis.policy_on(basis.as_of), basis.as_of)
    return rows.sort("village_code", "household_id", nulls_last=True).with_row_index("row_number")


@returns(LEDGER_ROWS_SCHEMA)
def month_ledger_rows(month: PublishedMonth, store: DataFolder) -> pl.LazyFrame:
    """The rows of a month's ledger (LEDGER_ROWS_SCHEMA) for the households in the reader's scope.

    Raises UserError where the data ledger never was at the month's version.
    """
    rows = _county_ledger(month.without_scope(), store.folder).rows.lazy()
    return rows if month.scope is None else month.scope.households_within(rows)


@returns(LEDGER_ROWS_SCHEMA)
def month_place_rows(month: PublishedMonth, store: DataFolder) -> pl.DataFrame:
    """The rows of the households in the reader's area, of whichever bank: for sums of places. Ids are not masked."""
    rows = _county_ledger(month.without_scope(), store.folder).rows.lazy()
    return (rows if month.scope is None else month.scope.places_within(rows)).collect()


@returns(LEDGER_LOANS_SCHEMA)
def month_loan_rows(month: PublishedMonth, store: DataFolder) -> pl.LazyFrame:
    """All loans drawn up to the month's end (LEDGER_LOANS_SCHEMA), for the reader's scope."""
    rows = _county_ledger(month.without_scope(), store.folder).ledger.loans.lazy()
    return rows if month.scope is None else month.scope.within(rows)


@returns(LEDGER_ROWS_SCHEMA)
def matching_households(month: PublishedMonth, store: DataFolder, query: LedgerQuery) -> pl.DataFrame:
    """The households that a query's filters leave, in the order of the list."""
    conditions = []
    if query.area is not None:
        conditions.append(pl.col("village_code").str.starts_with(query.area))
    if query.grade is not None:
        conditions.append(pl.col("grade").is_null() if query.grade == "none" else pl.col("grade") == query.grade)
    if query.borrowing is not None:
        conditions.append((pl.col("open_loans") > 0) == query.borrowing)
    if query.text:
        conditions.append(pl.col("household_id").str.contains(query.text, literal=True))
    return month_ledger_rows(month, store).filter(conditions or [pl.lit(True)]).collect()


def ledger_page(month: PublishedMonth, store: DataFolder, query: LedgerQuery) -> LedgerPage:
    """One page of the list of every household.

    Args:
        month: the published month, with the reader's scope.
        store: the data folder that it lies in.
        query: filters and page.

    Returns:
        The page's households by village and id, how many match, and the cursor of the next page.

    Raises:
        UserError: where the cursor is of another list, or the data ledger never was at the month's version.

    Example:
        >>> from serving.household_ledger.county_ledger import LedgerQuery, ledger_page
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> store = DataFolder(data)
        >>> page = ledger_page(MonthRepository(store).month(), store, LedgerQuery(borrowing=False, limit=2))
        >>> [item.open_loans for item in page.items]
        [0, 0]
    """
    rows = matching_households(month, store, query)
    digest = hashlib.sha256(repr(replace(query, cursor=None, limit=0)).encode()).hexdigest()[:8]
    list_name = f"ledger:{month.as_of}:{month.manifest.edition}:{digest}"
    to_come = rows.filter(pl.col("row_number") > last_shown(query.cursor, list_name))
    page = to_come.head(query.limit)
    more = 0 < page.height < to_come.height
    return LedgerPage(
        **month.versions,
        total=rows.height,
        items=[LedgerItem.model_validate(row) for row in page.select(list(LedgerItem.model_fields)).to_dicts()],
        next_cursor=cursor_after(list_name, page["row_number"][-1]) if more else None,
    )


def check_exported(households: int) -> None:
    """Raise UserError where more households are asked for than one file of the pages holds."""
    if households > MOST_EXPORTED_HOUSEHOLDS:
        raise UserError(
            f"台账有 {households:,} 户，网页一次最多导出 {MOST_EXPORTED_HOUSEHOLDS:,} 户；请先按乡镇或村筛选，"
            "或用 lights ledger --as-of --out 导出。",
            f"The ledger has {households:,} households, at most {MOST_EXPORTED_HOUSEHOLDS:,} are exported at once; "
            "narrow it by township or village, or write it with lights ledger --as-of --out.",
        )
