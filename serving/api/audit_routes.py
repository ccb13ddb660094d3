"""The route of the audit log, for the auditor."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from serving.api.warning_routes import PROBLEM_RESPONSES
from serving.audit.log import AuditAction, AuditQuery, add_promotions, entry_json, search_entries
from serving.cases.schemas import DatabaseId
from serving.http.context import context_of
from serving.http.dependencies import AuthenticatedRoute, CurrentData, CurrentUser
from serving.schemas.basis import Answer
from serving.text.written_day import Day

audit_router = APIRouter(route_class=AuthenticatedRoute, prefix="/api/v1", responses=PROBLEM_RESPONSES, tags=["audit"])


class AuditLogEntry(Answer):
    """An entry of the audit log. hash: over all this and `previous`.

    detail: what was asked for, in codes and pseudonyms.
    """

    number: int
    at: datetime
    person: str
    role: str
    action: AuditAction
    subject: str
    detail: dict[str, Any]
    previous: str
    hash: str


class AuditPage(Answer):
    """Entries, the newest first; `next_cursor` asks for the next page, null on the last."""

    items: list[AuditLogEntry]
    next_cursor: str | None


@audit_router.get("/audit")
def list_audit_entries(
    request: Request,
    user: CurrentUser,  # noqa: ARG001 - asks for a sign-in; the route's right makes it the auditor
    store: CurrentData,
    person: Annotated[str | None, Query(max_length=80)] = None,
    action: AuditAction | None = None,
    since: Annotated[Day | None, Query(description="from this day on, UTC")] = None,
    until: Annotated[Day | None, Query(description="before this day, UTC")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: DatabaseId | None = None,
) -> AuditPage:
    """Entries of the audit."""
    context = context_of(request)
    with context.database.write_session() as session:
        add_promotions(session, store.models.history, context.now())
    since_time, until_time = (None if day is None else datetime.combine(day, time.min, UTC) for day in (since, until))
    query = AuditQuery(person, action, since_time, until_time, cursor, limit)
    with context.database.read_session() as session:
        items = [AuditLogEntry.model_validate(entry_json(entry)) for entry in search_entries(session, query)]
    next_cursor = str(items[-1].number) if len(items) == limit else None
    return AuditPage(items=items, next_cursor=next_cursor)
