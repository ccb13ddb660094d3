"""Routes of the household ledger: every household with its grade and limit, borrower or not; and one of them."""

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
    SearchText,
    json_response,
    published_month,
)
from serving.household_ledger.county_ledger import GradeFilter, LedgerQuery, ledger_page
from serving.household_ledger.one_household import month_household_ledger
from serving.http.dependencies import AuthenticatedRoute, CurrentData, audit_row_count
from serving.http.problems import NotFoundError
from serving.schemas.ledger_answers import HouseholdLedgerAnswer, LedgerPage

ledger_router = APIRouter(
    route_class=AuthenticatedRoute, prefix="/api/v1", responses=PROBLEM_RESPONSES, tags=["households"]
)
GradeParameter = Annotated[GradeFilter | None, Query(description="a grade; `none` for households without one")]
Borrowing = Annotated[bool | None, Query(description="whether they have an open loan; both where it is left out")]


@ledger_router.get("/ledger", response_model=LedgerPage)
def list_ledger(
    request: Request,
    store: CurrentData,
    as_of: AsOf = None,
    area: Area = None,
    grade: GradeParameter = None,
    borrowing: Borrowing = None,
    q: SearchText = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Every household in the reader's scope with its grade, limit and drawings, page by page, by village."""
    text = store.stored_id(q) if q else None
    page = ledger_page(published_month(store, as_of), store, LedgerQuery(area, grade, borrowing, text, limit, cursor))
    audit_row_count(request, page.total)
    return json_response(page)


@ledger_router.get("/ledger/{household_id}")
def get_household_ledger(store: CurrentData, household_id: Identifier, as_of: AsOf = None) -> HouseholdLedgerAnswer:
    """The ledger of one household: ratings line by line, limit and drawings, why the grade moved, and its history."""
    month = published_month(store, as_of)
    try:
        return month_household_ledger(month, store, store.stored_id(household_id))
    except UserError as refusal:
        raise NotFoundError(refusal.message.zh, refusal.message.en) from refusal
