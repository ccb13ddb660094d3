"""Routes of warnings, households, portfolio and model, which read a published month; and the health checks."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask

from features.messages import UserError
from models.group_light.evaluate_groups import GroupLevel
from serving.batch.inputs import model_in_use
from serving.explain.household import cached_explanation_json, explanation_json
from serving.explain.household_cache import warm_up_household
from serving.explain.ledger_loan import loan_history
from serving.explain.sentences import render_warnings
from serving.http.context import context_of
from serving.http.dependencies import AuthenticatedRoute, CurrentData, audit_row_count
from serving.http.problems import NotFoundError, NotReadyError, Problem
from serving.monitor.visit_effect import stored_visit_effect
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.loan_index import LoanOrder, loan_rows
from serving.months.repository import MonthRepository
from serving.portfolio.group_lights import group_lights
from serving.portfolio.maturities import DueLevel, maturity_calendar
from serving.portfolio.worklist import WorklistQuery, worklist
from serving.schemas.basis import LightCode
from serving.schemas.household_sheet import HouseholdExplanation
from serving.schemas.loan_record import LoanHistory
from serving.schemas.loan_warning import LoanStatus, SingleWarning, WarningPage
from serving.schemas.portfolio import ChampionReport, GroupSummary, MaturityCalendar
from serving.text.written_day import Day

Identifier = Annotated[str, Path(min_length=1, max_length=64)]
AsOf = Annotated[Day | None, Query(description="a published month end; the newest where none is named")]
Bank = Annotated[str | None, Query(max_length=64)]
Area = Annotated[str | None, Query(pattern=r"^[0-9]{2,12}$", description="first digits of a village code")]
WithinDays = Annotated[int | None, Query(ge=0, le=3660)]
SearchText = Annotated[str | None, Query(max_length=64, description="part of a household or loan number")]
Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[str | None, Query(max_length=200)]
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": what}
    for status, what in (
        (400, "the body cannot be read"),
        (401, "not signed in"),
        (403, "the role does not reach so far"),
        (404, "not in the list"),
        (409, "not published, or the list has changed"),
        (422, "the request is wrong"),
        (429, "asked too often"),
    )
}
warning_router = APIRouter(route_class=AuthenticatedRoute, prefix="/api/v1", responses=PROBLEM_RESPONSES)
health_router = APIRouter(route_class=AuthenticatedRoute, prefix="/health", tags=["health"])


def published_month(store: DataFolder, as_of: date | None) -> PublishedMonth:
    """The month that ends on as_of; the newest where None. Raises UserError where it is not published."""
    return MonthRepository(store).month(as_of)


def json_response(answer: BaseModel) -> Response:
    """A response model as JSON, without FastAPI's second validation: its route declares the same type."""
    return Response(answer.model_dump_json(), media_type="application/json")


def loan_not_found(loan: str, as_of: date) -> NotFoundError:
    """The error for a loan that is not in the list of a month."""
    return NotFoundError(f"{as_of} 的预警台账中没有贷款 {loan}。", f"Loan {loan} is not in the list of {as_of}.")


@health_router.get("/live")
def get_liveness() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@health_router.get("/ready", responses={503: {"model": Problem}})
def get_readiness(request: Request, store: CurrentData) -> dict[str, str]:
    """The database answers, a month is published and whole, and the card of the model in use is there.

    `degraded` where a file of the newest month is damaged, so that an earlier one is shown.
    """
    try:
        with context_of(request).database.read_session() as session:
            session.execute(select(1))
    except SQLAlchemyError as error:
        raise NotReadyError("数据库没有应答。", "The database does not answer.") from error
    try:
        month = published_month(store, None)
    except UserError as refusal:
        raise NotReadyError(refusal.message.zh, refusal.message.en) from refusal
    champion, in_shadow = store.models.number_of("champion"), store.models.number_in_shadow
    number = champion or in_shadow
    # the card stands for the model: reading its trees would take too long for a check every few seconds
    if number is not None and not (store.models.folder / str(number) / "card.json").is_file():
        raise NotReadyError(f"模型 {number} 的文件不全。", f"Model {number} lacks files.")
    names = {"champion": str(champion or "none")} | ({"shadow": str(in_shadow)} if in_shadow else {})
    if month.damaged is not None:  # it answers, from an earlier month: not ready, but not down
        names |= {"damaged": f"{month.damaged.as_of}", "reason": month.damaged.en}
    return {"status": "degraded" if month.damaged else "ready", "as_of": month.manifest.as_of, **names}


@warning_router.get("/warnings", response_model=WarningPage, tags=["warnings"])
def list_warnings(
    request: Request,
    store: CurrentData,
    as_of: AsOf = None,
    light: LightCode | None = None,
    rule_light: LightCode | None = None,
    model_light: LightCode | None = None,
    bank: Bank = None,
    area: Area = None,
    due_within_days: WithinDays = None,
    status: LoanStatus | None = None,
    q: SearchText = None,
    sort: LoanOrder = LoanOrder.RISK,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """The work list of a month, filtered and sorted, page by page."""
    month = published_month(store, as_of)
    text = store.stored_id(q) if q else None
    query = WorklistQuery(
        light, rule_light, model_light, bank, area, due_within_days, text, sort, limit, cursor, status=status
    )
    page = worklist(month, query)
    audit_row_count(request, page.total)
    return json_response(page)


@warning_router.get("/loans/{loan_id}/warning", tags=["warnings"])
def get_loan_warning(store: CurrentData, loan_id: Identifier, as_of: AsOf = None) -> SingleWarning:
    """The warning of one open loan."""
    month = published_month(store, as_of)
    is_loan = pl.col("loan_id") == loan_id
    rows = loan_rows(month, "warnings", is_loan)
    if rows.is_empty():
        raise loan_not_found(loan_id, month.as_of)
    [warning] = render_warnings(rows, loan_rows(month, "features", is_loan), month)
    return SingleWarning(**warning.model_dump(), month_incomplete=month.incomplete)


@warning_router.get("/loans/{loan_id}/history", tags=["warnings"])
def get_loan_history(store: CurrentData, loan_id: Identifier, as_of: AsOf = None) -> LoanHistory:
    """One loan from payout to as_of, open or closed: its light in each published month, ending, schedule, payments."""
    month = published_month(store, as_of)
    history = loan_history(month, store, loan_id)
    if history is None:
        raise NotFoundError(
            f"{month.as_of} 的预警台账和账本中都没有贷款 {loan_id}，或不在您的查看范围内。",
            f"Loan {loan_id} is neither in the list of {month.as_of} nor in the ledger, or it is not for you to see.",
        )
    return history


@warning_router.get("/households/{household_id}/explanation", response_model=HouseholdExplanation, tags=["households"])
async def explain_household(store: CurrentData, household_id: Identifier, as_of: AsOf = None) -> Response:
    """All open loans of a household: lights, rules, reasons, facts by family, repayment history."""
    month, household = published_month(store, as_of), store.stored_id(household_id)
    if cached := cached_explanation_json(month, store, household):  # a thread would cost more than the answer
        return Response(cached, media_type="application/json")
    try:
        content = await run_in_threadpool(explanation_json, month, store, household)
        warm_up = BackgroundTask(warm_up_household, month, store, household)
        return Response(content, media_type="application/json", background=warm_up)
    except UserError as refusal:
        raise NotFoundError(refusal.message.zh, refusal.message.en) from refusal


@warning_router.get("/summary", tags=["portfolio"])
def get_group_summary(store: CurrentData, level: GroupLevel = GroupLevel.TOWNSHIP, as_of: AsOf = None) -> GroupSummary:
    """Counties, townships, villages, banks or products compared by overdue balance and households."""
    return group_lights(published_month(store, as_of), level)


@warning_router.get("/maturities", tags=["portfolio"])
def list_maturities(
    request: Request,
    store: CurrentData,
    within_days: WithinDays = None,
    level: DueLevel = DueLevel.TOWNSHIP,
    as_of: AsOf = None,
    bank: Bank = None,
    area: Area = None,
    q: SearchText = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> MaturityCalendar:
    """Principal that falls due within so many days, whatever the light: by list, by group, and loan by loan."""
    text = store.stored_id(q) if q else None
    query = WorklistQuery(bank=bank, area=area, due_within_days=within_days, text=text, limit=limit, cursor=cursor)
    calendar = maturity_calendar(published_month(store, as_of), level, query)
    audit_row_count(request, calendar.total)
    return calendar


@warning_router.get("/model", tags=["model"])
def get_model(store: CurrentData) -> ChampionReport:
    """The card and policy of the model in use, who was champion when, and what `lights cases effect` told of visits."""
    model = model_in_use(store)
    bundle = model.bundle
    return ChampionReport(
        model_version=bundle.version if bundle else None,
        policy_version=bundle.policy.version if bundle else None,
        refused=model.why_none,
        shadow=model.shadow,
        card=dict(bundle.card) if bundle else None,
        policy=asdict(bundle.policy) if bundle else None,
        history=[dict(entry) for entry in store.models.history],
        visit_effect=stored_visit_effect(store),
    )
