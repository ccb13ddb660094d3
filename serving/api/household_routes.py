"""Routes of households, borrowing or not: a list by place and number, and the records of one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from features.messages import UserError
from serving.api.warning_routes import (
    PROBLEM_RESPONSES,
    Area,
    AsOf,
    Cursor,
    Identifier,
    Limit,
    json_response,
    published_month,
)
from serving.explain.ledger_records import household_records
from serving.http.dependencies import AuthenticatedRoute, CurrentData, audit_row_count
from serving.http.problems import NotFoundError
from serving.months.data_folder import DataFolder
from serving.portfolio.household_search import HouseholdQuery, household_search
from serving.schemas.household_records import HouseholdPage, HouseholdRecords, LoanFilter

household_route_router = APIRouter(
    route_class=AuthenticatedRoute, prefix="/api/v1", responses=PROBLEM_RESPONSES, tags=["households"]
)
PlaceOrNumber = Annotated[
    str | None,
    Query(max_length=64, description="parts of a household's or loan's number, or of a place's name or code"),
]


def household_query(
    store: DataFolder, text: str | None, area: str | None, loans: LoanFilter | None, limit: int, cursor: str | None
) -> HouseholdQuery:
    """The query that a reader's search asks for; an identity number in its text becomes a pseudonym."""
    typed = (text or "").strip()
    stored = store.stored_id(typed)
    words = (stored,) if stored != typed else tuple(store.stored_id(word) for word in typed.split())
    return HouseholdQuery(words, area, loans, limit, cursor)


@household_route_router.get("/households", response_model=HouseholdPage)
def list_households(
    request: Request,
    store: CurrentData,
    as_of: AsOf = None,
    q: PlaceOrNumber = None,
    area: Area = None,
    loans: LoanFilter | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Households of the ledger, with an open loan or without, by village and number, page by page."""
    query = household_query(store, q, area, loans, limit, cursor)
    page = household_search(published_month(store, as_of), store, query)
    audit_row_count(request, page.total)
    return json_response(page)


@household_route_router.get("/households/{household_id}", response_model=HouseholdRecords)
def get_household(store: CurrentData, household_id: Identifier, as_of: AsOf = None) -> Response:
    """What the ledger holds of a household: loans, also closed ones, income, assets, insurance, reviews, and gaps."""
    month = published_month(store, as_of)
    try:
        return json_response(household_records(month, store, store.stored_id(household_id)))
    except UserError as refusal:
        raise NotFoundError(refusal.message.zh, refusal.message.en) from refusal
