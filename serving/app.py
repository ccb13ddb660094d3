"""The application: routers of the API and the pages, authentication, error handlers and security headers."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.messages import UserError
from serving.api.audit_routes import audit_router
from serving.api.case_routes import case_router
from serving.api.document import add_documentation
from serving.api.feed_routes import feed_router
from serving.api.household_routes import household_route_router
from serving.api.insurance_route import insurance_route_router
from serving.api.ledger_routes import ledger_router
from serving.api.migration_route import migration_router
from serving.api.news_routes import news_router
from serving.api.warning_routes import health_router, warning_router
from serving.api.what_if_routes import what_if_router
from serving.explain.loaded_models import loaded_model
from serving.http.audit_middleware import write_audit_entry
from serving.http.body_limit import MIB, BodyLimit
from serving.http.context import AppContext, app_context
from serving.http.dependencies import CSRF_COOKIE, AuthenticatedRoute, new_csrf_cookie
from serving.http.metrics import Metrics, configure_logging, metrics_router
from serving.http.problems import add_problem_handlers
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from serving.pages.account import account_router
from serving.pages.accounts_page import people_router
from serving.pages.audit_page import audit_page_router
from serving.pages.board_page import board_router
from serving.pages.case_pages import case_page_router
from serving.pages.clerk_pages import clerk_router
from serving.pages.help_page import help_router
from serving.pages.household_pages import household_router
from serving.pages.household_search_page import household_search_router
from serving.pages.insurance_page import insurance_router
from serving.pages.ledger_pages import ledger_page_router
from serving.pages.loan_page import loan_page_router
from serving.pages.model import model_router
from serving.pages.news_page import news_page_router
from serving.pages.oidc_pages import oidc_router
from serving.pages.rendering import add_page_error_handlers
from serving.pages.report_pages import report_router
from serving.pages.sign_in_pages import sign_in_router
from serving.pages.upload_pages import upload_router
from serving.pages.webhooks_page import webhooks_router
from serving.pages.what_if_page import what_if_page_router
from serving.pages.worklist_page import worklist_router
from serving.settings import Settings, settings_of

_STATIC = Path(__file__).with_name("pages") / "static"
_ROUTERS = (
    *(warning_router, what_if_router, migration_router, case_router, audit_router, health_router, metrics_router),
    *(sign_in_router, oidc_router, account_router, people_router, case_page_router, audit_page_router, clerk_router),
    *(upload_router, report_router, help_router),
    *(worklist_router, household_router, what_if_page_router, board_router, model_router),
    *(news_router, news_page_router, ledger_router, ledger_page_router, feed_router, webhooks_router),
    *(household_route_router, insurance_route_router, household_search_router, loan_page_router, insurance_router),
)
_CSP = "Content-Security-Policy"
_CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; object-src 'none'; "
    "frame-ancestors 'none'"
)
_CONTENT_POLICY_OF_DOCS = f"{_CONTENT_POLICY}; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"
"""The page of the OpenAPI document starts with an inline script."""
_THREADS = 8
"""Threads of a worker that answer requests; most wait for a core, some for the disk."""
_HEADERS = {
    _CSP: _CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


def current_time() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


def operation_id(route: APIRoute) -> str:
    """The OpenAPI operationId of a route: the name of its function, such as `list_warnings`."""
    return route.name


@asynccontextmanager
async def _with_few_threads(_: FastAPI) -> AsyncIterator[None]:
    """Limit the threads that answer requests: more than the cores can use only hold memory at the same time."""
    current_default_thread_limiter().total_tokens = _THREADS
    yield


def application(store: DataFolder, settings: Settings, now: Callable[[], datetime] = current_time) -> FastAPI:
    """The application over a data folder, for any ASGI server.

    Each answer reads the folder anew, so that a newly published month or champion shows at once. The model of the
    newest month is loaded beforehand, so that the first request does not wait for it.

    Args:
        store: the data folder, with or without published months.
        settings: from `settings_of`.
        now: the clock, UTC; tests set their own.

    Returns:
        The FastAPI application, with the API, the pages and `/openapi.json`.

    Raises:
        UserError: the database cannot be opened, or an OIDC provider is set whose extra is not installed.

    Example:
        >>> from serving.app import application
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.settings import settings_of
        >>> app = application(DataFolder(data), settings_of(data))
        >>> app.openapi()["paths"]["/api/v1/warnings"]["get"]["operationId"]
        'list_warnings'
    """
    with suppress(UserError):  # nothing is published yet, or there is no model: the pages say so themselves
        loaded_model(MonthRepository(store).month(), store.models)
    app = FastAPI(
        lifespan=_with_few_threads,
        openapi_url=None,
        redirect_slashes=False,  # such a redirect would name whatever host the request names
        docs_url=None,
        redoc_url=None,
        title="County lights",
        version=version("county-lights"),
        generate_unique_id_function=operation_id,
    )
    app.router.route_class = AuthenticatedRoute
    app.state.context = app_context(store, settings, now)
    app.state.metrics = Metrics()
    add_problem_handlers(app)
    add_page_error_handlers(app)
    add_documentation(app)
    for router in _ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.add_middleware(BodyLimit, limits={"/uploads": settings.upload_mb * MIB})
    app.add_middleware(_ResponseMiddleware, context=app.state.context, metrics=app.state.metrics)
    return app


def from_environment() -> FastAPI:
    """The application of a worker process, which gets its settings from environment variables."""
    settings = settings_of()
    configure_logging()
    return application(DataFolder(settings.data), settings)


class _ResponseMiddleware:
    """Writes the audit entry, counts the request and sets the headers before a response is sent.

    A response whose audit entry cannot be written is not sent.
    """

    def __init__(self, app: ASGIApp, context: AppContext, metrics: Metrics) -> None:
        self._app, self._context, self._metrics = app, context, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, request, is_head = time.monotonic(), Request(scope), scope["method"] == "HEAD"
        if is_head:  # answered like GET, without the body
            scope["method"] = "GET"

        async def send_audited(message: Message) -> None:
            if is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            if message["type"] == "http.response.start":
                response = Response(status_code=message["status"])
                response.raw_headers = list(message["headers"])
                await write_audit_entry(request, response, self._context)
                self._metrics.count_request(request, response.status_code, time.monotonic() - start)
                self._set_headers(request, response)
                message = {**message, "headers": response.raw_headers}
            await send(message)

        try:
            await self._app(scope, receive, send_audited)
        except Exception:
            self._metrics.count_request(request, 500, time.monotonic() - start)
            raise

    def _set_headers(self, request: Request, response: Response) -> None:
        """Set the security headers, and the CSRF cookie of a browser that has none."""
        settings, cookie = self._context.settings, new_csrf_cookie(request)
        if cookie and "text/html" in response.headers.get("content-type", ""):
            secure = settings.secure_cookies
            response.set_cookie(CSRF_COOKIE, cookie, httponly=True, samesite="lax", secure=secure, path="/")
        own = {_CSP: _CONTENT_POLICY_OF_DOCS} if request.url.path == "/docs" else {}
        response.headers.update(_HEADERS | own | getattr(request.state, "own_headers", {}))
        if settings.is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
