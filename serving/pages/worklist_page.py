"""The page of the work list: filters, sorting, search, and its download as CSV or Excel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BeforeValidator, Field

from features.messages import UserError
from serving.api.warning_routes import published_month
from serving.http.context import context_of
from serving.http.dependencies import CurrentData, audit_row_count
from serving.months.data_folder import DataFolder
from serving.months.loan_index import LoanOrder
from serving.months.repository import MonthRepository
from serving.pages.rendering import PageLanguage, render_page, render_refusal
from serving.portfolio.place_names import place_directory
from serving.portfolio.quadrants import QUADRANT_WORDS, Quadrant
from serving.portfolio.report_tables import ReportTable
from serving.portfolio.worklist import WorklistQuery, worklist, worklist_counts
from serving.reports.csv import csv_file
from serving.reports.excel import workbook
from serving.reports.listing import worklist_table
from serving.schemas.loan_warning import LoanStatus
from serving.text.page_words import Language

worklist_router = APIRouter(include_in_schema=False)
DUE_WITHIN = (30, 60, 90, 180, 365)
"""Days that the form offers; the address may name others."""
_Empty = BeforeValidator(lambda text: text or None)
"""Reads an empty field of the form as None."""
_Light = Annotated[Literal["green", "yellow", "red"] | None, _Empty, Query()]
_Code = Annotated[Annotated[str, Field(pattern=r"^[0-9]{2,12}$")] | None, _Empty, Query()]
_Days = Annotated[Annotated[int, Field(ge=0, le=3660)] | None, _Empty, Query()]
_Text = Annotated[Annotated[str, Field(max_length=64)] | None, _Empty, Query()]


@dataclass(frozen=True)
class Filters:
    """Query parameters of the list. village: counts where it lies in `area`."""

    as_of: Annotated[date | None, _Empty, Query()] = None
    light: _Light = None
    rule_light: _Light = None
    model_light: _Light = None
    status: Annotated[LoanStatus | None, _Empty, Query()] = None
    corner: Annotated[Quadrant | None, _Empty, Query()] = None
    bank: _Text = None
    area: _Code = None
    village: _Code = None
    due_within_days: _Days = None
    q: _Text = None
    sort: Annotated[LoanOrder, BeforeValidator(lambda text: text or LoanOrder.RISK), Query()] = LoanOrder.RISK
    cursor: Annotated[Annotated[str, Field(max_length=200)] | None, _Empty, Query()] = None

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
        )


RequestedFilters = Annotated[Filters, Depends()]


@worklist_router.get("/")
def show_worklist(
    request: Request, store: CurrentData, language: PageLanguage, filters: RequestedFilters
) -> HTMLResponse:
    """The month's list, riskiest first unless asked otherwise."""
    try:
        month, query = published_month(store, filters.as_of), filters.to_query(store)
        listed = worklist(month, query)
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    audit_row_count(request, listed.total)
    return render_page(
        request,
        "home.html",
        language,
        listed=listed,
        counts=worklist_counts(month, query),
        filters=filters,
        narrowed=filters.is_narrowed,
        places=place_directory(month, store),
        months=MonthRepository(store).months(),
        sorts=[each.value for each in LoanOrder],
        due_within=DUE_WITHIN,
        corners={each.value: getattr(words, language) for each, words in QUADRANT_WORDS.items()},
        q=filters.q or "",
    )


@worklist_router.get("/worklist.csv")
def download_csv(request: Request, store: CurrentData, language: PageLanguage, filters: RequestedFilters) -> Response:
    """The filtered list as a CSV file."""
    return _download(
        request, store, language, filters, "text/csv; charset=utf-8", lambda table: csv_file(table, language)
    )


@worklist_router.get("/worklist.xlsx")
def download_workbook(
    request: Request, store: CurrentData, language: PageLanguage, filters: RequestedFilters
) -> Response:
    """The filtered list as an Excel workbook."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    made_at = context_of(request).now()
    return _download(request, store, language, filters, kind, lambda table: workbook([table], [language], made_at))


def _download(
    request: Request,
    store: DataFolder,
    language: Language,
    filters: Filters,
    kind: str,
    to_bytes: Callable[[ReportTable], bytes],
) -> Response:
    try:
        month = published_month(store, filters.as_of)
        table = worklist_table(month, filters.to_query(store), place_directory(month, store))
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    audit_row_count(request, table.frame.height)
    name = f"{request.url.path.rpartition('/')[2].replace('.', f'-{month.as_of}.')}"
    return Response(to_bytes(table), media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})
