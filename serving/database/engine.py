"""The database of accounts, cases and audit log: opened and migrated to this code, SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError
from sqlalchemy.orm import Session

from features.atomic_files import exclusive_lock
from features.messages import UserError

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Alembic revisions, the oldest first; this code reads and writes the last."""
AUDIT_KEY = "audit_key"
"""Execution option of the connections: the key of the audit log's hashes."""
_MIGRATIONS = Path(__file__).with_name("migrations")
_MIGRATION_LOCK = 6_404_321
"""Number of PostgreSQL's advisory lock that a migrating process holds."""
_POOL_SIZE = 40
"""SQLite connections of a process, one for each request it answers at once; with fewer, most would open their own."""
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",
    "PRAGMA busy_timeout = 10000",
)


@dataclass(frozen=True)
class Database:
    """An open database whose tables are those of this code."""

    engine: Engine

    @contextmanager
    def read_session(self) -> Iterator[Session]:
        """Yield a session for reading."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def write_session(self) -> Iterator[Session]:
        """Yield a session for one transaction, which is committed whole or not at all.

        SQLite has one writer at a time: a second waits here, not when it commits.
        """
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def write_connection(self) -> Iterator[Connection]:
        """Yield a connection for one transaction, for many rows: without the objects that a session makes of them."""
        with self._writer.begin() as connection:
            yield connection

    def flush(self) -> None:
        """Bring all commits to the disk: SQLite's last ones may be lost in a power cut until its log is synced."""
        if self.is_sqlite:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    @cached_property
    def _writer(self) -> Engine:
        return self.engine.execution_options(writes=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is SQLite, else PostgreSQL."""
        return self.engine.dialect.name == "sqlite"


def open_database(address: str, audit_key: bytes) -> Database:
    """Open the database at an SQLAlchemy address, and migrate it to this code's revision.

    audit_key: of the hashes in the audit log, kept outside the database. See `serving.audit.service_database`.

    Raises UserError where the address or its driver is wrong, the database cannot be opened, or it is newer than this
    code.
    """
    try:
        engine = _create_engine(address)
        try:
            _migrate(engine)
        except Exception:
            engine.dispose()  # no connection stays open
            raise
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ImportError) as error:
        raise UserError(
            f"数据库地址或驱动有误（{type(error).__name__}）；应为 sqlite:///… 或 postgresql+psycopg://…",
            f"The database address or its driver is wrong ({type(error).__name__}); "
            "it is sqlite:///… or postgresql+psycopg://…",
        ) from error
    except DatabaseError as error:
        raise UserError(
            "数据库无法打开；请检查 LIGHTS_DATABASE 及其服务、权限和磁盘空间。",
            "The database cannot be opened; check LIGHTS_DATABASE, its server, permissions and the disk.",
        ) from error
    return Database(engine.execution_options(**{AUDIT_KEY: audit_key}))


def database_revision(address: str) -> str | None:
    """The revision of a database's tables, which are not changed; None where there is none yet.

    Raises UserError where the database is newer than this code or cannot be opened.
    """
    file = make_url(address).database if address.startswith("sqlite") else None
    if file and not Path(file).exists():
        return None
    engine = _create_engine(address)
    try:
        with engine.connect() as connection:
            return _revision(connection)
    finally:
        engine.dispose()


def _create_engine(address: str) -> Engine:
    """The engine; its exceptions hide parameters, so that no log names a person."""
    url = make_url(address)
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, pool_size=_POOL_SIZE, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def set_up_connection(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the driver begins no transaction by itself: `begin_transaction` does
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        is_writer = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")

    return engine


def _migrate(engine: Engine) -> None:
    """Bring the tables to the last revision; one process migrates, others wait for it."""
    with engine.connect() as connection:
        if _revision(connection) == REVISIONS[-1]:
            return
    with _migration_lock(engine):
        from alembic.command import upgrade
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        with engine.execution_options(writes=True).begin() as connection:
            config.attributes["connection"] = connection
            if _revision(connection) != REVISIONS[-1]:
                upgrade(config, REVISIONS[-1])


def _revision(connection: Connection) -> str | None:
    """The revision of the tables; None for an empty database. Raises UserError where it is newer than this code."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if revision is not None and revision not in REVISIONS:
        raise UserError(
            f"数据库版本 {revision} 比程序新；请升级程序，或恢复旧备份。",
            f"The database's version {revision} is newer than this program; upgrade the program, or restore a backup.",
        )
    return revision


@contextmanager
def _migration_lock(engine: Engine) -> Iterator[None]:
    """Hold the lock of the process that migrates: a lock file beside SQLite's file, or PostgreSQL's advisory lock."""
    if engine.dialect.name == "sqlite":
        with exclusive_lock(Path(f"{engine.url.database}.lock")):
            yield
        return
    with engine.connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({_MIGRATION_LOCK})"))
        try:
            yield
        finally:
            connection.execute(text(f"SELECT pg_advisory_unlock({_MIGRATION_LOCK})"))
