"""The command line and the server as a user has them: processes of their own, on this machine alone."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx2
from starlette.testclient import TestClient

from features.console import utc_now
from serving.access import accounts as people
from serving.audit.command_line import database_of
from tests.forked_commands import fork_command, run_forked

LIGHTS = (sys.executable, "-m", "lights")
CHINESE = re.compile("[一-鿿]")
Ran = subprocess.CompletedProcess[str]


def environment(data: Path) -> dict[str, str]:
    return {**os.environ, "LIGHTS_DATA": str(data), "PYTHONUTF8": "1"}


def lights(data: Path, *words: object) -> Ran:
    """Run a command to its end; `data` is the service's folder."""
    return run_forked([*map(str, words)], environment(data), 300)


def lights_of_its_own(data: Path, *words: object) -> Ran:
    """Like `lights`, by a Python of its own, which inherits the limits of this process."""
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


KEYS: dict[int, str] = {}
"""By port: the key that a browser sends along, as `alone` lets it."""
_MADE: dict[tuple[Path, str], str] = {}
"""By data folder and account: the key that was made for it."""


def key_for(data: Path, role: str, bank: str | None = None, area: str | None = None) -> str:
    """A key of somebody with this role: the one that this process has made before, unless it has been revoked.

    A service of the whole session goes on using it, so none is revoked for want of room.
    """
    name = "-".join(filter(None, (role, bank, area)))
    database = database_of(data)
    with database.write_session() as session:
        known = {person.name: person for person in people.all_people(session)}
        person = known.get(name) or people.create_account(
            session, people.account_details(name, role, bank, area), utc_now()
        )
        key = _MADE.get((data, name), "")
        if not any(key.startswith(each.prefix) for each in people.keys_of(session, person) if each.revoked_at is None):
            key = _MADE[data, name] = people.create_key(session, person, "tests", utc_now())
    database.engine.dispose()  # its files beside the database go now, not while a test copies the folder
    return key


def entered(client: TestClient, token: str) -> Any:
    """What the button of a one-time link answers."""
    page = client.get("/sign-in", params={"token": token})
    [form] = re.findall('name="csrf" value="([^"]+)"', page.text)[-1:]
    return client.post("/sign-in/link", data={"token": token, "csrf": form})


def signed(address: str, key: str) -> str:
    """An address that carries a key, as curl and spreadsheets send it."""
    return address.replace("http://", f"http://key:{key}@")


def unsigned(address: str) -> str:
    """The same address without its key."""
    return re.sub("//.*@", "//", address)


@contextmanager
def serving(data: Path, *words: object, role: str = "county_official", **variables: str) -> Iterator[str]:
    """`lights serve` on a free port, and its address with a key; stopped as a user stops it."""
    port = free_port()
    key = KEYS[port] = key_for(data, role)
    asked = ["serve", "--port", str(port), *map(str, words)]
    with tempfile.NamedTemporaryFile("r") as printed:
        path = Path(printed.name)
        server = fork_command(asked, {**environment(data), **variables}, path, path)
        assert server.pid is not None
        try:
            wait_for(f"http://127.0.0.1:{port}/health/live", server.is_alive, printed)
            yield signed(f"http://127.0.0.1:{port}", key)
        finally:
            if server.is_alive():
                os.kill(server.pid, signal.SIGINT)
            server.join(30)
            assert not server.is_alive()


def wait_for(url: str, is_running: Callable[[], bool], printed: IO[Any]) -> None:
    """Until a server that was started answers; printed: what it has said, shown where it ended instead."""
    for _ in range(1200):
        try:
            httpx2.get(url)
            return
        except httpx2.TransportError:
            assert is_running(), (printed.seek(0), printed.read())
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")
