"""The pages: find a household in the month's list, see one household whole, compare groups."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from features.words import Refused
from models.group_light.groups import Level
from models.light import LIGHT_WORDS
from serving.api.routes import Kept, published_month
from serving.households import explanation
from serving.pages.wording import TAGS, Language, in_language
from serving.summary import summary
from serving.worklist import Asked, worklist

pages = APIRouter(include_in_schema=False)
_templates = Jinja2Templates(Path(__file__).with_name("templates"))
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
    q: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> HTMLResponse:
    """The month's list, riskiest first, with a search by identifier."""
    try:
        month = published_month(store, as_of)
        listed = worklist(month, Asked(light=light, q=store.kept_as(q) if q else None, cursor=cursor))
    except Refused as refusal:
        return _refused(request, language, refusal, 409)
    lights = month.manifest.lights
    return _page(request, "home.html", language, listed=listed, lights=lights, light=light, q=q or "")


@pages.get("/households/{household_id}")
def household(
    request: Request, store: Kept, language: Spoken, household_id: str, as_of: date | None = None
) -> HTMLResponse:
    """One household: lights, rules, reasons, loans, repayment history."""
    try:
        month = published_month(store, as_of)
        explained = explanation(month, store.ledger, store.kept_as(household_id))
    except Refused as refusal:
        return _refused(request, language, refusal, 404)
    return _page(request, "household.html", language, explained=explained)


@pages.get("/groups")
def group_lights(
    request: Request, store: Kept, language: Spoken, level: Level = Level.TOWNSHIP, as_of: date | None = None
) -> HTMLResponse:
    """Townships, villages, banks, products or counties compared, and early common causes."""
    try:
        month = published_month(store, as_of)
    except Refused as refusal:
        return _refused(request, language, refusal, 409)
    levels = [each.value for each in Level]
    return _page(request, "groups.html", language, summary=summary(month, level), levels=levels)


def _refused(request: Request, language: Language, refusal: Refused, status: int) -> HTMLResponse:
    said = getattr(refusal.words, language)
    return _page(request, "refused.html", language, status=status, said=said)


def _page(request: Request, name: str, language: Language, status: int = 200, **values: Any) -> HTMLResponse:
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
