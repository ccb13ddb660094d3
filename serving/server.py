"""The server: uvicorn with one process or several workers, and a run that fetches some pages and stops."""

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

from features.messages import UserError
from features.scratch import remove_left_folders
from serving.access.rate_limit import shared_limits
from serving.app import application, current_time
from serving.http.context import app_context
from serving.http.metrics import configure_logging, shared_metrics_folder
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from serving.portfolio.worklist import WorklistQuery, worklist
from serving.settings import LOOPBACK_HOSTS, Settings

_GRACE_SECONDS = 20
"""How long a request that has begun may take to end when the service is stopped."""
_MOST_CONNECTIONS = 500
"""Connections of a process beyond which a request is answered by 503: half of what a process may open by default."""


def serve(store: DataFolder, settings: Settings, port: int, workers: int = 1) -> None:
    """Serve until interrupted; several worker processes share the port.

    Raises UserError where the port is taken, or other machines could reach the service without TLS.
    """
    settings.check_may_listen(settings.host)
    configure_logging()
    remove_left_folders(store.folder)
    with listening_socket(settings.host, port) as listener:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        address = settings.public_url or f"http://{host}:{port}"
        print(f"{address.rstrip('/')}/  (Ctrl-C 停止 / stops)", flush=True)
        if workers == 1:
            _server(store, settings).run(sockets=[listener])
        else:
            _run_workers(store, settings, listener, workers)


def fetch_pages_once(store: DataFolder, settings: Settings, token: str) -> Iterator[str]:
    """Serve on a free port, sign in with a one-time link, fetch some pages and stop; a line for each page."""
    household = worklist(MonthRepository(store).month(), WorklistQuery(limit=1)).items[0].household_id
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    with listening_socket(LOOPBACK_HOSTS[0], 0) as listener:
        server = _server(store, settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            base = f"http://{LOOPBACK_HOSTS[0]}:{listener.getsockname()[1]}"
            _sign_in(browser, base, token)
            for path in (
                "/health/ready",
                "/",
                f"/households/{household}",
                f"/api/v1/households/{household}/explanation",
            ):
                yield f"GET {path}: {_fetch(browser, base + path)}"
        finally:
            server.should_exit = True
            thread.join()


def _server(store: DataFolder, settings: Settings) -> uvicorn.Server:
    """The server in this process, without an access log: addresses name households."""
    return uvicorn.Server(_config(application(store, settings)))


def _config(app: object, workers: int = 1) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type] # an application, or the import path from which a worker gets one
        factory=isinstance(app, str),
        workers=workers,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=_GRACE_SECONDS,
        limit_concurrency=_MOST_CONNECTIONS,
        server_header=False,
        proxy_headers=True,
    )


def _run_workers(store: DataFolder, settings: Settings, listener: socket.socket, workers: int) -> None:
    """Run worker processes on a shared socket; each reads its settings from the environment."""
    app_context(store, settings, current_time)  # the database is migrated before the workers start
    os.environ["LIGHTS_DATA"] = str(store.folder)
    os.environ.setdefault("POLARS_MAX_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))  # they share the cores
    config = _config("serving.app:from_environment", workers)
    with shared_metrics_folder(store.folder), shared_limits(store.folder):
        Multiprocess(config, sockets=[listener]).run()


def listening_socket(host: str, port: int) -> socket.socket:
    """A listening socket that worker processes can inherit. Raises UserError where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on: 40 ms
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise UserError(
            f"端口 {port} 已被占用；请用 --port 另选。", f"Port {port} is taken; choose another with --port."
        ) from error
    listener.listen()
    listener.set_inheritable(True)
    return listener


def _sign_in(browser: OpenerDirector, base: str, token: str) -> None:
    """Sign in as a person does with a one-time link: load its page, and press the button."""
    link = f"{base}/sign-in?token={token}"
    _fetch(browser, link)  # waits until the service answers
    with browser.open(link, timeout=10) as response:
        match = re.search('name="csrf" value="([0-9a-f]+)"', response.read().decode())
    form = {"token": token, "csrf": match[1] if match else ""}
    browser.open(f"{base}/sign-in/link", urlencode(form).encode(), timeout=10).close()


def _fetch(browser: OpenerDirector, url: str, tries: int = 100) -> str:
    for _ in range(tries):
        try:
            with browser.open(url, timeout=10) as response:
                return f"{HTTPStatus(response.status).value}, {len(response.read()):,} bytes"
        except ConnectionError:
            time.sleep(0.05)
    raise UserError(f"{url} 没有应答。", f"{url} does not answer.")
