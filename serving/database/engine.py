"""The database opened: its engine, its pragmas, its migrations up to date."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session

from features.messages import Refused

REVISIONS = ("0001", "0002")
"""Oldest first; the last is what this code reads and writes."""
_MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 6_404_321
"""PostgreSQL's advisory lock of whoever migrates."""
_THREADS = 40
"""Requests a process answers at once: SQLite keeps a connection for each, or most would open one and close it again."""
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",
    "PRAGMA busy_timeout = 10000",
)


@dataclass(frozen=True)
class Database:
    """An open database, migrated."""

    engine: Engine

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction, kept whole or not at all; SQLite's one writer at a time waits here and not at its end."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def appending(self) -> Iterator[Connection]:
        """The same for rows alone, without the objects that a session keeps of them."""
        with self._writer.begin() as connection:
            yield connection

    @cached_property
    def _writer(self) -> Engine:
        return self.engine.execution_options(writes=True)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"


def opened(address: str) -> Database:
    """The database at an SQLAlchemy address, migrated to this code.

    Raises Refused where there is none, or it is newer than this code.
    """
    try:
        engine = _migrated(_engine(address))
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ImportError) as error:
        raise Refused(
            f"数据库地址或驱动有误 ({type(error).__name__}); 应为 sqlite:///… 或 postgresql+psycopg://…",
            f"The database address or its driver is wrong ({type(error).__name__}); "
            "it is sqlite:///… or postgresql+psycopg://…",
        ) from error
    except OperationalError as error:
        raise Refused(
            "数据库无法打开; 请检查 LIGHTS_DATABASE 及其服务、权限和磁盘空间。",
            "The database cannot be opened; check LIGHTS_DATABASE, its server, permissions and the disk.",
        ) from error
    return Database(engine)


def _engine(address: str) -> Engine:
    url = make_url(address)
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, pool_size=_THREADS, hide_parameters=True)  # a fault is logged, and nobody it is about
    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _begun)
    return engine


def _connected(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: `_begun` does
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begun(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


def _migrated(engine: Engine) -> Engine:
    """Where that fails, no connection of it is left open."""
    try:
        _migrate(engine)
    except Exception:
        engine.dispose()
        raise
    return engine


def _migrate(engine: Engine) -> None:
    with engine.connect() as connection:
        if _revision(connection) == REVISIONS[-1]:
            return
    with _alone(engine):
        from alembic.command import upgrade
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        with engine.execution_options(writes=True).begin() as connection:
            config.attributes["connection"] = connection
            if _revision(connection) != REVISIONS[-1]:
                upgrade(config, REVISIONS[-1])


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and found not in REVISIONS:
        raise Refused(
            f"数据库版本 {found} 比程序新; 请升级程序, 或恢复旧备份。",
            f"The database's version {found} is newer than this program; upgrade the program, or restore a backup.",
        )
    return found


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """One process migrates; another that starts at the same time waits and finds it done."""
    if engine.dialect.name == "sqlite":
        with Path(f"{engine.url.database}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    with engine.connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
        try:
            yield
        finally:
            connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
