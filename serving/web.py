"""Serve the application on this machine, or look at it once and stop."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from urllib.request import urlopen

import uvicorn

from features.words import Refused
from serving.app import application
from serving.judging import bundle_of
from serving.published import Published
from serving.store import Store
from serving.worklist import Asked, worklist

HOST = "127.0.0.1"
"""Only this machine: there are no accounts, so nobody else may look."""


def serve(store: Store, port: int) -> None:
    """Serve until interrupted.

    Raises Refused where the port is taken.
    """
    with _listening(port) as listener:
        print(f"http://{HOST}:{port}/  (Ctrl-C 停止 / stops)", flush=True)
        _server(store).run(sockets=[listener])


def look_once(store: Store) -> Iterator[str]:
    """Serve on a free port, fetch the list, one household and its answer, and stop; a line for each."""
    household = worklist(Published(store).month(), Asked(limit=1)).items[0].household_id
    with _listening(0) as listener:
        server = _server(store)
        running = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        running.start()
        try:
            base = f"http://{HOST}:{listener.getsockname()[1]}"
            for path in (
                "/health/ready",
                "/",
                f"/households/{household}",
                f"/api/v1/households/{household}/explanation",
            ):
                yield f"GET {path}: {_fetched(base + path)}"
        finally:
            server.should_exit = True
            running.join()


def _server(store: Store) -> uvicorn.Server:
    """Without an access log: addresses name households. The model is read before anybody waits for it."""
    with suppress(Refused):  # nothing published yet, or no model: pages say so themselves
        bundle_of(Published(store).month(), store.models)
    return uvicorn.Server(uvicorn.Config(application(store), access_log=False, log_level="warning"))


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise Refused(
            f"端口 {port} 已被占用; 请用 --port 另选。", f"Port {port} is taken; choose another with --port."
        ) from error
    listener.listen()
    return listener


def _fetched(url: str, tries: int = 100) -> str:
    for _ in range(tries):
        try:
            with urlopen(url, timeout=10) as answer:  # noqa: S310 - our own address
                return f"{HTTPStatus(answer.status).value}, {len(answer.read()):,} bytes"
        except ConnectionError:
            time.sleep(0.05)
    raise Refused(f"{url} 没有应答。", f"{url} does not answer.")
