"""The page of news between month ends: which lights moved, by which fact, since the list was published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import Field

from features.messages import UserError
from serving.api.warning_routes import published_month
from serving.http.dependencies import AuthenticatedRoute, CurrentData, audit_row_count
from serving.pages.rendering import PAGE_SIZES, PageLanguage, PageSize, render_page, render_refusal
from serving.portfolio.news_list import KIND_WORDS, NewsKind, NewsQuery, news_page, news_since_month
from serving.portfolio.place_names import place_directory
from serving.text.written_day import EMPTY, Day

news_page_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)


@dataclass(frozen=True)
class NewsFilters:
    """Query parameters of the page. kind: which way lights moved; all but those that wait for payments where None."""

    since: Annotated[Day | None, EMPTY, Query()] = None
    kind: Annotated[NewsKind | None, EMPTY, Query()] = None
    light: Annotated[Literal["green", "yellow", "red"] | None, EMPTY, Query()] = None
    bank: Annotated[Annotated[str, Field(max_length=64)] | None, EMPTY, Query()] = None
    area: Annotated[Annotated[str, Field(pattern=r"^[0-9]{2,12}$")] | None, EMPTY, Query()] = None
    cursor: Annotated[Annotated[str, Field(max_length=200)] | None, EMPTY, Query()] = None
    rows: PageSize = PAGE_SIZES[0]


@news_page_router.get("/news")
def show_news(
    request: Request, store: CurrentData, language: PageLanguage, filters: Annotated[NewsFilters, Depends()]
) -> HTMLResponse:
    """The lights that moved since the newest month, the newest day first; waiting for payments apart."""
    kind = filters.kind or NewsKind.WORSE
    query = NewsQuery(filters.since, kind, filters.light, filters.bank, filters.area, filters.rows, filters.cursor)
    try:
        month = published_month(store, None)
        news = news_since_month(store, month)
        page = news_page(news, query)
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    audit_row_count(request, page.total)
    return render_page(
        request,
        "news.html",
        language,
        page=page,
        filters=filters,
        kind=kind.value,
        kinds={each.value: getattr(words, language) for each, words in KIND_WORDS.items()},
        counts={each.value: count for each, count in news.counts(query).items()},
        places=place_directory(month, store),
    )
