"""The page of the work list: filters, sorting, search, its cases, its print and its download as CSV or Excel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BeforeValidator, Field

from features.messages import UserError
from serving.access.roles import Right
from serving.api.warning_routes import published_month
from serving.cases.assignees import assignees_within
from serving.cases.kinds import ESCALATION_WORDS
from serving.explain.plain_reasons import plain_fact
from serving.http.context import context_of
from serving.http.dependencies import (
    AuthenticatedRoute,
    CurrentData,
    CurrentUser,
    User,
    audit_as_export,
    audit_row_count,
)
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.loan_index import LoanOrder
from serving.months.repository import MonthRepository
from serving.pages.rendering import PAGE_SIZES, PageLanguage, PageSize, render_page, render_refusal
from serving.portfolio.case_work import DUTY_WORDS, VIEW_WORDS, CaseWorkload, WorkView, case_workload
from serving.portfolio.news_list import NewsKind, NewsQuery, news_since_month
from serving.portfolio.place_names import place_directory
from serving.portfolio.promises import PROMISE_WORDS
from serving.portfolio.quadrants import QUADRANT_WORDS, Quadrant
from serving.portfolio.report_tables import ReportTable
from serving.portfolio.worklist import WorklistQuery, matching_loans, worklist, worklist_counts
from serving.reports.csv import csv_file
from serving.reports.excel import workbook
from serving.reports.listing import worklist_table
from serving.schemas.loan_warning import LoanStatus
from serving.text.page_words import Language
from serving.text.written_day import EMPTY, Day

worklist_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
DUE_WITHIN = (30, 60, 90, 180, 365)
"""Days that the form offers; the address may name others."""
MOST_PRINTED_LOANS = 2_000
"""Loans on the page that is printed; a county's whole list is an Excel file."""
_FIRST_ORDER = LoanOrder.PREVENTION
_Light = Annotated[Literal["green", "yellow", "red"] | None, EMPTY, Query()]
_Code = Annotated[Annotated[str, Field(pattern=r"^[0-9]{2,12}$")] | None, EMPTY, Query()]
_Days = Annotated[Annotated[int, Field(ge=0, le=3660)] | None, EMPTY, Query()]
_Text = Annotated[Annotated[str, Field(max_length=64)] | None, EMPTY, Query()]


@dataclass(frozen=True)
class Filters:
    """Query parameters of the list. village: counts where it lies in `area`. rows: loans on a page."""

    as_of: Annotated[Day | None, EMPTY, Query()] = None
    light: _Light = None
    rule_light: _Light = None
    model_light: _Light = None
    status: Annotated[LoanStatus | None, EMPTY, Query()] = None
    corner: Annotated[Quadrant | None, EMPTY, Query()] = None
    bank: _Text = None
    area: _Code = None
    village: _Code = None
    due_within_days: _Days = None
    q: _Text = None
    sort: Annotated[LoanOrder, BeforeValidator(lambda text: text or _FIRST_ORDER), Query()] = _FIRST_ORDER
    work: Annotated[WorkView | None, EMPTY, Query()] = None
    cursor: Annotated[Annotated[str, Field(max_length=200)] | None, EMPTY, Query()] = None
    rows: PageSize = PAGE_SIZES[0]

    @property
    def is_narrowed(self) -> bool:
        """Whether there are more filters than light, corner and search."""
        others = (self.rule_light, self.model_light, self.status, self.bank, self.area)
        return any((*others, self.due_within_days is not None))

    @property
    def narrowest_area(self) -> str | None:
        """The village where it lies in the township, else the township."""
        inside = self.village is not None and self.village.startswith(self.area or "")
        return self.village if inside else self.area

    def as_parameters(self, language: Language) -> str:
        """The filters as the query of an address, without the page."""
        values = {
            field.name: getattr(self, field.name) for field in fields(self) if field.name not in ("cursor", "rows")
        }
        return urlencode({"lang": language, **{name: value for name, value in values.items() if value is not None}})

    def to_query(self, store: DataFolder) -> WorklistQuery:
        """The filters as a query of the work list; an identity number in the search becomes a pseudonym."""
        return WorklistQuery(
            light=self.light,
            rule_light=self.rule_light,
            model_light=self.model_light,
            quadrant=self.corner,
            status=self.status,
            bank=self.bank,
            area=self.narrowest_area,
            due_within_days=self.due_within_days,
            text=store.stored_id(self.q) if self.q else None,
            sort=self.sort,
            cursor=self.cursor,
            work=self.work,
        )


RequestedFilters = Annotated[Filters, Depends()]


@worklist_router.get("/")
def show_worklist(
    request: Request,
    store: CurrentData,
    user: CurrentUser,
    language: PageLanguage,
    filters: RequestedFilters,
    assigned: Annotated[Annotated[int, Field(ge=0, le=1_000)] | None, EMPTY, Query()] = None,
) -> HTMLResponse:
    """The month's list, by what a visit can still prevent unless asked otherwise. assigned: loans assigned just now."""
    return _render_list(request, store, user, language, filters, filters.rows, assigned)


@worklist_router.get("/worklist/print")
def print_worklist(
    request: Request, store: CurrentData, user: CurrentUser, language: PageLanguage, filters: RequestedFilters
) -> HTMLResponse:
    """The whole filtered list on one page, to print."""
    return _render_list(request, store, user, language, replace(filters, cursor=None), MOST_PRINTED_LOANS)


def _render_list(
    request: Request,
    store: DataFolder,
    user: User,
    language: Language,
    filters: Filters,
    limit: int,
    assigned: int | None = None,
) -> HTMLResponse:
    try:
        month = published_month(store, filters.as_of)
        workload = workload_for(request, store, user, month)
        query = query_with_work(filters, store, user, workload)
        listed = worklist(month, replace(query, limit=limit))
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    is_whole = limit == MOST_PRINTED_LOANS
    audit_row_count(request, min(listed.total, limit) if is_whole else listed.total)
    if is_whole:
        audit_as_export(request)
    work = workload.by_loan(item.loan_id for item in listed.items) if workload else {}
    news = news_since_month(store, month) if month.as_of == MonthRepository(store).months()[0] else None
    return render_page(
        request,
        "home.html",
        language,
        listed=listed,
        plain_fact=plain_fact,
        counts=worklist_counts(month, query),
        filters=filters,
        narrowed=filters.is_narrowed,
        places=place_directory(month, store),
        months=MonthRepository(store).months(),
        sorts=[each.value for each in LoanOrder],
        due_within=DUE_WITHIN,
        corners={each.value: getattr(words, language) for each, words in QUADRANT_WORDS.items()},
        q=filters.q or "",
        work=work,
        views={view.value: getattr(words, language) for view, words in VIEW_WORDS.items()},
        view_counts=_view_counts(month, query, workload, user) if workload else None,
        unlisted_cases=workload.unlisted_cases(user.name) if workload else 0,
        unreadable=workload.unreadable if workload else (),
        duties={state.value: getattr(words, language) for state, words in DUTY_WORDS.items()},
        promises={state.value: getattr(words, language) for state, words in PROMISE_WORDS.items()},
        levels={level.value: getattr(words, language) for level, words in ESCALATION_WORDS.items()},
        assignees=_assignees(request, user) if workload and not is_whole else [],
        is_whole=is_whole,
        list_parameters=filters.as_parameters(language),
        matures_on={item.loan_id: month.as_of + timedelta(days=item.days_to_maturity) for item in listed.items},
        assigned=assigned,
        worse=news.counts(NewsQuery()).get(NewsKind.WORSE, 0) if news else 0,
        watched=news.days[-1].as_of if news and news.days else None,
        lights_now=news.lights_of([item.loan_id for item in listed.items]) if news else {},
    )


def workload_for(request: Request, store: DataFolder, user: User, month: PublishedMonth) -> CaseWorkload | None:
    """The visits and cases within the user's scope.

    None for a role that does not work on cases, and for an earlier month, whose visits are no longer due.
    """
    if not user.has_right(Right.CASES) or month.as_of != MonthRepository(store).months()[0]:
        return None
    context = context_of(request)
    return case_workload(context.database, store, user.scope, context.today)


def query_with_work(filters: Filters, store: DataFolder, user: User, workload: CaseWorkload | None) -> WorklistQuery:
    """The filters as a query, with the loans of the chosen view of cases.

    Raises UserError where a view is chosen for an earlier month, or by a role that does not work on cases.
    """
    query = filters.to_query(store)
    if filters.work is None:
        return query
    if workload is None:
        raise UserError(
            "走访视图只用于最新月份，且只供办理走访处置单的角色使用；请去掉该筛选。",
            "The views of visits are for the newest month and for roles that work on cases; leave `work` out.",
        )
    return replace(query, loans=tuple(workload.loans_in(filters.work, user.name, user.role)))


def _view_counts(
    month: PublishedMonth, query: WorklistQuery, workload: CaseWorkload, user: User
) -> dict[WorkView, int]:
    """Loans in each view, of those that the other filters leave: what a view's link then lists."""
    filtered = matching_loans(month, replace(query, work=None, loans=None), workload.rows["loan_id"])
    return workload.view_counts(user.name, user.role, filtered)


def _assignees(request: Request, user: User) -> list[str]:
    with context_of(request).database.read_session() as session:
        return assignees_within(session, user.scope)


@worklist_router.get("/worklist.csv")
def download_csv(
    request: Request, store: CurrentData, user: CurrentUser, language: PageLanguage, filters: RequestedFilters
) -> Response:
    """The filtered list as a CSV file."""
    kind = "text/csv; charset=utf-8"
    return _download(request, store, user, language, filters, kind, lambda table: csv_file(table, language))


@worklist_router.get("/worklist.xlsx")
def download_workbook(
    request: Request, store: CurrentData, user: CurrentUser, language: PageLanguage, filters: RequestedFilters
) -> Response:
    """The filtered list as an Excel workbook."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    made_at = context_of(request).now()
    return _download(request, store, user, language, filters, kind, lambda table: workbook([table], language, made_at))


def _download(
    request: Request,
    store: DataFolder,
    user: User,
    language: Language,
    filters: Filters,
    kind: str,
    to_bytes: Callable[[ReportTable], bytes],
) -> Response:
    try:
        month = published_month(store, filters.as_of)
        workload = workload_for(request, store, user, month)
        query = query_with_work(filters, store, user, workload)
        table = worklist_table(month, query, place_directory(month, store), workload)
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    audit_row_count(request, table.frame.height)
    name = f"{request.url.path.rpartition('/')[2].replace('.', f'-{month.as_of}.')}"
    return Response(to_bytes(table), media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})
