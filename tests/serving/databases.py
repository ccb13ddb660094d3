"""Both databases: SQLite in a folder of its own, and a PostgreSQL that the session starts from Debian's package."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from serving.database.engine import Database, open_database
from tests.running_service import free_port

AUDIT_KEY = b"k" * 32
_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@dataclass(frozen=True)
class PostgresServer:
    """A PostgreSQL server of a test, on a free port of this machine. address: of its first database."""

    folder: Path
    port: int

    @property
    def address(self) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def control(self, *words: object) -> None:
        """Run pg_ctl: `start`, `stop`, `restart`, with its options."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder} -F"
        _run("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o", options, *words)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A new server while the block runs; the test is skipped where PostgreSQL is not installed."""
    if not _BINARIES:
        pytest.skip("no PostgreSQL: apt-get install postgresql libpq5")
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    server = PostgresServer(folder, free_port())
    _run("initdb", "-D", folder / "data", "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
    server.control("start")
    try:
        yield server
    finally:
        server.control("-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of the session's server."""
    with running_postgres() as server:
        yield server.address


def _run(program: str, *words: object) -> None:
    """As the user postgres where this is root, who may not run a server."""
    user = ("runuser", "-u", "postgres", "--") if os.getuid() == 0 and pwd.getpwnam("postgres") else ()
    asked = [*user, str(_BINARIES[-1] / program), *map(str, words)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of either kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'lights.db'}"
        return
    server: str = request.getfixturevalue("postgres")
    name = f"t{uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    yield server.rpartition("/")[0] + f"/{name}"


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    """Open, migrated, empty."""
    found = open_database(address, AUDIT_KEY)
    yield found
    found.engine.dispose()
