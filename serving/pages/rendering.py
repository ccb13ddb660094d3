"""A page rendered: its words, who is signed in, the token of its forms; and refusals as pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from starlette.exceptions import HTTPException

from features.messages import Refused
from models.light import LIGHT_WORDS
from serving.access.rate_limit import TooMany
from serving.access.roles import HOME, ROLE_WORDS, Right
from serving.http.dependencies import SAFE, Forbidden, NotSignedIn, Viewer, own_form_token
from serving.http.problems import headers_of, http_words, invalid_words, problem, status_of
from serving.text.page_words import TAGS, Language, in_language

_templates = Jinja2Templates(Path(__file__).with_name("templates"))
_NO_PAGES = ("/api/", "/health/", "/metrics")


def language_of(request: Request, lang: Annotated[Language | None, Query()] = None) -> Language:
    """Asked for, else what the browser prefers, else Chinese."""
    return lang or preferred_language(request)


Spoken = Annotated[Language, Depends(language_of)]


def preferred_language(request: Request) -> Language:
    preferred = request.headers.get("accept-language", "zh").strip().lower()
    return "en" if preferred.startswith("en") else "zh"


def page(request: Request, name: str, language: Language, status: int = 200, **values: Any) -> HTMLResponse:
    other: Language = "en" if language == "zh" else "zh"
    context = {
        "lang": language,
        "tag": TAGS[language],
        "other": other,
        "link": _linking(request, language),
        "w": in_language(language),
        "lights_in_words": {code: getattr(words, language) for code, words in LIGHT_WORDS.items()},
        "form_token": own_form_token(request),
        **_signed_in(request, language),
        **values,
    }
    return _templates.TemplateResponse(request, name, context, status_code=status)


def refused(request: Request, language: Language, refusal: Refused, status: int) -> HTMLResponse:
    """With a way back, after a form."""
    back = None if request.method in SAFE else _linking(request, language)()
    return page(request, "refused.html", language, status=status, said=getattr(refusal.words, language), back=back)


def see_other(path: str, language: Language) -> RedirectResponse:
    """After a form: the page that shows what it did."""
    return RedirectResponse(f"{path}?lang={language}", status_code=303)


def answer_refusals(app: FastAPI) -> None:
    """At a page's address, a refusal is a page; to whoever is not signed in, the way to do so."""
    for kind in (Refused, NotSignedIn, Forbidden, TooMany):
        app.add_exception_handler(kind, _refusal)
    for fault in (RequestValidationError, HTTPException):
        app.add_exception_handler(fault, _fault)


def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - registered for it
    if request.url.path.startswith(_NO_PAGES):
        return problem(status_of(error), error.words, headers_of(error))
    language = _wanted_language(request)
    if isinstance(error, NotSignedIn):
        return RedirectResponse(f"/sign-in?{urlencode({'lang': language, 'next': _here(request)})}", status_code=303)
    answer = refused(request, language, error, status_of(error))
    answer.headers.update(headers_of(error))
    return answer


def _fault(request: Request, error: Exception) -> Response:
    """What is no refusal of ours: a page for a browser, a problem for a program."""
    if isinstance(error, RequestValidationError):
        status, words, headers = 422, invalid_words(error), None
    else:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
        status, words, headers = error.status_code, http_words(error), error.headers
    if request.url.path.startswith(_NO_PAGES) or "text/html" not in request.headers.get("accept", ""):
        return problem(status, words, headers)
    answer = refused(request, _wanted_language(request), Refused(words.zh, words.en), status)
    answer.headers.update(headers or {})
    return answer


def _wanted_language(request: Request) -> Language:
    """As `language_of`, where a parameter may be anything."""
    asked = request.query_params.get("lang")
    return "en" if asked == "en" else "zh" if asked == "zh" else preferred_language(request)


def _here(request: Request) -> str:
    """Where somebody wanted to go, without a host; after a form, the beginning."""
    if request.method != "GET":
        return "/"
    query = request.url.query
    return f"{quote(request.scope['path'])}{'?' if query else ''}{query}"


def _signed_in(request: Request, language: Language) -> dict[str, Any]:
    viewer = getattr(request.state, "viewer", None)
    if not isinstance(viewer, Viewer):
        return {"viewer": None, "may": frozenset(), "home": "/"}
    role = getattr(ROLE_WORDS[viewer.role], language)
    may = {right.value for right in Right if viewer.may(right)}
    return {"viewer": viewer, "role_in_words": role, "may": may, "home": HOME.get(viewer.role, "/")}


def _linking(request: Request, language: Language) -> Callable[..., str]:
    """Links to this page with other parameters; None takes one away. Without a host: a proxy may have another.

    After a form, to the page that it stands on: an address that takes a form may have nothing else to show.
    """

    def link(**changed: object) -> str:
        asked = {**request.query_params, "lang": language, **changed}
        path = request.scope["path"] if request.method in SAFE else _page_of_form(request.scope["path"])
        return f"{quote(path)}?{urlencode({name: value for name, value in asked.items() if value})}"

    return link


def _page_of_form(path: str) -> str:
    """`/households/H1` of `/households/H1/what-if`, else the first part."""
    parts = path.split("/")
    return "/".join(parts[: 3 if parts[1] == "households" else 2])
