"""The pages of one household, of groups compared, and of what falls due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from starlette.background import BackgroundTask

from features.messages import Refused
from features.units import FINDING
from models.code_labels import CAUSE_WORDS
from models.group_light.evaluate_groups import Level
from serving.api.case_routes import case_page
from serving.api.warning_routes import Area, Bank, Cursor, Sought, WithinDays, published_month
from serving.cases.repository import Sought as Cases
from serving.explain.household import explanation_kept
from serving.explain.household_cache import get_ready
from serving.http.context import desk_of
from serving.http.dependencies import Kept, Viewing, counted
from serving.months.data_folder import Store
from serving.months.light_history import lights_by_loan
from serving.pages.case_forms import case_values
from serving.pages.rendering import Spoken
from serving.pages.rendering import page as _page
from serving.pages.rendering import refused as _refused
from serving.portfolio.group_lights import summary
from serving.portfolio.maturities import DueLevel, maturities
from serving.portfolio.place_names import places
from serving.portfolio.worklist import Asked
from serving.text.light_charts import light_history
from serving.text.page_words import Language

pages = APIRouter(include_in_schema=False)
_LISTED, _PRINTED = 100, 200
"""Loans on a page of the calendar, and sheets of notices printed at once."""


@pages.get("/households/{household_id}")
def household(
    request: Request, store: Kept, viewer: Viewing, language: Spoken, household_id: str, as_of: date | None = None
) -> HTMLResponse:
    """One household: lights, rules, reasons, loans, repayment history."""
    try:
        month = published_month(store, as_of)
        explained = explanation_kept(month, store, store.kept_as(household_id))
        lights = lights_by_loan(store, month.as_of, explained.household_id)
    except Refused as refusal:
        return _refused(request, language, refusal, 404)
    worked = case_page(desk_of(request), viewer, Cases(household_id=explained.household_id, limit=20))
    said = {"causes": CAUSE_WORDS, "findings": FINDING.codes, **case_values(worked, language)}
    drawn = {loan: light_history(months, language) for loan, months in lights.items()}
    where = places(month, store)
    answer = _page(request, "household.html", language, explained=explained, drawn=drawn, places=where, **said)
    answer.background = BackgroundTask(get_ready, month, store, explained.household_id)
    return answer


@pages.get("/groups")
def group_lights(
    request: Request, store: Kept, language: Spoken, level: Level = Level.TOWNSHIP, as_of: date | None = None
) -> HTMLResponse:
    """Townships, villages, banks, products or counties compared, and early common causes."""
    try:
        month = published_month(store, as_of)
    except Refused as refusal:
        return _refused(request, language, refusal, 409)
    levels, where = [each.value for each in Level], places(month, store)
    return _page(request, "groups.html", language, summary=summary(month, level), levels=levels, places=where)


@dataclass(frozen=True)
class CalendarFilters:
    """What the calendar and its notices are asked for."""

    as_of: date | None = None
    within_days: WithinDays = None
    bank: Bank = None
    area: Area = None
    q: Sought = None
    loan: Sought = None
    cursor: Cursor = None


@pages.get("/maturities")
def maturity_calendar(
    request: Request,
    store: Kept,
    language: Spoken,
    filters: Annotated[CalendarFilters, Depends()],
    level: DueLevel = DueLevel.TOWNSHIP,
) -> HTMLResponse:
    """What falls due in the next months, by list and group, with the notices to print."""
    return _calendar(request, store, language, filters, "maturities.html", level, _LISTED)


@pages.get("/maturities/notices")
def notices(
    request: Request, store: Kept, language: Spoken, filters: Annotated[CalendarFilters, Depends()]
) -> HTMLResponse:
    """A notice for each loan that falls due, one to a sheet."""
    return _calendar(request, store, language, filters, "notices.html", DueLevel.TOWNSHIP, _PRINTED)


def _calendar(
    request: Request,
    store: Store,
    language: Language,
    filters: CalendarFilters,
    template: str,
    level: DueLevel,
    limit: int,
) -> HTMLResponse:
    sought = store.kept_as(filters.q) if filters.q else None
    asked = Asked(
        bank=filters.bank,
        area=filters.area,
        due_within_days=filters.within_days,
        q=sought,
        loan=filters.loan,
        limit=limit,
        cursor=filters.cursor,
    )
    try:
        month = published_month(store, filters.as_of)
        calendar = maturities(month, level, asked)
    except Refused as refusal:
        return _refused(request, language, refusal, 409)
    counted(request, calendar.total)
    where = places(month, store)
    narrowed = [filters.bank, where.village(filters.area), filters.q, filters.loan]
    return _page(
        request,
        template,
        language,
        calendar=calendar,
        levels=[each.value for each in DueLevel],
        instalments=month.policy.plans.instalments,
        places=where,
        narrowed_to=" · ".join(each for each in narrowed if each),
    )
