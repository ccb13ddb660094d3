"""The auditor's page: entries by person, kind and day, and a check of the chain."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from serving.audit.chain import verify_chain
from serving.audit.heads import saved_heads
from serving.audit.log import (
    AUDIT_ACTION_WORDS,
    AuditAction,
    AuditQuery,
    add_promotions,
    entry_json,
    search_entries,
)
from serving.cases.schemas import DatabaseId
from serving.http.context import context_of
from serving.http.dependencies import AuthenticatedRoute, CurrentData, CurrentUser
from serving.pages.rendering import PAGE_SIZES, PageLanguage, PageSize, render_page
from serving.text.written_day import EMPTY, Day

audit_page_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)


@audit_page_router.get("/audit")
def show_audit(
    request: Request,
    user: CurrentUser,  # noqa: ARG001 - asks for a sign-in
    store: CurrentData,
    language: PageLanguage,
    person: Annotated[str, Query(max_length=80)] = "",
    action: Annotated[str, Query(max_length=16)] = "",
    since: Annotated[Day | None, EMPTY, Query()] = None,
    until: Annotated[Day | None, EMPTY, Query()] = None,
    cursor: Annotated[DatabaseId | None, Query()] = None,
    check: bool = False,
    rows: PageSize = PAGE_SIZES[0],
) -> Response:
    """Entries of the audit log, newest first; with `check`, whether its chain is intact."""
    context = context_of(request)
    with context.database.write_session() as session:
        add_promotions(session, store.models.history, context.now())
    kind = AuditAction(action) if action in tuple(AuditAction) else None
    query = AuditQuery(person.strip() or None, kind, _start_of_day(since, 0), _start_of_day(until, 1), cursor, rows)
    with context.database.read_session() as session:
        entries = [entry_json(entry) for entry in search_entries(session, query)]
        chain_check = verify_chain(session, saved_heads(context.store.folder)) if check else None
    return render_page(
        request,
        "audit.html",
        language,
        entries=entries,
        filters={"person": person, "action": action, "since": since or "", "until": until or ""},
        actions={each.value: getattr(words, language) for each, words in AUDIT_ACTION_WORDS.items()},
        next_cursor=entries[-1]["number"] if len(entries) == rows else None,
        chain_check=chain_check,
        page_size=rows,
    )


def _start_of_day(day: date | None, days_later: int) -> datetime | None:
    """The start of a day in UTC, or so many days later, at most of the last day that there is; None without one."""
    if day is None:
        return None
    return datetime.combine(min(day, date.max - timedelta(days=days_later)) + timedelta(days=days_later), time.min, UTC)
