"""One POST to a receiver: verified TLS, no redirects, no proxy, a bound on the whole time and on the answer's size."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Timer
from urllib.parse import urlsplit

_MOST_READ = 2048
"""Bytes of an answer's body that are read."""
_MOST_SHOWN = 200
_TIMEOUT = "timeout"
_UNSHOWN = re.compile(r"[^\w\s!-~]|[\r\n\t]+")


@dataclass(frozen=True)
class PostAnswer:
    """What came of a POST. status: None where nobody answered; text: the answer's beginning, or what went wrong."""

    status: int | None
    text: str

    @property
    def is_success(self) -> bool:
        """Whether the receiver took the message."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_unreachable(self) -> bool:
        """Whether the receiver as a whole is down or overloaded, so that its other messages would fail, too."""
        return self.status is None or self.status >= 500 or self.status == 429


def post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> PostAnswer:
    """Send a body.

    Args:
        url: as `check_address` lets it pass.
        body: the bytes.
        headers: further headers.
        timeout: seconds for all of it, from the connection to the answer.

    Returns:
        The answer, whatever its status; without one where the receiver cannot be reached, its certificate is not
        valid, or the time is over. Nothing is raised for what the receiver does.
    """
    split, start = urlsplit(url), time.monotonic()
    path = (split.path or "/") + (f"?{split.query}" if split.query else "")
    host, port = split.hostname or "", split.port
    if split.scheme == "https":
        context = ssl.create_default_context()
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=timeout, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    over, timer = Event(), None
    try:
        connection.connect()
        # the socket's own timeout is for each read alone: a receiver that sends a byte a second would never end
        timer = Timer(max(0.0, timeout - (time.monotonic() - start)), _end, [connection.sock, over])
        timer.daemon = True
        timer.start()
        connection.request("POST", path, body, {**headers, "Connection": "close"})
        answer = connection.getresponse()
        if over.is_set():
            return PostAnswer(None, _TIMEOUT)
        content = b""
        with suppress(OSError, http.client.HTTPException):  # the status has come, and is the answer
            content = answer.read(_MOST_READ)
        return PostAnswer(answer.status, _one_line(content.decode("utf-8", "replace")))
    except (OSError, http.client.HTTPException, ValueError) as error:
        is_late = over.is_set() or isinstance(error, TimeoutError)
        return PostAnswer(None, _TIMEOUT if is_late else _one_line(f"{type(error).__name__}: {error}"))
    finally:
        if timer is not None:
            timer.cancel()
        connection.close()


def _end(connected: socket.socket, over: Event) -> None:
    """Cut a connection whose time is over."""
    over.set()
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _one_line(text: str) -> str:
    return _UNSHOWN.sub(" ", text).strip()[:_MOST_SHOWN]
