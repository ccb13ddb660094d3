"""Reports from the page: statistics, bulletin or assessment of the reader's loans as an Excel workbook."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from features.messages import UserError
from serving.http.context import context_of
from serving.http.dependencies import AuthenticatedRoute, CurrentUser, audit_as_export, audit_detail
from serving.http.problems import status_of
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from serving.pages.rendering import PageLanguage, render_page, render_refusal
from serving.portfolio.case_records import case_records
from serving.portfolio.report_period import Issue, Period, ReportScope
from serving.reports.county_report import CountyReport
from serving.reports.issue import statistics_workbook
from serving.text.written_day import Day

report_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@report_router.get("/reports")
def show_reports(request: Request, language: PageLanguage) -> Response:
    """The form that asks for a report: month and kind."""
    months = MonthRepository(context_of(request).store).months()
    kinds = {issue.value: getattr(issue.words, language) for issue in Issue}
    return render_page(request, "reports.html", language, months=months, kinds=kinds)


@report_router.get("/reports/statistics.xlsx")
def download_statistics(
    request: Request, user: CurrentUser, language: PageLanguage, as_of: Annotated[Day, Query()], kind: Issue
) -> Response:
    """The statistics of a month, quarter or year of the loans that the reader works with, in the page's language."""
    context, scope = context_of(request), user.scope.loans_only()
    store = DataFolder(context.store.folder, scope)
    period, narrowed = Period(kind, as_of), ReportScope(scope.bank, scope.area)
    try:
        records = case_records(context.database, context.store, as_of, context.today)
        content = statistics_workbook(CountyReport(store, period, narrowed, records), language)
    except UserError as refusal:
        return render_refusal(request, language, refusal, status_of(refusal), back=f"/reports?lang={language}")
    audit_as_export(request)
    audit_detail(request, report=kind.value, as_of=str(as_of))
    name = f"{kind.value}-{as_of}-{language}.xlsx"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=_EXCEL, headers=headers)
