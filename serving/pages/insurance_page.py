"""The page of the county's insurance 2+X, and its download as an Excel workbook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BeforeValidator, Field

from features.messages import UserError
from models.group_light.evaluate_groups import GroupLevel
from serving.api.insurance_route import InsuranceLevel
from serving.api.warning_routes import published_month
from serving.http.context import context_of
from serving.http.dependencies import AuthenticatedRoute, CurrentData, CurrentUser, User, audit_row_count
from serving.pages.rendering import PAGE_SIZES, PageLanguage, PageSize, render_page, render_refusal
from serving.pages.worklist_page import DUE_WITHIN
from serving.portfolio.insurance_cover import InsuranceCover
from serving.portfolio.insurance_report import (
    DUE_WITHIN_DAYS,
    FILING_WITHIN_DAYS,
    INSURANCE_LEVELS,
    InsuranceQuery,
    insurance_report,
    insurance_tables,
)
from serving.portfolio.place_names import place_directory
from serving.reports.excel import workbook
from serving.reports.listing import MOST_EXPORTED_LOANS
from serving.text.written_day import EMPTY, Day

insurance_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_GROUPS_SHOWN, _FILINGS_SHOWN = 60, 60
"""Places and filing days on the page; the workbook has all."""

_ChosenCover = Annotated[InsuranceCover, BeforeValidator(lambda text: text or InsuranceCover.INDUSTRY), Query()]


@dataclass(frozen=True)
class InsuranceFilters:
    """Query parameters of the page. rows: due loans on the page."""

    as_of: Annotated[Day | None, EMPTY, Query()] = None
    level: InsuranceLevel = "township"
    cover: _ChosenCover = InsuranceCover.INDUSTRY
    bank: Annotated[Annotated[str, Field(max_length=64)] | None, EMPTY, Query()] = None
    area: Annotated[Annotated[str, Field(pattern=r"^[0-9]{2,12}$")] | None, EMPTY, Query()] = None
    within_days: Annotated[
        Annotated[int, Field(ge=0, le=3660)], BeforeValidator(lambda text: text or DUE_WITHIN_DAYS), Query()
    ] = DUE_WITHIN_DAYS
    cursor: Annotated[Annotated[str, Field(max_length=200)] | None, EMPTY, Query()] = None
    rows: PageSize = PAGE_SIZES[0]

    def to_query(self, user: User) -> InsuranceQuery:
        """The filters as a query; an officer's is of the own bank's borrowers."""
        bank = user.scope.bank or self.bank
        level = GroupLevel(self.level)
        return InsuranceQuery(
            level, self.cover, bank, self.area, self.within_days, FILING_WITHIN_DAYS, self.rows, self.cursor
        )


RequestedInsurance = Annotated[InsuranceFilters, Depends()]


@insurance_router.get("/insurance")
def show_insurance(
    request: Request, store: CurrentData, user: CurrentUser, language: PageLanguage, filters: RequestedInsurance
) -> HTMLResponse:
    """Enrolment and claims by cover and place, due loans without industry insurance, and filing days near."""
    try:
        month = published_month(store, filters.as_of)
        report = insurance_report(month, store, filters.to_query(user))
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    audit_row_count(request, report.uncovered_total + report.filings_total)
    return render_page(
        request,
        "insurance.html",
        language,
        report=report,
        filters=filters,
        groups=report.groups[:_GROUPS_SHOWN],
        filings=report.filings[:_FILINGS_SHOWN],
        levels=[level.value for level in INSURANCE_LEVELS],
        covers={each.value: getattr(each.words, language) for each in InsuranceCover},
        due_within=DUE_WITHIN,
        places=place_directory(month, store),
    )


@insurance_router.get("/insurance.xlsx")
def download_insurance(
    request: Request, store: CurrentData, user: CurrentUser, language: PageLanguage, filters: RequestedInsurance
) -> Response:
    """The same as a workbook: by cover, by township and village, and both lists."""
    try:
        month, query = published_month(store, filters.as_of), filters.to_query(user)
        tables = insurance_tables(month, store, query, place_directory(month, store), MOST_EXPORTED_LOANS)
        content = workbook(tables, language, context_of(request).now())
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    audit_row_count(request, sum(table.frame.height for table in tables[-2:]))
    headers = {"content-disposition": f'attachment; filename="insurance-{month.as_of}.xlsx"'}
    return Response(content, media_type=_EXCEL, headers=headers)
