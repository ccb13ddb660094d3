"""Pages of cases: the list, and the forms that open a case and add an event."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import parse_qsl, quote, urlencode

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from features.messages import UserError
from serving.api.case_routes import (
    MOST_ASSIGNED_AT_ONCE,
    assign_listed_loans,
    authorship_of,
    case_page_for,
    open_case_on_loan,
    pseudonymized_event,
)
from serving.cases.repository import CaseQuery, add_event, case_by_number
from serving.cases.schemas import DatabaseId, NewCaseEvent
from serving.http.context import context_of
from serving.http.dependencies import AuthenticatedRoute, CurrentData, CurrentUser, audit_detail, audit_row_count
from serving.http.problems import status_of
from serving.pages.case_forms import case_form_values
from serving.pages.rendering import PAGE_SIZES, PageLanguage, PageSize, redirect_after_form, render_page, render_refusal

case_page_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
Cell = Annotated[str, Form(max_length=2_000)]


@case_page_router.get("/cases")
def show_cases(
    request: Request,
    user: CurrentUser,
    language: PageLanguage,
    state: Literal["mine", "open", "closed", "all"] = "open",
    cursor: Annotated[DatabaseId | None, Query()] = None,
    rows: PageSize = PAGE_SIZES[0],
) -> Response:
    """Cases, newest first; those put off are listed too, with the day. mine: open ones of the user's own."""
    responsible, stored_state = (user.name, "open") if state == "mine" else (None, None if state == "all" else state)
    query = CaseQuery(stored_state, before_number=cursor, limit=rows, responsible=responsible)
    page = case_page_for(context_of(request), user, query)
    audit_row_count(request, page.total)
    return render_page(request, "cases.html", language, state=state, page_size=rows, **case_form_values(page, language))


@case_page_router.post("/households/{household_id}/cases")
def open_case_from_page(
    request: Request,
    user: CurrentUser,
    store: CurrentData,
    language: PageLanguage,
    household_id: str,  # noqa: ARG001 - the page it comes from; the loan says whose it is
    loan_id: Cell = "",
) -> Response:
    """Open a case on one of the household's loans."""
    context = context_of(request)
    try:
        with context.database.write_session() as session:
            case = open_case_on_loan(session, store, loan_id, authorship_of(user, context))
            number, household = case.number, case.household_id
    except UserError as refusal:
        return render_refusal(request, language, refusal, status_of(refusal))
    audit_detail(request, case_id=number, loan_id=loan_id)
    return redirect_after_form(f"/households/{quote(household)}", language)


@case_page_router.post("/worklist/assign")
def assign_from_list(
    request: Request,
    user: CurrentUser,
    store: CurrentData,
    language: PageLanguage,
    loan: Annotated[list[str], Form(max_length=MOST_ASSIGNED_AT_ONCE)] = [],  # noqa: B006 - FastAPI copies it
    responsible: Annotated[str, Form(max_length=64)] = "",
    query: Cell = "",
) -> Response:
    """Assign the loans that were ticked in the work list, and return to it. query: of the list's address."""
    context = context_of(request)
    try:
        if not loan or not responsible:
            raise UserError(
                "请先勾选贷款并选择责任人。", "Tick the loans and choose the person responsible, then assign."
            )
        with context.database.write_session() as session:
            cases = assign_listed_loans(session, store, loan, responsible, authorship_of(user, context), user.scope)
            numbers = [case.number for case in cases]
    except UserError as refusal:
        return render_refusal(request, language, refusal, status_of(refusal), back=f"/?{query}")
    audit_row_count(request, len(numbers))
    audit_detail(request, responsible=responsible, case_ids=numbers)
    parameters = {**dict(parse_qsl(query)), "lang": language, "assigned": str(len(numbers))}
    return RedirectResponse(f"/?{urlencode(parameters)}", status_code=303)


@case_page_router.post("/cases/{case_id:number}")
def add_event_from_page(
    request: Request,
    user: CurrentUser,
    language: PageLanguage,
    case_id: Annotated[int, Path(ge=1, le=2_147_483_647)],
    version: Annotated[int, Form(ge=1, le=2_147_483_647)],
    kind: Cell = "",
    on_date: Cell = "",
    amount: Cell = "",
    outcome: Cell = "",
    judgement: Cell = "",
    text: Cell = "",
    answers: Cell = "",
    responsible: Cell = "",
    joint: Cell = "",
    escalated_to: Cell = "",
) -> Response:
    """Add an event to a case, and return to the household's page."""
    context = context_of(request)
    cells = {"on_date": on_date, "amount": amount, "outcome": outcome, "judgement": judgement, "answers": answers}
    work = {"responsible": responsible, "joint": joint, "escalated_to": escalated_to}
    try:
        new_event = _parse_event({"kind": kind, **cells, **work, "text": text.strip()})
        with context.database.write_session() as session:
            case = case_by_number(session, case_id, user.scope)
            event = pseudonymized_event(new_event, context.store)
            add_event(session, case, version, event, authorship_of(user, context))
            household = case.household_id
    except UserError as refusal:
        return render_refusal(request, language, refusal, status_of(refusal))
    audit_detail(request, kind=kind)
    return redirect_after_form(f"/households/{quote(household)}", language)


def _parse_event(cells: dict[str, str]) -> NewCaseEvent:
    """The event in a form's fields; empty ones are left out. Raises UserError where one is wrong."""
    try:
        return NewCaseEvent.model_validate({name: cell for name, cell in cells.items() if cell})
    except ValidationError as error:
        names = ", ".join(sorted({str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}))
        raise UserError(
            f"表单填写有误：{names}。请返回修改（日期写作 2026-01-31，金额大于 0，说明不超过 500 字）。",
            f"The form is wrong at: {names}. Go back and correct it (a date is written 2026-01-31, an amount is above "
            "0, a text has at most 500 characters).",
        ) from error
