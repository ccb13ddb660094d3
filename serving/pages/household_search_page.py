"""The page that finds households of the ledger by place or number, whether they borrow or not."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import Field

from features.messages import UserError
from features.units import HOUSEHOLD_TYPE
from serving.api.household_routes import household_query
from serving.api.warning_routes import published_month
from serving.http.dependencies import AuthenticatedRoute, CurrentData, audit_row_count
from serving.pages.rendering import PAGE_SIZES, PageLanguage, PageSize, render_page, render_refusal
from serving.portfolio.household_search import household_search
from serving.portfolio.place_names import place_directory
from serving.schemas.household_records import LoanFilter
from serving.text.written_day import EMPTY, Day

household_search_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)


@household_search_router.get("/households")
def show_households(
    request: Request,
    store: CurrentData,
    language: PageLanguage,
    as_of: Annotated[Day | None, EMPTY, Query()] = None,
    q: Annotated[Annotated[str, Field(max_length=64)] | None, EMPTY, Query()] = None,
    area: Annotated[Annotated[str, Field(pattern=r"^[0-9]{2,12}$")] | None, EMPTY, Query()] = None,
    loans: Annotated[LoanFilter | None, EMPTY, Query()] = None,
    cursor: Annotated[Annotated[str, Field(max_length=200)] | None, EMPTY, Query()] = None,
    rows: PageSize = PAGE_SIZES[0],
) -> HTMLResponse:
    """Households that match the text, each with its open loans or none; by village and number."""
    try:
        month = published_month(store, as_of)
        page = household_search(month, store, household_query(store, q, area, loans, rows, cursor))
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    audit_row_count(request, page.total)
    return render_page(
        request,
        "households.html",
        language,
        found=page,
        q=q or "",
        area=area,
        loans=loans,
        page_size=rows,
        places=place_directory(month, store),
        types={code: getattr(words, language) for code, words in HOUSEHOLD_TYPE.codes.items()},
    )
