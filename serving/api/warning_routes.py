"""The routes: each reads a published month and answers in types."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask

from features.messages import Refused
from models.group_light.evaluate_groups import Level
from serving.batch.inputs import champion
from serving.explain.household import explanation_at_hand, explanation_json
from serving.explain.household_cache import get_ready
from serving.explain.sentences import told
from serving.http.context import Desk, desk_of
from serving.http.dependencies import Kept, counted
from serving.http.problems import NotFound, NotReady, Problem
from serving.months.data_folder import Store
from serving.months.loan_history import history
from serving.months.loan_index import Sort
from serving.months.repository import Month, Published
from serving.portfolio.group_lights import summary
from serving.portfolio.maturities import DueLevel, maturities
from serving.portfolio.worklist import Asked, worklist
from serving.schemas.household_sheet import HouseholdExplanation
from serving.schemas.loan_warning import LoanHistory, LoanWarning, WarningPage
from serving.schemas.portfolio import MaturityCalendar, ModelAnswer, Summary

Colour = Literal["green", "yellow", "red"]
Identifier = Annotated[str, Path(min_length=1, max_length=64)]
AsOf = Annotated[date | None, Query(description="a published month end; the newest where none is named")]
Bank = Annotated[str | None, Query(max_length=64)]
Area = Annotated[str | None, Query(pattern=r"^[0-9]{2,12}$", description="first digits of a village code")]
WithinDays = Annotated[int | None, Query(ge=0, le=3660)]
Sought = Annotated[str | None, Query(max_length=64, description="part of a household or loan number")]
Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[str | None, Query(max_length=200)]
PROBLEMS: dict[int | str, dict[str, Any]] = {
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
api = APIRouter(prefix="/api/v1", responses=PROBLEMS)
health = APIRouter(prefix="/health", tags=["health"])


def published_month(store: Store, as_of: date | None) -> Month:
    return Published(store).month(as_of)


def as_json(answer: BaseModel) -> Response:
    """An answer that is what its route declares already: it is not looked through again."""
    return Response(answer.model_dump_json(), media_type="application/json")


def unlisted(loan: str, as_of: date) -> NotFound:
    return NotFound(f"{as_of} 的名单中没有贷款 {loan}。", f"Loan {loan} is not in the list of {as_of}.")


@health.get("/live")
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@health.get("/ready", responses={503: {"model": Problem}})
def ready(request: Request, store: Kept) -> dict[str, str]:
    """The database answers, a month is published and can be read, and the champion's card is there."""
    _check_database(desk_of(request))
    try:
        month = published_month(store, None)
    except Refused as refusal:
        raise NotReady(refusal.words.zh, refusal.words.en) from refusal
    return {"status": "ready", "as_of": month.manifest.as_of, "champion": _champion_number(store)}


def _champion_number(store: Store) -> str:
    """Without reading its trees: asked every few seconds."""
    number = store.models.holder("champion")
    if number is not None and not (store.models.folder / str(number) / "card.json").is_file():
        raise NotReady(f"模型 {number} 的文件不全。", f"Model {number} lacks files.")
    return "none" if number is None else str(number)


def _check_database(desk: Desk) -> None:
    try:
        with desk.database.reading() as session:
            session.execute(select(1))
    except SQLAlchemyError as error:
        raise NotReady("数据库没有应答。", "The database does not answer.") from error


@api.get("/warnings", response_model=WarningPage)
def warnings(
    request: Request,
    store: Kept,
    as_of: AsOf = None,
    light: Colour | None = None,
    rule_light: Colour | None = None,
    model_light: Colour | None = None,
    bank: Bank = None,
    area: Area = None,
    due_within_days: WithinDays = None,
    q: Sought = None,
    sort: Sort = Sort.RISK,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """The work list of a month, filtered and sorted, page by page."""
    month = published_month(store, as_of)
    sought = store.kept_as(q) if q else None
    asked = Asked(light, rule_light, model_light, bank, area, due_within_days, sought, sort, limit, cursor)
    page = worklist(month, asked)
    counted(request, page.total)
    return as_json(page)


@api.get("/loans/{loan_id}/warning")
def loan_warning(store: Kept, loan_id: Identifier, as_of: AsOf = None) -> LoanWarning:
    """The warning of one open loan."""
    month = published_month(store, as_of)
    mine = pl.col("loan_id") == loan_id
    found = month.loans("warnings", mine)
    if found.is_empty():
        raise unlisted(loan_id, month.as_of)
    return told(found, month.loans("features", mine), month)[0]


@api.get("/loans/{loan_id}/history")
def loan_history(store: Kept, loan_id: Identifier, as_of: AsOf = None) -> LoanHistory:
    """The light and the figures of one loan at each published month end up to as_of, as they were published."""
    day = published_month(store, as_of).as_of
    found = history(store, loan_id, day)
    if found is None:
        raise unlisted(loan_id, day)
    return found


@api.get("/households/{household_id}/explanation", response_model=HouseholdExplanation)
async def household_explanation(store: Kept, household_id: Identifier, as_of: AsOf = None) -> Response:
    """All open loans of a household: lights, rules, reasons, facts by family, repayment history."""
    month, household = published_month(store, as_of), store.kept_as(household_id)
    if known := explanation_at_hand(month, store, household):  # a thread would cost more than the answer
        return Response(known, media_type="application/json")
    try:
        found = await run_in_threadpool(explanation_json, month, store, household)
        then = BackgroundTask(get_ready, month, store, household)
        return Response(found, media_type="application/json", background=then)
    except Refused as refusal:
        raise NotFound(refusal.words.zh, refusal.words.en) from refusal


@api.get("/summary")
def group_summary(store: Kept, level: Level = Level.TOWNSHIP, as_of: AsOf = None) -> Summary:
    """Counties, townships, villages, banks or products compared by overdue balance and households."""
    return summary(published_month(store, as_of), level)


@api.get("/maturities")
def maturity_calendar(
    request: Request,
    store: Kept,
    within_days: WithinDays = None,
    level: DueLevel = DueLevel.TOWNSHIP,
    as_of: AsOf = None,
    bank: Bank = None,
    area: Area = None,
    q: Sought = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> MaturityCalendar:
    """Principal that falls due within so many days, whatever the light: by list, by group, and loan by loan."""
    sought = store.kept_as(q) if q else None
    asked = Asked(bank=bank, area=area, due_within_days=within_days, q=sought, limit=limit, cursor=cursor)
    calendar = maturities(published_month(store, as_of), level, asked)
    counted(request, calendar.total)
    return calendar


@api.get("/model")
def model(store: Kept) -> ModelAnswer:
    """The champion's card and policy, and who was champion when."""
    bundle, refused = champion(store)
    return ModelAnswer(
        model_version=bundle.version if bundle else None,
        policy_version=bundle.policy.version if bundle else None,
        refused=refused,
        card=dict(bundle.card) if bundle else None,
        policy=asdict(bundle.policy) if bundle else None,
        history=[dict(entry) for entry in store.models.history],
    )
