"""The audit over HTTP, for the auditor."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from serving.api.warning_routes import PROBLEMS
from serving.audit.log import Action, Sought, found, note_promotions, told
from serving.cases.schemas import Number
from serving.http.context import desk_of
from serving.http.dependencies import Kept, Viewing
from serving.schemas.basis import Answer

audited = APIRouter(prefix="/api/v1", responses=PROBLEMS, tags=["audit"])


class Entry(Answer):
    """Who did what when. detail: what was asked for, in codes and kept numbers. hash: over all this and `previous`."""

    number: int
    at: datetime
    person: str
    role: str
    action: Action
    subject: str
    detail: dict[str, Any]
    previous: str
    hash: str


class AuditPage(Answer):
    """Entries, the newest first; `next_cursor` asks for the next page, null on the last."""

    items: list[Entry]
    next_cursor: str | None


@audited.get("/audit")
def audit_entries(
    request: Request,
    viewer: Viewing,  # noqa: ARG001 - the auditor, by the address
    store: Kept,
    person: Annotated[str | None, Query(max_length=80)] = None,
    action: Action | None = None,
    since: Annotated[date | None, Query(description="from this day on, UTC")] = None,
    until: Annotated[date | None, Query(description="before this day, UTC")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Number | None = None,
) -> AuditPage:
    """Entries of the audit."""
    desk = desk_of(request)
    with desk.database.writing() as session:
        note_promotions(session, store.models.history, desk.now())
    sought = Sought(person, action, _begin(since), _begin(until), cursor, limit)
    with desk.database.reading() as session:
        items = [Entry.model_validate(told(entry)) for entry in found(session, sought)]
    more = str(items[-1].number) if len(items) == limit else None
    return AuditPage(items=items, next_cursor=more)


def _begin(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time.min, UTC)
