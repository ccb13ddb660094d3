"""Cases by form: opened and added to from a household's page, and listed."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from features.messages import Refused
from serving.api.case_routes import case_page, kept_event, opened_on, pen_of
from serving.cases.repository import Sought, add, case_numbered
from serving.cases.schemas import EventIn, Number
from serving.http.context import Desk, desk_of
from serving.http.dependencies import Kept, Viewer, Viewing, counted, traced
from serving.http.problems import status_of
from serving.pages.case_forms import case_values
from serving.pages.rendering import Spoken, page, refused, see_other

case_pages = APIRouter(include_in_schema=False)
Cell = Annotated[str, Form(max_length=2_000)]
_LISTED = 50


@case_pages.get("/cases")
def listed_cases(
    request: Request,
    viewer: Viewing,
    language: Spoken,
    state: Literal["open", "closed", "all"] = "open",
    cursor: Annotated[Number | None, Query()] = None,
) -> Response:
    """Cases, the newest first; those put off are listed too, with the day."""
    sought = Sought(None if state == "all" else state, before=cursor, limit=_LISTED)
    worked = case_page(desk_of(request), viewer, sought)
    counted(request, worked.total)
    return page(request, "cases.html", language, state=state, **case_values(worked, language))


@case_pages.post("/households/{household_id}/cases")
def open_from_page(
    request: Request,
    viewer: Viewing,
    store: Kept,
    language: Spoken,
    household_id: str,  # noqa: ARG001 - the page it comes from; the loan says whose it is
    loan_id: Cell = "",
) -> Response:
    """Open a case on one of the household's loans."""
    desk = desk_of(request)
    try:
        with desk.database.writing() as session:
            case = opened_on(session, store, loan_id, pen_of(viewer, desk))
            number, household = case.id, case.household_id
    except Refused as refusal:
        return refused(request, language, refusal, status_of(refusal))
    traced(request, case_id=number, loan_id=loan_id)
    return see_other(f"/households/{quote(household)}", language)


@case_pages.post("/cases/{case_id}")
def add_from_page(
    request: Request,
    viewer: Viewing,
    language: Spoken,
    case_id: Annotated[int, Path(ge=1, le=2_147_483_647)],
    version: Annotated[int, Form(ge=1, le=2_147_483_647)],
    kind: Cell = "",
    on_date: Cell = "",
    amount: Cell = "",
    outcome: Cell = "",
    judgement: Cell = "",
    text: Cell = "",
    answers: Cell = "",
) -> Response:
    """One more event; the page then shows it."""
    cells = {"on_date": on_date, "amount": amount, "outcome": outcome, "judgement": judgement}
    try:
        event = _event({"kind": kind, **cells, "text": text.strip(), "answers": answers})
        household = _added(desk_of(request), viewer, case_id, version, event)
    except Refused as refusal:
        return refused(request, language, refusal, status_of(refusal))
    traced(request, kind=kind)
    return see_other(f"/households/{quote(household)}", language)


def _added(desk: Desk, viewer: Viewer, case_id: int, version: int, event: EventIn) -> str:
    with desk.database.writing() as session:
        case = case_numbered(session, case_id, viewer.scope)
        add(session, case, version, kept_event(event, desk.store), pen_of(viewer, desk))
        return case.household_id


def _event(cells: dict[str, str]) -> EventIn:
    """Raises Refused where a cell is not what it should be."""
    try:
        return EventIn.model_validate({name: cell for name, cell in cells.items() if cell})
    except ValidationError as error:
        names = ", ".join(sorted({str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}))
        raise Refused(
            f"表单填写有误: {names}。请返回修改 (日期写作 2026-01-31, 金额大于 0, 说明不超过 500 字)。",
            f"The form is wrong at: {names}. Go back and correct it (a date is written 2026-01-31, an amount is above "
            "0, a text has at most 500 characters).",
        ) from error
