"""Prometheus metrics, and one log line a request that names the route and never what was asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from features.messages import UserError
from features.scratch import temporary_folder
from models.light import CODES
from serving.access.tokens import is_equal_in_constant_time
from serving.audit.chain import chain_head
from serving.http.context import AppContext, context_of
from serving.http.dependencies import METHODS, AuthenticatedRoute, ForbiddenError, route_path
from serving.months.repository import MonthRepository

_SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable that prometheus_client reads when it is imported; set before worker processes start."""
_LOOPBACK = frozenset({"127.0.0.1", "::1", "testclient"})
log: Any = structlog.get_logger("lights")
metrics_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)


class Metrics:
    """The metrics of one process; of all workers where they share a folder (`shared_metrics_folder`)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._all_workers = CollectorRegistry()
        if _SHARED_FOLDER in os.environ:
            MultiProcessCollector(self._all_workers)  # type: ignore[no-untyped-call]
        self.requests = Counter(
            "lights_requests", "answers by route and status", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "lights_request_seconds", "time to the answer by route", ("route",), registry=self.registry
        )
        self.month_age = self._gauge("lights_month_age_days", "days since the newest month's end")
        self.loans = self._gauge("lights_loans", "open loans of the newest month", "light")
        self.audit = self._gauge("lights_audit_entries", "number of the newest audit entry")

    def _gauge(self, name: str, documentation: str, *labels: str) -> Gauge:
        """A gauge that shows the most recent value of any worker."""
        return Gauge(name, documentation, labels, registry=self.registry, multiprocess_mode="mostrecent")

    def count_request(self, request: Request, status: int, seconds: float) -> None:
        """Count an answered request, and log it; addresses without a route, and made-up methods, share one label."""
        route, method = route_path(request) or "none", request.method if request.method in METHODS else "other"
        self.requests.labels(method, route, status).inc()
        self.seconds.labels(route).observe(seconds)
        log.info("answered", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 1))

    def text(self, context: AppContext) -> bytes:
        """The metrics in Prometheus' text format; month and audit gauges are read now."""
        try:
            manifest = MonthRepository(context.store).month().manifest
        except UserError:  # nothing is published yet: no gauge rather than a zero
            pass
        else:
            self.month_age.set((context.today - date.fromisoformat(manifest.as_of)).days)
            for code in CODES:
                self.loans.labels(code).set(manifest.lights.get(code, {}).get("loans", 0))
        with context.database.read_session() as session:
            self.audit.set(chain_head(session).number)
        return generate_latest(self._all_workers if _SHARED_FOLDER in os.environ else self.registry)


@contextmanager
def shared_metrics_folder(data: Path) -> Iterator[None]:
    """Let worker processes that start within the block count in one folder; a restarted worker goes on counting."""
    with temporary_folder(data, "metrics") as folder:
        os.environ[_SHARED_FOLDER] = str(folder)
        try:
            yield
        finally:
            del os.environ[_SHARED_FOLDER]


@metrics_router.get("/metrics")
def get_metrics(request: Request) -> Response:
    """Metrics for Prometheus: for this machine, or with the token of LIGHTS_METRICS_TOKEN where one is set."""
    context = context_of(request)
    token = context.settings.metrics_token
    if token is not None:
        authorization = request.headers.get("authorization", "")
        expected = f"Bearer {token.get_secret_value()}"
        may_read = is_equal_in_constant_time(authorization, expected)
    else:
        is_local = request.client is not None and request.client.host in _LOOPBACK
        may_read = is_local and "x-forwarded-for" not in request.headers
    if not may_read:
        raise ForbiddenError("只供本机或持令牌的监控读取。", "Only for this machine, or a monitor with the token.")
    return Response(request.app.state.metrics.text(context), media_type=CONTENT_TYPE_LATEST)


def configure_logging() -> None:
    """Log as lines of JSON on standard error: time, route, status and duration; nothing in them identifies a person."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
