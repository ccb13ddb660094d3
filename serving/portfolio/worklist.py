"""The work list: a published month's warnings, filtered, sorted and cut into pages."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import polars as pl
import polars.selectors as cs

from serving.explain.sentence_cache import render_warnings_at
from serving.months.edition import PublishedMonth
from serving.months.loan_index import ROW_POSITION, LoanOrder, loan_index
from serving.portfolio.case_work import WorkView
from serving.portfolio.cursors import cursor_after, last_shown
from serving.portfolio.quadrants import Quadrant, quadrant_of_lights
from serving.schemas.loan_warning import WarningPage

_CODES_AS_TEXT = (cs.categorical() | cs.enum()).cast(pl.String)


@dataclass(frozen=True)
class WorklistQuery:
    """Filters, order and page of a work list.

    area: first digits of a village code. text: part of a household's or loan's id. limit: loans on the page. cursor:
    where the page begins, as the page before it says. loan: the id of one loan. status: performing, probation or bad.
    work: a part of the list by its cases; loans: the ids of the loans in it, which change from hour to hour.
    """

    light: str | None = None
    rule_light: str | None = None
    model_light: str | None = None
    bank: str | None = None
    area: str | None = None
    due_within_days: int | None = None
    text: str | None = None
    sort: LoanOrder = LoanOrder.RISK
    limit: int = 50
    cursor: str | None = None
    loan: str | None = None
    quadrant: Quadrant | None = None
    status: str | None = None
    work: WorkView | None = None
    loans: tuple[str, ...] | None = None


@dataclass(frozen=True)
class WorklistPage:
    """A page of a work list.

    rows: all loans that match the query, unordered. row_positions: of the page's loans in the month, in the list's
    order. next_cursor: None on the last page; it names the last loan shown, so that loans that leave the list meanwhile
    make no other one be left out.
    """

    rows: pl.DataFrame
    row_positions: list[int]
    next_cursor: str | None


@dataclass(frozen=True)
class WorklistCounts:
    """Loans by light and by quadrant."""

    lights: dict[str, int]
    quadrants: dict[str, int]


def worklist_page(month: PublishedMonth, query: WorklistQuery, columns: Sequence[str] = ()) -> WorklistPage:
    """The positions of a page's warnings, and all loans that match the query.

    columns: of the loan index, for `rows` of the result. Raises UserError where the cursor is not one of ours, or
    belongs to another query or to an edition that is no longer shown.
    """
    # A cursor is valid for its own query alone, whatever the page, and also after a visit was recorded.
    digest = hashlib.sha256(repr(replace(query, cursor=None, limit=0, loans=None)).encode()).hexdigest()[:8]
    edition = f"{month.as_of}:{month.manifest.edition}:{digest}"
    order = query.sort.column
    rows = (
        loan_index(month, query.text)
        .filter(_conditions(query))
        .select(*columns, ROW_POSITION, order)
        .with_columns(_CODES_AS_TEXT)
        .collect()
    )
    to_come = rows.filter(pl.col(order) > last_shown(query.cursor, edition))
    # Only the rows up to the page's end are sorted: a county may have a million loans.
    page = to_come.bottom_k(query.limit, by=order).sort(order) if query.limit else to_come.clear()
    positions: list[int] = page[ROW_POSITION].to_list()
    next_cursor = None
    if 0 < page.height < to_come.height:
        next_cursor = cursor_after(edition, page[order][-1])
    return WorklistPage(rows, positions, next_cursor)


def worklist(month: PublishedMonth, query: WorklistQuery) -> WarningPage:
    """One page of a month's warnings with their sentences.

    Args:
        month: the published month.
        query: filters, order and page.

    Returns:
        The page's warnings in order, `total` loans that match the query, and the cursor of the next page.

    Raises:
        UserError: as `worklist_page` does, for a cursor of another list.

    Example:
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> from serving.portfolio.worklist import WorklistQuery, worklist
        >>> month = MonthRepository(DataFolder(data)).month()
        >>> page = worklist(month, WorklistQuery(limit=2))
        >>> len(page.items), page.total == month.manifest.rows
        (2, True)
        >>> following = worklist(month, WorklistQuery(limit=2, cursor=page.next_cursor))
        >>> {warning.loan_id for warning in page.items} & {warning.loan_id for warning in following.items}
        set()
    """
    page = worklist_page(month, query)
    return WarningPage(
        **month.versions,
        total=page.rows.height,
        items=render_warnings_at(month, page.row_positions),
        next_cursor=page.next_cursor,
    )


def worklist_counts(month: PublishedMonth, query: WorklistQuery) -> WorklistCounts:
    """Loans by light and by quadrant that match the query without its lights and quadrant."""
    any_light = replace(query, light=None, rule_light=None, model_light=None, quadrant=None)
    in_any_order = replace(any_light, sort=LoanOrder.RISK, limit=0, cursor=None)
    # A view of cases changes with each visit: its counts are not kept.
    return _cached_counts(month, in_any_order) if query.loans is None else _counts(month, in_any_order)


def matching_loans(month: PublishedMonth, query: WorklistQuery, loan_ids: pl.Series) -> pl.Series:
    """Those of some loans that match a query."""
    rows = loan_index(month, query.text).filter(_conditions(query)).select("loan_id")
    wanted = loan_ids.alias("loan_id").to_frame().lazy()
    return rows.join(wanted, on="loan_id", how="semi").collect().to_series()


@lru_cache(maxsize=256)
def _cached_counts(month: PublishedMonth, query: WorklistQuery) -> WorklistCounts:
    """The counts of an edition never change."""
    return _counts(month, query)


def _counts(month: PublishedMonth, query: WorklistQuery) -> WorklistCounts:
    rows = loan_index(month, query.text).filter(_conditions(query))
    groups = rows.group_by(pl.col("light").cast(pl.String), quadrant_of_lights()).agg(pl.len().alias("loans")).collect()
    lights, quadrants = (
        dict(groups.group_by(name).agg(pl.col("loans").sum()).select(name, "loans").rows())
        for name in ("light", "corner")
    )
    return WorklistCounts(lights, quadrants)


def _conditions(query: WorklistQuery) -> list[pl.Expr]:
    equal = {name: getattr(query, name) for name in ("light", "rule_light", "model_light", "bank", "status")}
    equal["loan_id"] = query.loan
    conditions = [pl.col(name) == value for name, value in equal.items() if value is not None]
    if query.loans is not None:
        conditions.append(pl.col("loan_id").is_in(query.loans))
    if query.quadrant is not None:
        conditions.append(query.quadrant.condition)
    if query.area is not None:
        conditions.append(pl.col("village_code").str.starts_with(query.area))
    if query.due_within_days is not None:
        conditions.append(pl.col("days_to_maturity").is_between(0, query.due_within_days))
    return conditions or [pl.lit(True)]
