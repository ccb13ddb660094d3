"""Routes of cases: open one, list them, add an event; with the helpers that the case pages share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import polars as pl
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from features.contract.pseudonym import load_pseudonyms
from serving.access.scope import Scope
from serving.api.warning_routes import PROBLEM_RESPONSES, Area, Bank, loan_not_found, published_month
from serving.cases.repository import (
    Authorship,
    CaseQuery,
    EventFields,
    add_event,
    assign_loans,
    case_by_number,
    count_cases,
    events_by_case,
    open_case,
    search_cases,
)
from serving.cases.schemas import AccountName, CaseAnswer, CasePage, DatabaseId, NewCaseEvent, case_answer
from serving.database.tables import Case
from serving.http.context import AppContext, context_of
from serving.http.dependencies import AuthenticatedRoute, CurrentData, CurrentUser, User, audit_detail, audit_row_count
from serving.months.data_folder import DataFolder
from serving.months.loan_index import loan_rows

case_router = APIRouter(route_class=AuthenticatedRoute, prefix="/api/v1", responses=PROBLEM_RESPONSES, tags=["cases"])
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00]+$")]
MOST_ASSIGNED_AT_ONCE = 200
CaseNumber = Annotated[int, Path(ge=1, le=2_147_483_647)]


class NewCase(BaseModel):
    """A case to be opened on a loan's newest light, with its first event or none."""

    model_config = ConfigDict(extra="forbid")

    loan_id: Identifier
    event: NewCaseEvent | None = None


class CaseChange(BaseModel):
    """One more event. version: of the case as it was seen."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=2_147_483_647)]
    event: NewCaseEvent


class Assignment(BaseModel):
    """Loans whose cases are assigned to an account; a loan without an open case gets one."""

    model_config = ConfigDict(extra="forbid")

    loan_ids: Annotated[list[Identifier], Field(min_length=1, max_length=MOST_ASSIGNED_AT_ONCE)]
    responsible: AccountName


@case_router.post("/cases/assign")
def assign_cases(request: Request, user: CurrentUser, store: CurrentData, assignment: Assignment) -> CasePage:
    """Assign the cases of several loans at once, all or none."""
    context = context_of(request)
    with context.database.write_session() as session:
        cases = assign_listed_loans(
            session, store, assignment.loan_ids, assignment.responsible, authorship_of(user, context), user.scope
        )
        audit_row_count(request, len(cases))
        audit_detail(request, responsible=assignment.responsible, case_ids=[case.number for case in cases])
        items = [answer_with_events(session, case) for case in cases]
    return CasePage(total=len(items), items=items, next_cursor=None)


@case_router.post("/cases", status_code=201)
def create_case(request: Request, user: CurrentUser, store: CurrentData, new_case: NewCase) -> CaseAnswer:
    """Open a case on a loan."""
    context = context_of(request)
    authorship = authorship_of(user, context)
    with context.database.write_session() as session:
        case = open_case_on_loan(session, store, new_case.loan_id, authorship)
        if new_case.event:
            add_event(session, case, case.version, pseudonymized_event(new_case.event, store), authorship)
        audit_detail(request, case_id=case.number, loan_id=case.loan_id)
        return answer_with_events(session, case)


@case_router.get("/cases")
def list_cases(
    request: Request,
    user: CurrentUser,
    state: Literal["open", "closed"] | None = None,
    bank: Bank = None,
    area: Area = None,
    loan_id: Annotated[Identifier | None, Query()] = None,
    household_id: Annotated[Identifier | None, Query()] = None,
    awake: Annotated[bool, Query(description="only those not put off beyond today")] = False,
    responsible: Annotated[AccountName | None, Query(description="the account that they are assigned to")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[DatabaseId | None, Query(description="next_cursor of the page before")] = None,
) -> CasePage:
    """Cases, the newest first."""
    context = context_of(request)
    household = context.store.stored_id(household_id) if household_id else None
    awake_on = context.today if awake else None
    query = CaseQuery(state, bank, area, loan_id, household, awake_on, cursor, limit, responsible)
    page = case_page_for(context, user, query)
    audit_row_count(request, page.total)
    return page


@case_router.patch("/cases/{case_id:number}")
def add_case_event(request: Request, user: CurrentUser, case_id: CaseNumber, change: CaseChange) -> CaseAnswer:
    """Add an event to a case, as it was seen; an outcome closes it."""
    context = context_of(request)
    with context.database.write_session() as session:
        case = case_by_number(session, case_id, user.scope)
        event = pseudonymized_event(change.event, context.store)
        add_event(session, case, change.version, event, authorship_of(user, context))
        audit_detail(request, kind=change.event.kind.value)
        return answer_with_events(session, case)


def case_page_for(context: AppContext, user: User, query: CaseQuery) -> CasePage:
    """One page of the cases that match a query within the user's scope, with their events."""
    with context.database.read_session() as session:
        cases = search_cases(session, query, user.scope)
        events = events_by_case(session, cases)
        total = count_cases(session, query, user.scope)
        items = [case_answer(case, events[case.id]) for case in cases]
    next_cursor = str(cases[-1].number) if len(items) == query.limit else None
    return CasePage(total=total, items=items, next_cursor=next_cursor)


def open_case_on_loan(session: Session, store: DataFolder, loan: str, authorship: Authorship) -> Case:
    """Open a case on the newest published warning of a loan. Raises NotFoundError where the loan is not in the list."""
    month = published_month(store, None)
    rows = loan_rows(month, "warnings", pl.col("loan_id") == loan).to_dicts()
    if not rows:
        raise loan_not_found(loan, month.as_of)
    return open_case(session, rows[0], month.as_of, authorship)


def assign_listed_loans(
    session: Session,
    store: DataFolder,
    loans: Sequence[str],
    responsible: str,
    authorship: Authorship,
    scope: Scope,
) -> list[Case]:
    """Assign the cases of loans in the newest published month; a loan that is named twice counts once.

    Raises NotFoundError where one of the loans is not in the list, and UserError as `assign_loans` does.
    """
    month, names = published_month(store, None), list(dict.fromkeys(loans))
    rows = {row["loan_id"]: row for row in loan_rows(month, "warnings", pl.col("loan_id").is_in(names)).to_dicts()}
    for loan in names:
        if loan not in rows:
            raise loan_not_found(loan, month.as_of)
    return assign_loans(session, [rows[loan] for loan in names], month.as_of, responsible, authorship, scope)


def pseudonymized_event(event: NewCaseEvent, store: DataFolder) -> EventFields:
    """The fields of an event; an identity number in its text becomes a pseudonym."""
    return event.to_fields(load_pseudonyms(store.folder).replace_identity_numbers(event.text) if event.text else None)


def authorship_of(user: User, context: AppContext) -> Authorship:
    """The user, the time and the county's date, for a change of a case."""
    return Authorship(user.name, context.now(), context.today)


def answer_with_events(session: Session, case: Case) -> CaseAnswer:
    """A case with all its events."""
    return case_answer(case, events_by_case(session, [case])[case.id])
