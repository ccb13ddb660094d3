"""The application: interface and pages over one store, behind one door."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from fastapi import Depends, FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.messages import Refused
from serving.api.audit_routes import audited
from serving.api.case_routes import cases
from serving.api.document import documented
from serving.api.migration_route import migration
from serving.api.warning_routes import api, health
from serving.api.what_if_routes import supposing
from serving.explain.loaded_models import bundle_of
from serving.http.audit_middleware import leave_trail
from serving.http.context import Desk, desk
from serving.http.dependencies import FORM, enter, new_form_cookie
from serving.http.metrics import Metrics, log_as_lines, monitored
from serving.http.problems import answer_problems
from serving.months.data_folder import Store
from serving.months.repository import Published
from serving.pages.account import account
from serving.pages.accounts_page import people_pages
from serving.pages.audit_page import audit_pages
from serving.pages.board_page import board_pages
from serving.pages.case_pages import case_pages
from serving.pages.household_pages import pages
from serving.pages.model import model_pages
from serving.pages.oidc_pages import directory_doors
from serving.pages.rendering import answer_refusals
from serving.pages.sign_in_pages import doors
from serving.pages.what_if_page import what_if_pages
from serving.pages.worklist_page import list_pages
from serving.settings import Settings, settings_of

_STATIC = Path(__file__).with_name("pages") / "static"
_ROUTERS = (
    *(api, supposing, migration, cases, audited, health, monitored),
    *(doors, directory_doors, account, people_pages, case_pages, audit_pages),
    *(list_pages, pages, what_if_pages, board_pages, model_pages),
)
_CSP = "Content-Security-Policy"
_POLICY = (
    "default-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; object-src 'none'; "
    "frame-ancestors 'none'"
)
_POLICY_OF_DOCS = f"{_POLICY}; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"
"""Its page starts by a line of script of its own."""
_HEADERS = {
    _CSP: _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


def moment() -> datetime:
    return datetime.now(UTC)


def application(store: Store, settings: Settings, now: Callable[[], datetime] = moment) -> FastAPI:
    """An app that reads the store anew for each answer, so that a published month or a champion shows at once.

    The model that judged the newest month is read before anybody waits for it.
    """
    with suppress(Refused):  # nothing published yet, or no model: pages say so themselves
        bundle_of(Published(store).month(), store.models)
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        title="County lights",
        version=version("county-lights"),
        dependencies=[Depends(enter)],
    )
    app.state.desk = desk(store, settings, now)
    app.state.metrics = Metrics()
    answer_problems(app)
    answer_refusals(app)
    documented(app)
    for router in _ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.add_middleware(_Guarded, desk=app.state.desk, metrics=app.state.metrics)
    return app


def from_environment() -> FastAPI:
    """The application of a worker process: everything it is told stands in its environment."""
    settings = settings_of()
    log_as_lines()
    return application(Store(settings.data), settings)


class _Guarded:
    """Count, audit and harden each answer before it is given: nothing leaves until its trail is kept."""

    def __init__(self, app: ASGIApp, desk: Desk, metrics: Metrics) -> None:
        self._app, self._desk, self._metrics = app, desk, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, request = time.monotonic(), Request(scope)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = Response(status_code=message["status"])
                answer.raw_headers = list(message["headers"])
                await leave_trail(request, answer, self._desk)
                self._metrics.answered(request, answer.status_code, time.monotonic() - begun)
                self._harden(request, answer)
                message = {**message, "headers": answer.raw_headers}
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except Exception:
            self._metrics.answered(request, 500, time.monotonic() - begun)
            raise

    def _harden(self, request: Request, answer: Response) -> None:
        settings, new = self._desk.settings, new_form_cookie(request)
        if new and "text/html" in answer.headers.get("content-type", ""):
            answer.set_cookie(FORM, new, httponly=True, samesite="lax", secure=settings.secure_cookies, path="/")
        answer.headers.update(_HEADERS if request.url.path != "/docs" else _HEADERS | {_CSP: _POLICY_OF_DOCS})
        if settings.is_secure:
            answer.headers["Strict-Transport-Security"] = "max-age=31536000"
