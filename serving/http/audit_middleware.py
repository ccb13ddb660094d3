"""The audit entry of each request, written before its answer is sent."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from serving.access.roles import Right, required_right
from serving.audit.log import AuditAction, NewEntry
from serving.http.context import AppContext
from serving.http.dependencies import SAFE_METHODS, User, route_path, route_template

_REFUSED = frozenset({401, 403, 404})
_NOT_AUDITED = frozenset({Right.OWN, Right.GROUPS})
"""Rights whose reads are not audited: one's own account, and aggregates that name nobody."""
_MAX_PARAMETERS, _MAX_LENGTH = 20, 64
"""Limits on the query parameters that are stored: a client may send any number of them, of any length."""


async def write_audit_entry(request: Request, response: Response, context: AppContext) -> None:
    """Add the entry of an answered request to the audit log, with its parameters and how many loans it listed.

    Nothing is written for a request without a user, or one that `_action` leaves out. Identity numbers in the
    parameters are stored as pseudonyms.
    """
    user = getattr(request.state, "user", None)
    if not isinstance(user, User):
        return
    action = _action(request, response)
    if action is None:
        return
    added = getattr(request.state, "audit_detail", {})
    detail = {**_parameters(request, context), **added, "status": response.status_code}
    row_count = getattr(request.state, "audit_row_count", None)
    if row_count is not None:
        detail["loans"] = row_count
    await context.audit_writer.submit(NewEntry(user.actor, action, route_template(request), detail, context.now()))


def _action(request: Request, response: Response) -> AuditAction | None:
    """The kind of entry; None for failed requests and for reads of one's own account or of aggregates."""
    if response.status_code in _REFUSED:
        return AuditAction.REFUSAL
    if request.method not in SAFE_METHODS:
        return AuditAction.CHANGE if response.status_code < 400 else None
    if required_right(route_path(request)) in _NOT_AUDITED or response.status_code >= 400:
        return None
    if "content-disposition" in response.headers or getattr(request.state, "is_export", False):
        return AuditAction.EXPORT
    return AuditAction.LOOK if request.path_params else AuditAction.LIST


def _parameters(request: Request, context: AppContext) -> dict[str, Any]:
    """Path and query parameters as they may be stored: shortened, and without identity numbers."""

    def storable(value: str) -> str:
        return context.pseudonyms.replace_identity_numbers(value.strip()[:_MAX_LENGTH])

    query = [(name, value) for name, value in request.query_params.items() if name not in ("lang", "cursor") and value]
    return {
        **{name: storable(str(value)) for name, value in request.path_params.items()},
        **{storable(name): storable(value) for name, value in query[:_MAX_PARAMETERS]},
    }
