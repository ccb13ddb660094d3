"""The pages: find a household in the month's list, see one whole, compare groups, see what falls due and tell it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from features.units import FINDING
from features.words import Refused
from models.codes import CAUSE_WORDS
from models.group_light.groups import Level
from models.light import LIGHT_WORDS
from serving.api.routes import Area, Bank, Cursor, Kept, Sought, WithinDays, published_month
from serving.households import explanation
from serving.maturities import DueLevel, maturities
from serving.pages.wording import TAGS, Language, in_language
from serving.store import Store
from serving.summary import summary
from serving.worklist import Asked, worklist

pages = APIRouter(include_in_schema=False)
_templates = Jinja2Templates(Path(__file__).with_name("templates"))
_LISTED, _PRINTED = 100, 200
"""Loans on a page of the calendar, and sheets of notices printed at once."""
Colour = Literal["green", "yellow", "red"]


def language_of(request: Request, lang: Annotated[Language | None, Query()] = None) -> Language:
    """Asked for, else what the browser prefers, else Chinese."""
    if lang:
        return lang
    preferred = request.headers.get("accept-language", "zh").strip().lower()
    return "en" if preferred.startswith("en") else "zh"


Spoken = Annotated[Language, Depends(language_of)]


@pages.get("/")
def home(
    request: Request,
    store: Kept,
    language: Spoken,
    as_of: date | None = None,
    light: Colour | None = None,
    q: Sought = None,
    cursor: Cursor = None,
) -> HTMLResponse:
    """The month's list, riskiest first, with a search by identifier."""
    try:
        month = published_month(store, as_of)
        listed = worklist(month, Asked(light=light, q=store.kept_as(q) if q else None, cursor=cursor))
    except Refused as refusal:
        return refused_page(request, language, refusal, 409)
    lights = month.manifest.lights
    return in_page(request, "home.html", language, listed=listed, lights=lights, light=light, q=q or "")


@pages.get("/households/{household_id}")
def household(
    request: Request, store: Kept, language: Spoken, household_id: str, as_of: date | None = None
) -> HTMLResponse:
    """One household: lights, rules, reasons, loans, repayment history."""
    try:
        month = published_month(store, as_of)
        explained = explanation(month, store, store.kept_as(household_id))
    except Refused as refusal:
        return refused_page(request, language, refusal, 404)
    return in_page(request, "household.html", language, explained=explained, causes=CAUSE_WORDS, findings=FINDING.codes)


@pages.get("/groups")
def group_lights(
    request: Request, store: Kept, language: Spoken, level: Level = Level.TOWNSHIP, as_of: date | None = None
) -> HTMLResponse:
    """Townships, villages, banks, products or counties compared, and early common causes."""
    try:
        month = published_month(store, as_of)
    except Refused as refusal:
        return refused_page(request, language, refusal, 409)
    levels = [each.value for each in Level]
    return in_page(request, "groups.html", language, summary=summary(month, level), levels=levels)


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
        return refused_page(request, language, refusal, 409)
    instalments = month.policy.plans.instalments
    levels = [each.value for each in DueLevel]
    return in_page(request, template, language, calendar=calendar, levels=levels, instalments=instalments)


def refused_page(request: Request, language: Language, refusal: Refused, status: int) -> HTMLResponse:
    said = getattr(refusal.words, language)
    return in_page(request, "refused.html", language, status=status, said=said)


def in_page(request: Request, name: str, language: Language, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in one language, with the words and links that every page has."""
    other: Language = "en" if language == "zh" else "zh"
    context = {
        "lang": language,
        "tag": TAGS[language],
        "other": other,
        "link": _linking(request, language),
        "w": in_language(language),
        "lights_in_words": {code: getattr(words, language) for code, words in LIGHT_WORDS.items()},
        **values,
    }
    return _templates.TemplateResponse(request, name, context, status_code=status)


def _linking(request: Request, language: Language) -> Callable[..., str]:
    """Links to this page with other parameters; None takes one away. Without a host: a proxy may have another."""

    def link(**changed: object) -> str:
        asked = {**request.query_params, "lang": language, **changed}
        return f"{quote(request.scope['path'])}?{urlencode({name: value for name, value in asked.items() if value})}"

    return link
