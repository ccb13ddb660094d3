"""Cases over HTTP: open one, find some, add to one."""

from __future__ import annotations

from typing import Annotated, Literal

import polars as pl
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from features.contract.pseudonym import pseudonyms
from serving.api.warning_routes import PROBLEMS, Area, Bank, published_month, unlisted
from serving.cases.repository import Event, Sought, Written, add, case_numbered, counted, events_of, found, open_case
from serving.cases.schemas import CaseAnswer, CasePage, EventIn, Number, case_told
from serving.database.tables import Case
from serving.http.context import Desk, desk_of
from serving.http.dependencies import Kept, Viewer, Viewing, traced
from serving.http.dependencies import counted as audit_count
from serving.months.data_folder import Store

cases = APIRouter(prefix="/api/v1", responses=PROBLEMS, tags=["cases"])
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00]+$")]
CaseNumber = Annotated[int, Path(ge=1, le=2_147_483_647)]


class CaseIn(BaseModel):
    """A case to be opened on a loan's newest light, with its first event or none."""

    model_config = ConfigDict(extra="forbid")

    loan_id: Identifier
    event: EventIn | None = None


class CaseChange(BaseModel):
    """One more event. version: of the case as it was seen."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=2_147_483_647)]
    event: EventIn


@cases.post("/cases", status_code=201)
def open_on_loan(request: Request, viewer: Viewing, store: Kept, asked: CaseIn) -> CaseAnswer:
    """Open a case on a loan."""
    desk = desk_of(request)
    with desk.database.writing() as session:
        case = opened_on(session, store, asked.loan_id, pen_of(viewer, desk))
        if asked.event:
            add(session, case, case.version, kept_event(asked.event, store), pen_of(viewer, desk))
        traced(request, case_id=case.id, loan_id=case.loan_id)
        return told_with_events(session, case)


@cases.get("/cases")
def find_cases(
    request: Request,
    viewer: Viewing,
    state: Literal["open", "closed"] | None = None,
    bank: Bank = None,
    area: Area = None,
    loan_id: Annotated[Identifier | None, Query()] = None,
    household_id: Annotated[Identifier | None, Query()] = None,
    awake: Annotated[bool, Query(description="only those not put off beyond today")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[Number | None, Query(description="next_cursor of the page before")] = None,
) -> CasePage:
    """Cases, the newest first."""
    desk = desk_of(request)
    kept = desk.store.kept_as(household_id) if household_id else None
    awake_on = desk.today if awake else None
    sought = Sought(state, bank, area, loan_id, kept, awake_on, cursor, limit)
    page = case_page(desk, viewer, sought)
    audit_count(request, page.total)
    return page


@cases.patch("/cases/{case_id}")
def add_to_case(request: Request, viewer: Viewing, case_id: CaseNumber, asked: CaseChange) -> CaseAnswer:
    """Add an event to a case, as it was seen; an outcome closes it."""
    desk = desk_of(request)
    with desk.database.writing() as session:
        case = case_numbered(session, case_id, viewer.scope)
        add(session, case, asked.version, kept_event(asked.event, desk.store), pen_of(viewer, desk))
        traced(request, kind=asked.event.kind.value)
        return told_with_events(session, case)


def case_page(desk: Desk, viewer: Viewer, sought: Sought) -> CasePage:
    """One page of the cases that exist for somebody."""
    with desk.database.reading() as session:
        some = found(session, sought, viewer.scope)
        events = events_of(session, some)
        total = counted(session, sought, viewer.scope)
        items = [case_told(case, events[case.id]) for case in some]
    more = str(some[-1].id) if len(items) == sought.limit else None
    return CasePage(total=total, items=items, next_cursor=more)


def opened_on(session: Session, store: Store, loan: str, pen: Written) -> Case:
    """Raises NotFound where the loan does not exist for whoever asks."""
    month = published_month(store, None)
    rows = month.loans("warnings", pl.col("loan_id") == loan).to_dicts()
    if not rows:
        raise unlisted(loan, month.as_of)
    return open_case(session, rows[0], month.as_of, pen)


def kept_event(asked: EventIn, store: Store) -> Event:
    """An identity number in a text is kept as its pseudonym."""
    return asked.event(pseudonyms(store.folder).hidden(asked.text) if asked.text else None)


def pen_of(viewer: Viewer, desk: Desk) -> Written:
    return Written(viewer.name, desk.now(), desk.today)


def told_with_events(session: Session, case: Case) -> CaseAnswer:
    return case_told(case, events_of(session, [case])[case.id])
