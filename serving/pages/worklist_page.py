"""The work list: narrowed, sorted, searched, turned page by page, and taken away as a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BeforeValidator, Field

from features.messages import Refused
from serving.api.warning_routes import published_month
from serving.http.context import desk_of
from serving.http.dependencies import Kept, counted
from serving.months.data_folder import Store
from serving.months.loan_index import Sort
from serving.months.repository import Published
from serving.pages.rendering import Spoken, page, refused
from serving.portfolio.place_names import places
from serving.portfolio.quadrants import CORNER_WORDS, Corner
from serving.portfolio.report_tables import Table
from serving.portfolio.worklist import Asked, counts, worklist
from serving.reports.csv import csv_file
from serving.reports.excel import workbook
from serving.reports.listing import listing
from serving.text.page_words import Language

list_pages = APIRouter(include_in_schema=False)
DUE_WITHIN = (30, 60, 90, 180, 365)
"""Days that the form offers; an address may name others."""
_Empty = BeforeValidator(lambda text: text or None)
"""A field of the form that was left as it is asks for nothing."""
_Light = Annotated[Literal["green", "yellow", "red"] | None, _Empty, Query()]
_Code = Annotated[Annotated[str, Field(pattern=r"^[0-9]{2,12}$")] | None, _Empty, Query()]
_Days = Annotated[Annotated[int, Field(ge=0, le=3660)] | None, _Empty, Query()]
_Text = Annotated[Annotated[str, Field(max_length=64)] | None, _Empty, Query()]


@dataclass(frozen=True)
class Filters:
    """What the list is asked for. village: counts where it lies in `area`."""

    as_of: Annotated[date | None, _Empty, Query()] = None
    light: _Light = None
    rule_light: _Light = None
    model_light: _Light = None
    corner: Annotated[Corner | None, _Empty, Query()] = None
    bank: _Text = None
    area: _Code = None
    village: _Code = None
    due_within_days: _Days = None
    q: _Text = None
    sort: Annotated[Sort, BeforeValidator(lambda text: text or Sort.RISK), Query()] = Sort.RISK
    cursor: Annotated[Annotated[str, Field(max_length=200)] | None, _Empty, Query()] = None

    @property
    def narrowed(self) -> bool:
        """Whether more is asked than a light, a corner or a search."""
        return any((self.rule_light, self.model_light, self.bank, self.area, self.due_within_days is not None))

    @property
    def within(self) -> str | None:
        """The narrower of township and village."""
        inside = self.village is not None and self.village.startswith(self.area or "")
        return self.village if inside else self.area

    def asked(self, store: Store) -> Asked:
        return Asked(
            light=self.light,
            rule_light=self.rule_light,
            model_light=self.model_light,
            corner=self.corner,
            bank=self.bank,
            area=self.within,
            due_within_days=self.due_within_days,
            q=store.kept_as(self.q) if self.q else None,
            sort=self.sort,
            cursor=self.cursor,
        )


Filtered = Annotated[Filters, Depends()]


@list_pages.get("/")
def home(request: Request, store: Kept, language: Spoken, filters: Filtered) -> HTMLResponse:
    """The month's list, riskiest first unless asked otherwise."""
    try:
        month, asked = published_month(store, filters.as_of), filters.asked(store)
        listed = worklist(month, asked)
    except Refused as refusal:
        return refused(request, language, refusal, 409)
    counted(request, listed.total)
    return page(
        request,
        "home.html",
        language,
        listed=listed,
        counts=counts(month, asked),
        filters=filters,
        narrowed=filters.narrowed,
        places=places(month, store),
        months=Published(store).months(),
        sorts=[each.value for each in Sort],
        due_within=DUE_WITHIN,
        corners={each.value: getattr(said, language) for each, said in CORNER_WORDS.items()},
        q=filters.q or "",
    )


@list_pages.get("/worklist.csv")
def as_csv(request: Request, store: Kept, language: Spoken, filters: Filtered) -> Response:
    """What is listed, as text."""
    return _taken(request, store, language, filters, "text/csv; charset=utf-8", lambda table: csv_file(table, language))


@list_pages.get("/worklist.xlsx")
def as_workbook(request: Request, store: Kept, language: Spoken, filters: Filtered) -> Response:
    """What is listed, as an Excel workbook."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    made_at = desk_of(request).now()
    return _taken(request, store, language, filters, kind, lambda table: workbook([table], [language], made_at))


def _taken(
    request: Request,
    store: Store,
    language: Language,
    filters: Filters,
    kind: str,
    written: Callable[[Table], bytes],
) -> Response:
    try:
        month = published_month(store, filters.as_of)
        table = listing(month, filters.asked(store), places(month, store))
    except Refused as refusal:
        return refused(request, language, refusal, 409)
    counted(request, table.frame.height)
    name = f"{request.url.path.rpartition('/')[2].replace('.', f'-{month.as_of}.')}"
    return Response(written(table), media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})
