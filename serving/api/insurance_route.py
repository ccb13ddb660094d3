"""The route of the county's insurance 2+X: enrolment, claims, due loans without cover, filing days near."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from models.group_light.evaluate_groups import GroupLevel
from serving.api.warning_routes import (
    PROBLEM_RESPONSES,
    Area,
    AsOf,
    Bank,
    Cursor,
    Limit,
    json_response,
    published_month,
)
from serving.http.dependencies import AuthenticatedRoute, CurrentData, CurrentUser, audit_row_count
from serving.portfolio.insurance_cover import InsuranceCover
from serving.portfolio.insurance_report import (
    DUE_WITHIN_DAYS,
    FILING_WITHIN_DAYS,
    InsuranceQuery,
    insurance_report,
)
from serving.schemas.insured_households import InsuranceReport

insurance_route_router = APIRouter(
    route_class=AuthenticatedRoute, prefix="/api/v1", responses=PROBLEM_RESPONSES, tags=["insurance"]
)
InsuranceLevel = Literal["township", "village"]
DaysAhead = Annotated[int, Query(ge=0, le=3660)]


@insurance_route_router.get("/insurance", response_model=InsuranceReport)
def get_insurance(
    request: Request,
    store: CurrentData,
    user: CurrentUser,
    as_of: AsOf = None,
    level: InsuranceLevel = "township",
    cover: InsuranceCover = InsuranceCover.INDUSTRY,
    bank: Bank = None,
    area: Area = None,
    within_days: DaysAhead = DUE_WITHIN_DAYS,
    filing_within_days: DaysAhead = FILING_WITHIN_DAYS,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Insurance 2+X by cover and place, due loans without industry insurance, and filing days that are near.

    A bank's officer gets the figures of households with an open loan of the bank.
    """
    query = InsuranceQuery(
        GroupLevel(level),
        cover,
        user.scope.bank or bank,
        area,
        within_days,
        filing_within_days,
        limit,
        cursor,
    )
    report = insurance_report(published_month(store, as_of), store, query)
    audit_row_count(request, report.uncovered_total + report.filings_total)
    return json_response(report)
