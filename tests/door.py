"""The command line and the server as a user has them: processes of their own, on this machine alone."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

LIGHTS = (sys.executable, "-m", "lights")
CHINESE = re.compile("[一-鿿]")
Ran = subprocess.CompletedProcess[str]


def environment(data: Path) -> dict[str, str]:
    return {**os.environ, "LIGHTS_DATA": str(data), "PYTHONUTF8": "1"}


def lights(data: Path, *words: object) -> Ran:
    """Run a command to its end; `data` is the service's folder."""
    asked = [*LIGHTS, *map(str, words)]
    return subprocess.run(asked, env=environment(data), capture_output=True, text=True, timeout=300, check=False)


def done(ran: Ran) -> str:
    """What a command printed that had to succeed."""
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def refused(ran: Ran) -> str:
    """The English sentence of a refusal, after the Chinese one; nothing else but lines of progress."""
    assert (ran.returncode, ran.stdout) == (1, "")
    *progress, zh, en = ran.stderr.splitlines()
    assert [line for line in progress if not line.startswith("…")] == []
    assert CHINESE.search(zh)
    assert not CHINESE.search(en)
    return en


def started(data: Path, *words: object) -> subprocess.Popen[str]:
    """A command left running; its two streams are one pipe."""
    asked = [*LIGHTS, *map(str, words)]
    return subprocess.Popen(
        asked, env=environment(data), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    )


def kill(running: subprocess.Popen[str]) -> None:
    """As a power cut does: nothing is tidied up."""
    running.kill()
    running.communicate()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def serving(data: Path) -> Iterator[str]:
    """`lights serve` on a free port, and its address; stopped as a user stops it."""
    port = free_port()
    server = started(data, "serve", "--port", port)
    try:
        base = f"http://127.0.0.1:{port}"
        wait_for(f"{base}/health/live", server)
        yield base
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=30)


def wait_for(url: str, server: subprocess.Popen[Any]) -> None:
    """Until a server that was started answers."""
    for _ in range(600):
        try:
            httpx2.get(url)
            return
        except httpx2.TransportError:
            assert server.poll() is None, server.communicate()[0]
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")
