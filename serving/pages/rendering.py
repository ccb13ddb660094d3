"""Rendering of pages: template, words, signed-in user and CSRF token; and refusals and errors as pages."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from pydantic import BeforeValidator, Field
from starlette.exceptions import HTTPException

from features.messages import UserError
from models.light import LIGHT_WORDS
from serving.access.rate_limit import TooManyRequestsError
from serving.access.roles import ROLE_WORDS, START_PAGES, Right
from serving.explain.status_sentences import STATUS_WORDS
from serving.http.dependencies import (
    SAFE_METHODS,
    ForbiddenError,
    NotSignedInError,
    User,
    allowed_methods,
    csrf_token,
)
from serving.http.problems import headers_of, http_words, invalid_words, problem, status_of
from serving.text.page_words import TAGS, Language, in_language

_templates = Jinja2Templates(Path(__file__).with_name("templates"))
_FORM_PAGES = {"worklist": "/", "jobs": "/deliveries", "uploads": "/deliveries"}
"""Pages that hold the forms whose paths begin otherwise."""
_PROGRAM_PATHS = ("/api/", "/health/", "/metrics")


def language_of(request: Request, lang: Annotated[Language | None, Query()] = None) -> Language:
    """The language of a request: its parameter `lang`, else what the browser prefers, else Chinese."""
    return lang or preferred_language(request)


PageLanguage = Annotated[Language, Depends(language_of)]
PAGE_SIZES = (10, 50, 200)
"""Rows of a list on a page; the first fill at most two screens, also on a phone."""
PageSize = Annotated[Annotated[int, Field(ge=1, le=200)], BeforeValidator(lambda text: text or PAGE_SIZES[0]), Query()]
"""The parameter `rows`; the smallest size where it is empty."""


def preferred_language(request: Request) -> Language:
    """The language that the browser prefers: English where its first choice is English, else Chinese."""
    preferred = request.headers.get("accept-language", "zh").strip().lower()
    return "en" if preferred.startswith("en") else "zh"


def render_page(request: Request, name: str, language: Language, status: int = 200, **values: Any) -> HTMLResponse:
    """A page from a template.

    name: file name of the template. values: what it needs besides the values that every page has.
    """
    user = getattr(request.state, "user", None)
    rights, role_in_words, start_page = set[str](), None, "/"
    if isinstance(user, User):
        rights = {right.value for right in Right if user.has_right(right)}
        role_in_words = getattr(ROLE_WORDS[user.role], language)
        start_page = START_PAGES.get(user.role, "/")
    context = {
        "lang": language,
        "tag": TAGS[language],
        "other": "en" if language == "zh" else "zh",
        "link": _link_to_page(request, language),
        "w": in_language(language),
        "page_sizes": PAGE_SIZES,
        "statuses": {code: getattr(words, language) for code, words in STATUS_WORDS.items()},
        "lights_in_words": {code: getattr(words, language) for code, words in LIGHT_WORDS.items()},
        "csrf_token": csrf_token(request),
        "user": user,
        "role_in_words": role_in_words,
        "rights": rights,
        "start_page": start_page,
        **values,
    }
    return _templates.TemplateResponse(request, name, context, status_code=status)


def render_refusal(
    request: Request, language: Language, refusal: UserError, status: int, back: str | None = None
) -> HTMLResponse:
    """A refusal as a page; after a form, with a link back to the form's page, or to `back`."""
    if back is None and request.method not in SAFE_METHODS:
        back = _link_to_page(request, language)()
    error = getattr(refusal.message, language)
    return render_page(request, "refused.html", language, status=status, error=error, back=back)


def redirect_after_form(path: str, language: Language) -> RedirectResponse:
    """A redirect to the page that shows what a form did, so that reloading it does not send the form again."""
    return RedirectResponse(f"{path}?lang={language}", status_code=303)


def add_page_error_handlers(app: FastAPI) -> None:
    """Answer refusals and errors at a page's address with a page, and send users without a session to sign in."""

    def answer_refusal(request: Request, error: Exception) -> Response:
        assert isinstance(error, UserError)  # noqa: S101 - registered for it
        if request.url.path.startswith(_PROGRAM_PATHS):
            return problem(status_of(error), error.message, headers_of(error))
        language = _requested_language(request)
        if isinstance(error, NotSignedInError):
            # after sign-in back to the requested page; a form that was sent cannot be sent again, so to the start
            query = request.url.query
            path = f"{quote(request.scope['path'])}{'?' if query else ''}{query}" if request.method == "GET" else "/"
            parameters = {"lang": language, "next": path}
            return RedirectResponse(f"/sign-in?{urlencode(parameters)}", status_code=303)
        response = render_refusal(request, language, error, status_of(error))
        response.headers.update(headers_of(error))
        return response

    def answer_http_error(request: Request, error: Exception) -> Response:
        """A page for a browser, a problem for a program; the methods that there are to whoever asks with OPTIONS."""
        assert isinstance(error, HTTPException | RequestValidationError)  # noqa: S101 - registered for them
        status, message = (
            (error.status_code, http_words(error)) if isinstance(error, HTTPException) else (422, invalid_words(error))
        )
        headers = dict(getattr(error, "headers", None) or {})
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = ", ".join(allowed_methods(request))
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=headers)
        accepts_html = "text/html" in request.headers.get("accept", "")
        if request.url.path.startswith(_PROGRAM_PATHS) or not accepts_html:
            return problem(status, message, headers)
        refusal = UserError(message.zh, message.en)
        response = render_refusal(request, _requested_language(request), refusal, status)
        response.headers.update(headers)
        return response

    for kind in (UserError, NotSignedInError, ForbiddenError, TooManyRequestsError):
        app.add_exception_handler(kind, answer_refusal)
    for error_kind in (RequestValidationError, HTTPException):
        app.add_exception_handler(error_kind, answer_http_error)


def _requested_language(request: Request) -> Language:
    """The language as by `language_of`, for requests whose parameter was not validated."""
    lang = request.query_params.get("lang")
    return "en" if lang == "en" else "zh" if lang == "zh" else preferred_language(request)


def _link_to_page(request: Request, language: Language) -> Callable[..., str]:
    """A function that links to the request's page with other parameters; None removes one.

    Links have no host, since a proxy may have another. After a form they go to the page that the form is on:
    `/households/H1` for `/households/H1/what-if`, the list for `/worklist/assign`, else the first level of the path.
    """
    path = request.scope["path"]
    if request.method not in SAFE_METHODS:
        first, *rest = path.split("/")[1:]
        has_page = first in ("households", "uploads") and rest
        path = _FORM_PAGES.get(first, f"/{first}") if not has_page else f"/{first}/{rest[0]}"

    def link(**changes: object) -> str:
        parameters = {**request.query_params, "lang": language, **changes}
        return f"{quote(path)}?{urlencode({name: value for name, value in parameters.items() if value})}"

    return link
