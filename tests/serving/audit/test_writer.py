"""The scribe: every entry is kept before its answer is given, however many come at once, and one fault is one's own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from serving.audit.chain import chain_head, verify_chain
from serving.audit.heads import Head, saved_heads
from serving.audit.log import Actor, AuditAction, AuditQuery, NewEntry, search_entries
from serving.audit.writer import audit_writer
from serving.database.engine import Database, open_database
from tests.serving.at_once import all_at_once
from tests.serving.databases import AUDIT_KEY
from tests.serving.moments import NOW

_MANY = 200


def entry(subject: str, person: str | None = "clerk") -> NewEntry:
    return NewEntry(Actor(person, "officer"), AuditAction.LOOK, subject, {}, NOW)  # type: ignore[arg-type] # None: no entry


def test_of_many_at_once_every_one_is_in_the_chain(database: Database, tmp_path: Path) -> None:
    own = audit_writer(database, tmp_path)
    assert all_at_once(own.submit(entry(f"GET /{number}")) for number in range(_MANY)) == [None] * _MANY
    with database.read_session() as session:
        kept = search_entries(session, AuditQuery(limit=2 * _MANY))
        assert verify_chain(session, saved_heads(tmp_path)).fault is None
    assert {each.subject for each in kept} == {f"GET /{number}" for number in range(_MANY)}
    assert len(kept) == _MANY


def test_two_processes_write_one_chain(database: Database, tmp_path: Path) -> None:
    scribes = [audit_writer(database, tmp_path), audit_writer(Database(database.engine), tmp_path)]
    assert all_at_once(scribes[number % 2].submit(entry("GET /")) for number in range(_MANY)) == [None] * _MANY
    with database.read_session() as session:
        check = verify_chain(session, saved_heads(tmp_path))
        assert (check.entries, check.fault) == (_MANY, None)


def test_an_entry_that_cannot_be_kept_keeps_no_other_out(database: Database, tmp_path: Path) -> None:
    people = [None if number % 10 == 0 else "clerk" for number in range(_MANY)]
    own = audit_writer(database, tmp_path)
    outcomes = all_at_once(own.submit(entry("GET /", person)) for person in people)
    kept_out = [isinstance(each, SQLAlchemyError) for each in outcomes]
    assert kept_out == [person is None for person in people]
    with database.read_session() as session:
        assert verify_chain(session, saved_heads(tmp_path)).entries == _MANY * 9 / 10


def test_the_first_entry_of_a_day_and_each_export_save_the_head(database: Database, tmp_path: Path) -> None:
    own = audit_writer(database, tmp_path)
    for number, action in enumerate((AuditAction.LOOK, AuditAction.LOOK, AuditAction.EXPORT, AuditAction.LOOK)):
        [outcome] = all_at_once([own.submit(replace(entry(f"GET /{number}"), action=action))])
        assert outcome is None
        [head] = saved_heads(tmp_path)
        assert (head.number, head.on) == ((1, 1, 3, 3)[number], NOW.date())
    all_at_once([own.submit(replace(entry("GET /"), at=NOW + timedelta(days=1)))])
    assert [head.number for head in saved_heads(tmp_path)] == [3, 5]


def test_the_entry_of_a_saved_head_is_on_the_disk(tmp_path: Path) -> None:
    """The database's file alone, without the log that a power cut may take away, has the entry."""
    database = open_database(f"sqlite:///{tmp_path / 'lights.db'}", AUDIT_KEY)
    all_at_once([audit_writer(database, tmp_path).submit(entry("GET /1"))])
    shutil.copy(tmp_path / "lights.db", tmp_path / "alone.db")
    database.engine.dispose()
    [head] = saved_heads(tmp_path)
    alone = open_database(f"sqlite:///{tmp_path / 'alone.db'}", AUDIT_KEY)
    with alone.read_session() as session:
        assert chain_head(session) == Head(head.number, head.hash)
    alone.engine.dispose()


def test_a_head_that_cannot_be_saved_refuses_no_request_and_is_tried_again(database: Database, tmp_path: Path) -> None:
    own, in_the_way = audit_writer(database, tmp_path), tmp_path / "audit_heads"
    in_the_way.write_text("a file in place of the folder")
    assert all_at_once([own.submit(entry("GET /1"))]) == [None]
    in_the_way.unlink()
    assert all_at_once([own.submit(entry("GET /2"))]) == [None]
    assert [head.number for head in saved_heads(tmp_path)] == [2]
