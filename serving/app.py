"""The application: interface and pages over one store."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from starlette.middleware.base import RequestResponseEndpoint

from serving.api.migration import migration
from serving.api.problems import answer_problems
from serving.api.routes import api, health
from serving.api.what_if import supposing
from serving.pages.routes import pages
from serving.pages.what_if import what_if_pages
from serving.store import Store

_STATIC = Path(__file__).with_name("pages") / "static"
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def application(store: Store) -> FastAPI:
    """An app that reads the store anew for each answer, so that a published month shows at once."""
    app = FastAPIOffline("/docs", None, title="County lights", version=version("county-lights"))
    app.state.store = store
    answer_problems(app)
    app.include_router(health)
    app.include_router(api)
    app.include_router(supposing)
    app.include_router(migration)
    app.include_router(pages)
    app.include_router(what_if_pages)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")

    @app.middleware("http")
    async def guarded(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        if request.url.path != "/docs":
            response.headers.update(_HEADERS)
        return response

    return app
