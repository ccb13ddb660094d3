"""What a request leaves in the audit, written before its answer is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from serving.access.roles import Right, needed
from serving.audit.log import Action, Entry
from serving.http.context import Desk
from serving.http.dependencies import SAFE, Viewer, asked_for, template_of

_REFUSED = frozenset({401, 403, 404})
_SILENT = frozenset({Right.OWN, Right.GROUPS})
"""Looks at oneself and at sums are no looks at a person."""
_MOST_NAMED = 20
"""More parameters than any address takes."""


async def leave_trail(request: Request, response: Response, desk: Desk) -> None:
    """Names in it are codes and numbers as they are kept: an identity number that was typed is a pseudonym."""
    viewer = getattr(request.state, "viewer", None)
    if not isinstance(viewer, Viewer):
        return
    action = _action(request, response)
    if action is None:
        return
    detail = {**_asked(request, desk), **getattr(request.state, "trace", {}), "status": response.status_code}
    loans = getattr(request.state, "counted", None)
    if loans is not None:
        detail["loans"] = loans
    await desk.scribe.done(Entry(viewer.who, action, asked_for(request), detail, desk.now()))


def _action(request: Request, response: Response) -> Action | None:
    right = needed(template_of(request))
    if response.status_code in _REFUSED:
        return Action.REFUSAL
    if request.method not in SAFE:
        return Action.CHANGE if response.status_code < 400 else None
    if right in _SILENT or response.status_code >= 400:
        return None
    if "content-disposition" in response.headers:
        return Action.EXPORT
    return Action.LOOK if request.path_params else Action.LIST


def _asked(request: Request, desk: Desk) -> dict[str, Any]:
    named = {name: _kept(str(value), desk) for name, value in request.path_params.items()}
    return {**named, **_filters(request.query_params, desk)}


def _filters(asked: Mapping[str, str], desk: Desk) -> dict[str, str]:
    """What no address takes may be named by whoever asks, at any length: of such only so much is kept."""
    told = [(name, value) for name, value in asked.items() if name not in ("lang", "cursor") and value]
    return {_kept(name, desk): _kept(value, desk) for name, value in told[:_MOST_NAMED]}


def _kept(value: str, desk: Desk) -> str:
    """Also inside a longer text an identity number is its pseudonym."""
    return desk.pseudonyms.hidden(value.strip()[:64])
