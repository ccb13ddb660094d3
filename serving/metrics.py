"""Figures for a monitor, and a line of log for each request: by the template of its address, never by its names."""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from features.words import Refused
from models.light import CODES
from serving.access.tokens import is_same
from serving.access.viewer import Forbidden, template_of
from serving.audit import head
from serving.desk import Desk, desk_of
from serving.published import Published

_LOOPBACK = frozenset({"127.0.0.1", "::1", "testclient"})
log: Any = structlog.get_logger("lights")
monitored = APIRouter(include_in_schema=False)


class Metrics:
    """Of one process; a monitor asks each worker by its turn."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "lights_requests", "answers by route and status", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "lights_request_seconds", "time to the answer by route", ("route",), registry=self.registry
        )
        self.month_age = Gauge("lights_month_age_days", "days since the newest month's end", registry=self.registry)
        self.loans = Gauge("lights_loans", "open loans of the newest month", ("light",), registry=self.registry)
        self.audit = Gauge("lights_audit_entries", "number of the newest audit entry", registry=self.registry)

    def answered(self, request: Request, status: int, seconds: float) -> None:
        """Count an answer and log it; an address without a route is one label, whatever was typed."""
        route = template_of(request) or "none"
        self.requests.labels(request.method, route, status).inc()
        self.seconds.labels(route).observe(seconds)
        log.info("answered", method=request.method, route=route, status=status, milliseconds=round(seconds * 1000, 1))

    def text(self, desk: Desk) -> bytes:
        self._month(desk)
        with desk.database.reading() as session:
            self.audit.set(head(session).number)
        return generate_latest(self.registry)

    def _month(self, desk: Desk) -> None:
        try:
            manifest = Published(desk.store).month().manifest
        except Refused:  # nothing is published yet: no gauge rather than a zero
            return
        self.month_age.set((desk.today - date.fromisoformat(manifest.as_of)).days)
        for code in CODES:
            self.loans.labels(code).set(manifest.lights.get(code, {}).get("loans", 0))


@monitored.get("/metrics")
def metrics(request: Request) -> Response:
    """To this machine, or to whoever has the token."""
    desk = desk_of(request)
    if not _may_read(request, desk):
        raise Forbidden("只供本机或持令牌的监控读取。", "Only for this machine, or a monitor with the token.")
    return Response(request.app.state.metrics.text(desk), media_type=CONTENT_TYPE_LATEST)


def log_as_lines() -> None:
    """JSON on standard error: the moment, the route's template, the status; nothing a person could be found by."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _may_read(request: Request, desk: Desk) -> bool:
    token = desk.settings.metrics_token
    if token is not None:
        return is_same(request.headers.get("authorization", ""), f"Bearer {token.get_secret_value()}")
    is_near = request.client is not None and request.client.host in _LOOPBACK
    return is_near and "x-forwarded-for" not in request.headers
