"""Routes of the news between month ends."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from serving.api.warning_routes import PROBLEM_RESPONSES, Area, Bank, Cursor, Identifier, Limit, published_month
from serving.http.dependencies import AuthenticatedRoute, CurrentData, audit_row_count
from serving.http.problems import NotFoundError
from serving.portfolio.news_list import NewsKind, NewsQuery, household_today, news_page, news_since_month
from serving.schemas.basis import LightCode
from serving.schemas.news import HouseholdToday, NewsPage
from serving.text.written_day import Day

news_router = APIRouter(route_class=AuthenticatedRoute, prefix="/api/v1", responses=PROBLEM_RESPONSES, tags=["news"])


@news_router.get("/news")
def list_news(
    request: Request,
    store: CurrentData,
    since: Annotated[Day | None, Query(description="from that day on; all since the newest month by default")] = None,
    kind: NewsKind | None = None,
    light: LightCode | None = None,
    bank: Bank = None,
    area: Area = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> NewsPage:
    """Loans whose light has moved since the newest published month, the newest day first, page by page."""
    query = NewsQuery(since, kind, light, bank, area, limit, cursor)
    page = news_page(news_since_month(store, published_month(store, None)), query)
    audit_row_count(request, page.total)
    return page


@news_router.get("/households/{household_id}/today")
def get_household_today(store: CurrentData, household_id: Identifier) -> HouseholdToday:
    """A household's lights of the newest month and as of the newest day of news, with the facts between."""
    month = published_month(store, None)
    today = household_today(store, month, store.stored_id(household_id))
    if today is None:
        raise NotFoundError(
            f"{month.as_of} 以来没有农户 {household_id} 的未结贷款。",
            f"Household {household_id} has had no open loan since {month.as_of}.",
        )
    return today
