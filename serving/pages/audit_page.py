"""The audit, for the auditor: entries by person, kind and day, and whether the chain holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from serving.audit.log import ACTION_WORDS, Action, Sought, found, kept_heads, note_promotions, told, verify
from serving.cases.schemas import Number
from serving.http.context import Desk, desk_of
from serving.http.dependencies import Kept, Viewing
from serving.pages.rendering import Spoken, page

audit_pages = APIRouter(include_in_schema=False)
_LISTED = 100


@audit_pages.get("/audit")
def audit(
    request: Request,
    viewer: Viewing,  # noqa: ARG001 - by the address
    store: Kept,
    language: Spoken,
    person: Annotated[str, Query(max_length=80)] = "",
    action: Annotated[str, Query(max_length=16)] = "",
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
    cursor: Annotated[Number | None, Query()] = None,
    check: bool = False,
) -> Response:
    """Entries, the newest first; `check` walks the chain."""
    desk = desk_of(request)
    with desk.database.writing() as session:
        note_promotions(session, store.models.history, desk.now())
    kind = Action(action) if action in tuple(Action) else None
    sought = Sought(person.strip() or None, kind, _begin(since, 0), _begin(until, 1), cursor, _LISTED)
    with desk.database.reading() as session:
        entries = [told(entry) for entry in found(session, sought)]
    return page(
        request,
        "audit.html",
        language,
        entries=entries,
        sought={"person": person, "action": action, "since": since, "until": until},
        actions={each.value: getattr(words, language) for each, words in ACTION_WORDS.items()},
        more=entries[-1]["number"] if len(entries) == _LISTED else None,
        verified=_verified(desk) if check else None,
    )


def _verified(desk: Desk) -> object:
    with desk.database.reading() as session:
        return verify(session, kept_heads(desk.store.folder))


def _begin(day: str, later: int) -> datetime | None:
    """The beginning of a day, or of the one after it; what is no day asks for nothing."""
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=later), time.min, UTC)
    except (ValueError, OverflowError):
        return None
