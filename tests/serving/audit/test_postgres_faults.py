"""PostgreSQL under faults: connections that are cut, and a server that is restarted in the middle of writing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from serving.audit.chain import verify_chain
from serving.audit.heads import saved_heads
from serving.audit.log import Actor, AuditAction, AuditQuery, NewEntry, add_entry, search_entries
from serving.audit.writer import AuditWriter, audit_writer
from serving.database.engine import Database, open_database
from tests.serving.at_once import in_a_loop
from tests.serving.databases import AUDIT_KEY, PostgresServer, running_postgres
from tests.serving.moments import NOW

ACTOR = Actor("clerk", "officer")
_MOST = 5_000


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running_postgres() as running:
        yield running


@pytest.fixture
def database(server: PostgresServer) -> Iterator[Database]:
    opened = open_database(server.address, AUDIT_KEY)
    yield opened
    opened.engine.dispose()


def subjects(database: Database) -> set[str]:
    with database.read_session() as session:
        return {entry.subject for entry in search_entries(session, AuditQuery(limit=_MOST))}


def test_after_all_connections_were_cut_the_next_entry_is_written(server: PostgresServer, database: Database) -> None:
    others = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    admin = create_engine(server.address, isolation_level="AUTOCOMMIT")
    for number in range(3):
        with database.write_session() as session:
            add_entry(session, ACTOR, AuditAction.LOOK, f"GET /cut/{number}", {}, NOW)
        with admin.connect() as connection:
            connection.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))
    admin.dispose()
    assert subjects(database) >= {f"GET /cut/{number}" for number in range(3)}


async def write_until(writer: AuditWriter, ended: asyncio.Event) -> set[str]:
    """The subjects of the entries that were acknowledged until an event, written one after the other."""
    written, number = set[str](), 0
    while not ended.is_set():
        number += 1
        subject = f"GET /restart/{number}"
        try:
            await writer.submit(NewEntry(ACTOR, AuditAction.LOOK, subject, {}, NOW))
            written.add(subject)
        except SQLAlchemyError:  # while the server is away
            await asyncio.sleep(0.01)
    return written


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_no_acknowledged_entry_is_lost_where_the_server_is_restarted(
    server: PostgresServer, database: Database, tmp_path: Path, mode: str
) -> None:
    """Mode immediate is a crash: the server recovers from its log. What failed says so, and the writer goes on."""

    async def run() -> set[str]:
        ended, writer = asyncio.Event(), audit_writer(database, tmp_path)
        writing = asyncio.create_task(write_until(writer, ended))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(server.control, "-m", mode, "restart")
        ended.set()
        written = await writing
        await writer.submit(NewEntry(ACTOR, AuditAction.LOOK, "GET /after", {}, NOW))
        return written

    written = in_a_loop(run())
    assert written
    assert subjects(database) >= {*written, "GET /after"}
    with database.read_session() as session:
        assert verify_chain(session, saved_heads(tmp_path)).fault is None
