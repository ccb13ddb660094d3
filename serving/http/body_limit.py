"""Limit on the bytes that a request may send."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MIB = 1 << 20
_OF_FORMS, _OF_PROGRAMS = 1 * MIB, 8 * MIB


class BodyLimit:
    """Refuses a body with more bytes than its path allows (413): by its announced length, else while it is read.

    limits: bytes for some paths; the others have those of a form, or of a program below /api/.
    """

    def __init__(self, app: ASGIApp, limits: Mapping[str, int]) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        limit = self._limits.get(path, _OF_PROGRAMS if path.startswith("/api/") else _OF_FORMS)
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        read = 0

        async def receive_limited() -> Message:
            nonlocal read
            if announced.isdigit() and int(announced) > limit:
                raise _too_large(limit)
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise _too_large(limit)
            return message

        await self._app(scope, receive_limited, send)


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"{limit // MIB}")
