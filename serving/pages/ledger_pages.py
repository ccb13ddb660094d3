"""Pages of the household ledger: the list, one household, credit villages and townships, revolving grants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import Field

from features.messages import UserError
from serving.api.warning_routes import published_month
from serving.explain.entitlements import GRADE_WORDS, NO_GRADE
from serving.household_ledger.county_ledger import (
    GradeFilter,
    LedgerQuery,
    check_exported,
    ledger_page,
    matching_households,
    month_loan_rows,
    month_place_rows,
)
from serving.household_ledger.one_household import month_household_ledger
from serving.household_ledger.tables import household_table, place_tables, revolving_table
from serving.http.context import context_of
from serving.http.dependencies import AuthenticatedRoute, CurrentData, audit_row_count
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository
from serving.pages.rendering import PAGE_SIZES, PageLanguage, PageSize, render_page, render_refusal
from serving.portfolio.place_names import place_names
from serving.portfolio.report_tables import ReportTable
from serving.reports.excel import workbook
from serving.reports.html import cell_text
from serving.schemas.basis import Versions
from serving.text.page_words import Language
from serving.text.written_day import EMPTY, Day

ledger_page_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TOWNSHIP_DIGITS = 9


@dataclass(frozen=True)
class LedgerFilters:
    """Query parameters of the list. village: counts where it lies in `area`. rows: households on a page."""

    as_of: Annotated[Day | None, EMPTY, Query()] = None
    area: Annotated[Annotated[str, Field(pattern=r"^[0-9]{2,12}$")] | None, EMPTY, Query()] = None
    village: Annotated[Annotated[str, Field(pattern=r"^[0-9]{2,12}$")] | None, EMPTY, Query()] = None
    grade: Annotated[GradeFilter | None, EMPTY, Query()] = None
    borrowing: Annotated[bool | None, EMPTY, Query()] = None
    q: Annotated[Annotated[str, Field(max_length=64)] | None, EMPTY, Query()] = None
    cursor: Annotated[Annotated[str, Field(max_length=200)] | None, EMPTY, Query()] = None
    rows: PageSize = PAGE_SIZES[0]

    def to_query(self, store: DataFolder) -> LedgerQuery:
        """The filters as a query; an identity number in the search becomes a pseudonym."""
        in_area = self.village is not None and self.village.startswith(self.area or "")
        area, text = self.village if in_area else self.area, store.stored_id(self.q) if self.q else None
        return LedgerQuery(area, self.grade, self.borrowing, text, self.rows, self.cursor)


RequestedFilters = Annotated[LedgerFilters, Depends()]


@ledger_page_router.get("/ledger")
def show_ledger(
    request: Request, store: CurrentData, language: PageLanguage, filters: RequestedFilters
) -> HTMLResponse:
    """Every household in the reader's scope, with its grade, limit and drawings."""
    try:
        month = published_month(store, filters.as_of)
        page = ledger_page(month, store, filters.to_query(store))
        codes = month_place_rows(month, store)["village_code"].drop_nulls().unique().sort().to_list()
        names = place_names(month, store)
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    audit_row_count(request, page.total)
    townships = sorted({code[:_TOWNSHIP_DIGITS] for code in codes})
    chosen = filters.area[:_TOWNSHIP_DIGITS] if filters.area and len(filters.area) >= _TOWNSHIP_DIGITS else None
    return render_page(
        request,
        "ledger.html",
        language,
        page=page,
        filters=filters,
        months=MonthRepository(store).months(),
        townships=townships,
        villages=[code for code in codes if chosen and code.startswith(chosen)],
        names=names,
        grades={code: getattr(words, language) for code, words in {**GRADE_WORDS, "none": NO_GRADE}.items()},
    )


@ledger_page_router.get("/ledger.xlsx")
def download_ledger(
    request: Request, store: CurrentData, language: PageLanguage, filters: RequestedFilters
) -> Response:
    """The filtered list as an Excel workbook."""
    try:
        month = published_month(store, filters.as_of)
        rows = matching_households(month, store, filters.to_query(store))
        check_exported(rows.height)
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    return _workbook(request, language, month, [household_table(rows, place_names(month, store))])


@ledger_page_router.get("/ledger/villages")
def show_credit_places(
    request: Request, store: CurrentData, language: PageLanguage, as_of: Day | None = None
) -> HTMLResponse:
    """Credit villages and townships, and the coverage of grants, as sums over every household."""
    try:
        month = published_month(store, as_of)
        return _render_tables(request, language, month, _credit_place_tables(month, store))
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)


@ledger_page_router.get("/ledger/villages.xlsx")
def download_credit_places(
    request: Request, store: CurrentData, language: PageLanguage, as_of: Day | None = None
) -> Response:
    """The same tables as an Excel workbook."""
    try:
        month = published_month(store, as_of)
        return _workbook(request, language, month, _credit_place_tables(month, store))
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)


@ledger_page_router.get("/ledger/grants")
def show_grants(
    request: Request,
    store: CurrentData,
    language: PageLanguage,
    as_of: Day | None = None,
    rows: PageSize = PAGE_SIZES[0],
) -> HTMLResponse:
    """The first revolving grants: granted, drawn, left, and when each expires; all are in the workbook."""
    try:
        month = published_month(store, as_of)
        tables = _grant_tables(month, store)
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    audit_row_count(request, tables[0].frame.height)
    return _render_tables(request, language, month, tables, rows)


@ledger_page_router.get("/ledger/grants.xlsx")
def download_grants(request: Request, store: CurrentData, language: PageLanguage, as_of: Day | None = None) -> Response:
    """The same table as an Excel workbook."""
    try:
        month = published_month(store, as_of)
        tables = _grant_tables(month, store)
        check_exported(tables[0].frame.height)
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    return _workbook(request, language, month, tables)


@ledger_page_router.get("/ledger/{household_id}")
def show_household_ledger(
    request: Request, store: CurrentData, language: PageLanguage, household_id: str, as_of: Day | None = None
) -> HTMLResponse:
    """The ledger of one household, borrower or not."""
    try:
        month = published_month(store, as_of)
        answer = month_household_ledger(month, store, store.stored_id(household_id))
    except UserError as refusal:
        return render_refusal(request, language, refusal, 404)
    return render_page(request, "household_ledger.html", language, ledger=answer)


def _credit_place_tables(month: PublishedMonth, store: DataFolder) -> list[ReportTable]:
    return place_tables(month_place_rows(month, store), month.policy, place_names(month, store))


def _grant_tables(month: PublishedMonth, store: DataFolder) -> list[ReportTable]:
    return [revolving_table(month_loan_rows(month, store).collect(), month.as_of, place_names(month, store))]


def _render_tables(
    request: Request,
    language: Language,
    month: PublishedMonth,
    tables: Sequence[ReportTable],
    most_rows: int | None = None,
) -> HTMLResponse:
    """A page of tables; the first is open, the others are folded. most_rows: of each that are shown; None for all."""
    shown = [
        {
            "title": getattr(table.title, language),
            "note": getattr(table.note, language) if table.note else None,
            "total": table.frame.height,
            "headings": [(column.heading(language, table.money), column.kind.value) for column in table.columns],
            "rows": [
                [cell_text(cell, column, table, language) for cell, column in zip(row, table.columns, strict=True)]
                for row in table.rows(language)[:most_rows]
            ],
        }
        for table in tables
    ]
    answer = Versions.model_validate(month.versions)
    workbook_path = f"{request.url.path}.xlsx"
    return render_page(
        request, "ledger_tables.html", language, answer=answer, tables=shown, size=most_rows, workbook=workbook_path
    )


def _workbook(request: Request, language: Language, month: PublishedMonth, tables: Sequence[ReportTable]) -> Response:
    """The tables as a workbook to download."""
    audit_row_count(request, sum(table.frame.height for table in tables))
    name = f"{request.url.path.removesuffix('.xlsx').strip('/').replace('/', '-')}-{month.as_of}.xlsx"
    content = workbook(tables, language, context_of(request).now())
    return Response(content, media_type=_EXCEL, headers={"content-disposition": f'attachment; filename="{name}"'})
