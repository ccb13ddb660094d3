"""MLflow's own pages on the store's database, for this machine alone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from features.messages import UserError
from models.mlflow_aliases import mlflow_url, sqlite_file
from training.mlflow_database import artifacts_uri, create_empty_database

HOST = "127.0.0.1"
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PYTHONWARNINGS": "ignore",
}
_SECONDS_TO_END = 10
_SECONDS_BETWEEN_LOOKS = 0.1


def serve_mlflow(store: Path, url: str | None, port: int, on_ready: Callable[[str], object]) -> None:
    """Serve MLflow's pages until the process is told to end by SIGINT (Ctrl-C) or SIGTERM.

    Args:
        store: the data folder.
        url: of MLflow's database; None for the one in the data folder.
        port: to listen on, at 127.0.0.1.
        on_ready: called with the address once the pages answer.

    Raises:
        UserError: the address is a tracking server that runs elsewhere, the port is in use, or MLflow cannot start.
    """
    address = url or mlflow_url(store)
    if address.startswith(("http://", "https://")):
        raise UserError(
            f"MLflow 已在 {address} 运行；请在浏览器中打开该地址。",
            f"MLflow runs at {address} already; open that address in a browser.",
        )
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UserError(
                f"端口 {port} 已被占用；请用 --port 另选。", f"Port {port} is in use; choose another with --port."
            ) from error
    if (path := sqlite_file(address)) is not None:
        create_empty_database(path)
    log = store / "mlflow" / "ui.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as printed, _server(address, artifacts_uri(store), port, printed) as server:
        while not _answers(port):
            if server.poll() is not None:
                raise UserError(
                    "MLflow 无法启动；请检查 LIGHTS_MLFLOW 的地址，详见 mlflow/ui.log。",
                    "MLflow does not start; check the address in LIGHTS_MLFLOW, and see mlflow/ui.log.",
                )
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        on_ready(f"http://{HOST}:{port}")
        server.wait()


@contextmanager
def _server(address: str, artifacts: str, port: int, printed: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """MLflow's server with all its processes, which end with the block; a signal to end ends the block."""
    where = ["--backend-store-uri", address, "--default-artifact-root", artifacts]
    listening = ["--host", HOST, "--port", str(port), "--workers", "1", "--uvicorn-opts", "--log-level error"]
    command = [sys.executable, "-m", "mlflow", "server", *where, *listening]
    # Ctrl-C, too: a shell that starts a program in the background has it ignored
    before = {end: signal.signal(end, lambda *_: sys.exit(0)) for end in (signal.SIGINT, signal.SIGTERM)}
    server = None
    try:
        server = subprocess.Popen(  # noqa: S603 - our own words, an address of the user's own
            command, env={**os.environ, **_QUIET}, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True
        )
        yield server
    finally:
        if server is not None:
            _end_group(server)
        for end, handler in before.items():
            signal.signal(end, handler)


def _end_group(server: subprocess.Popen[bytes]) -> None:
    """End the server and the processes it has started, by force where they take too long."""
    for end in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(server.pid, end)
        with suppress(subprocess.TimeoutExpired):
            server.wait(_SECONDS_TO_END)


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0
