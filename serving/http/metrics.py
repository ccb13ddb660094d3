"""Figures for a monitor, and a line of log for each request: by the template of its address, never by its names."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from features.messages import Refused
from models.light import CODES
from serving.access.tokens import is_same
from serving.audit.log import head
from serving.http.context import Desk, desk_of
from serving.http.dependencies import Forbidden, template_of
from serving.months.repository import Published

_SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client looks when it is imported, and so only in workers: they are processes of their own."""
_LOOPBACK = frozenset({"127.0.0.1", "::1", "testclient"})
log: Any = structlog.get_logger("lights")
monitored = APIRouter(include_in_schema=False)


class Metrics:
    """Of one process; where several workers share a folder (`shared`), whichever is asked tells of all."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._of_all = CollectorRegistry()
        if _SHARED in os.environ:
            MultiProcessCollector(self._of_all)  # type: ignore[no-untyped-call]
        self.requests = Counter(
            "lights_requests", "answers by route and status", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "lights_request_seconds", "time to the answer by route", ("route",), registry=self.registry
        )
        self.month_age = self._gauge("lights_month_age_days", "days since the newest month's end")
        self.loans = self._gauge("lights_loans", "open loans of the newest month", "light")
        self.audit = self._gauge("lights_audit_entries", "number of the newest audit entry")

    def _gauge(self, name: str, said: str, *labels: str) -> Gauge:
        """Of several workers, the value that one found last."""
        return Gauge(name, said, labels, registry=self.registry, multiprocess_mode="mostrecent")

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
        return generate_latest(self._of_all if _SHARED in os.environ else self.registry)

    def _month(self, desk: Desk) -> None:
        try:
            manifest = Published(desk.store).month().manifest
        except Refused:  # nothing is published yet: no gauge rather than a zero
            return
        self.month_age.set((desk.today - date.fromisoformat(manifest.as_of)).days)
        for code in CODES:
            self.loans.labels(code).set(manifest.lights.get(code, {}).get("loans", 0))


@contextmanager
def shared() -> Iterator[None]:
    """A folder in which the workers started meanwhile count together; one that is started anew counts on."""
    with TemporaryDirectory(prefix="lights-metrics-") as folder:
        os.environ[_SHARED] = folder
        try:
            yield
        finally:
            del os.environ[_SHARED]


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
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _may_read(request: Request, desk: Desk) -> bool:
    token = desk.settings.metrics_token
    if token is not None:
        return is_same(request.headers.get("authorization", ""), f"Bearer {token.get_secret_value()}")
    is_near = request.client is not None and request.client.host in _LOOPBACK
    return is_near and "x-forwarded-for" not in request.headers
