"""Serve the application, by one process or several, or look at it once and stop."""

from __future__ import annotations

import errno
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import uvicorn
from uvicorn.supervisors import Multiprocess

from features.messages import Refused
from serving.app import application, moment
from serving.http.context import desk
from serving.http.metrics import log_as_lines, shared
from serving.months.data_folder import Store
from serving.months.repository import Published
from serving.portfolio.worklist import Asked, worklist
from serving.settings import LOOPBACK, Settings

_GRACE_SECONDS = 20
"""So long a request that has begun may take to end when the service is told to stop."""


def serve(store: Store, settings: Settings, port: int, workers: int = 1) -> None:
    """Serve until interrupted.

    Raises Refused where the port is taken, or others could listen in.
    """
    settings.open_to(settings.host)
    log_as_lines()
    with listening(settings.host, port) as listener:
        address = settings.public_url or f"http://{_spelled(settings.host)}:{port}"
        print(f"{address.rstrip('/')}/  (Ctrl-C 停止 / stops)", flush=True)
        if workers == 1:
            _server(store, settings).run(sockets=[listener])
        else:
            _many(store, settings, listener, workers)


def look_once(store: Store, settings: Settings, token: str) -> Iterator[str]:
    """Serve on a free port, sign in, fetch the list, one household and its answer, and stop; a line for each."""
    household = worklist(Published(store).month(), Asked(limit=1)).items[0].household_id
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    with listening(LOOPBACK[0], 0) as listener:
        server = _server(store, settings)
        running = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        running.start()
        try:
            base = f"http://{LOOPBACK[0]}:{listener.getsockname()[1]}"
            _enter(browser, base, token)
            for path in (
                "/health/ready",
                "/",
                f"/households/{household}",
                f"/api/v1/households/{household}/explanation",
            ):
                yield f"GET {path}: {_fetched(browser, base + path)}"
        finally:
            server.should_exit = True
            running.join()


def _server(store: Store, settings: Settings) -> uvicorn.Server:
    """Without an access log: addresses name households."""
    return uvicorn.Server(_config(application(store, settings)))


def _config(app: object, workers: int = 1) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type] # an application, or where a worker finds one
        factory=isinstance(app, str),
        workers=workers,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=_GRACE_SECONDS,
        server_header=False,
        proxy_headers=True,
    )


def _many(store: Store, settings: Settings, listener: socket.socket, workers: int) -> None:
    """Workers of their own, that share the socket; each reads its settings from the environment, migrated here."""
    desk(store, settings, moment)
    os.environ["LIGHTS_DATA"] = str(store.folder)
    os.environ.setdefault("POLARS_MAX_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))  # they share the cores
    config = _config("serving.app:from_environment", workers)
    with shared():
        Multiprocess(config, sockets=[listener]).run()


def _spelled(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def listening(host: str, port: int) -> socket.socket:
    """A socket that waits for callers, and may be handed on to workers. Raises Refused where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on: 40 ms
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise Refused(
            f"端口 {port} 已被占用; 请用 --port 另选。", f"Port {port} is taken; choose another with --port."
        ) from error
    listener.listen()
    listener.set_inheritable(True)
    return listener


def _enter(browser: OpenerDirector, base: str, token: str) -> None:
    """As a person does by a one-time link: its page, and the button on it."""
    link = f"{base}/sign-in?token={token}"
    _fetched(browser, link)  # waits until the service answers
    with browser.open(link, timeout=10) as answer:
        found = re.search('name="csrf" value="([0-9a-f]+)"', answer.read().decode())
    form = {"token": token, "csrf": found[1] if found else ""}
    browser.open(f"{base}/sign-in/link", urlencode(form).encode(), timeout=10).close()


def _fetched(browser: OpenerDirector, url: str, tries: int = 100) -> str:
    for _ in range(tries):
        try:
            with browser.open(url, timeout=10) as answer:
                return f"{HTTPStatus(answer.status).value}, {len(answer.read()):,} bytes"
        except ConnectionError:
            time.sleep(0.05)
    raise Refused(f"{url} 没有应答。", f"{url} does not answer.")
