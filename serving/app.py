"""The application: interface and pages over one store, behind one door."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from fastapi import Depends, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from starlette.middleware.base import RequestResponseEndpoint

from serving.access.trail import leave_trail
from serving.access.viewer import FORM, SESSION, entered, from_own_page
from serving.api.audit import audited
from serving.api.cases import cases
from serving.api.document import documented
from serving.api.migration import migration
from serving.api.problems import answer_problems
from serving.api.routes import api, health
from serving.api.what_if import supposing
from serving.desk import Desk, desk
from serving.metrics import Metrics, log_as_lines, monitored
from serving.pages.account import account
from serving.pages.audit import audit_pages
from serving.pages.cases import case_pages
from serving.pages.directory import directory_doors
from serving.pages.people import people_pages
from serving.pages.rendering import answer_refusals
from serving.pages.routes import pages
from serving.pages.sign_in import doors
from serving.pages.what_if import what_if_pages
from serving.settings import Settings, settings_of
from serving.store import Store

_STATIC = Path(__file__).with_name("pages") / "static"
_ROUTERS = (
    *(health, monitored, api, supposing, migration, cases, audited),
    *(doors, directory_doors, account, people_pages, case_pages, audit_pages, pages, what_if_pages),
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "object-src 'none'; frame-ancestors 'none'",
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
    """An app that reads the store anew for each answer, so that a published month or a champion shows at once."""
    app = FastAPIOffline(
        "/docs",
        None,
        title="County lights",
        version=version("county-lights"),
        dependencies=[Depends(entered), Depends(from_own_page)],
    )
    app.state.desk = desk(store, settings, now)
    app.state.metrics = Metrics()
    answer_problems(app)
    answer_refusals(app)
    documented(app)
    for router in _ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.middleware("http")(_guarded(app.state.desk, app.state.metrics))
    return app


def from_environment() -> FastAPI:
    """The application of a worker process: everything it is told stands in its environment."""
    settings = settings_of()
    log_as_lines()
    return application(Store(settings.data), settings)


def _guarded(desk: Desk, metrics: Metrics) -> Callable[[Request, RequestResponseEndpoint], object]:
    """Count, audit and harden each answer before it is given."""

    async def guarded(request: Request, call_next: RequestResponseEndpoint) -> Response:
        begun = time.monotonic()
        new = _form_cookie(request)
        response = await call_next(request)
        await run_in_threadpool(leave_trail, request, response, desk)
        metrics.answered(request, response.status_code, time.monotonic() - begun)
        if new and "text/html" in response.headers.get("content-type", ""):
            secure = desk.settings.secure_cookies
            response.set_cookie(FORM, new, httponly=True, samesite="lax", secure=secure, path="/")
        if request.url.path != "/docs":
            response.headers.update(_HEADERS)
            if desk.settings.is_secure:
                response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    return guarded


def _form_cookie(request: Request) -> str | None:
    """A new one, for a browser that has none yet."""
    if request.cookies.get(SESSION) or request.cookies.get(FORM):
        return None
    request.state.form_cookie = secrets.token_urlsafe(32)
    return str(request.state.form_cookie)
