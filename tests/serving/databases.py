"""Both databases: SQLite in a folder of its own, and a PostgreSQL that the session starts from Debian's package."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from serving.database.engine import Database, open_database
from tests.running_service import free_port

AUDIT_KEY = b"k" * 32
_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a server's first database; it listens on a free port of this machine."""
    if not _BINARIES:
        pytest.skip("no PostgreSQL: apt-get install postgresql libpq5")
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    control = ("-D", folder / "data", "-w", "-l", folder / "log")
    _run("initdb", "-D", folder / "data", "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
    _run("pg_ctl", *control, "-o", f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -F", "start")
    try:
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    finally:
        _run("pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


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
