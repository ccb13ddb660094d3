"""The scribe: every entry is kept before its answer is given, however many come at once, and one fault is one's own."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from serving.audit.log import Actor, AuditAction, AuditQuery, NewEntry, search_entries, verify_chain
from serving.audit.writer import audit_writer
from serving.database.engine import Database
from tests.serving.at_once import all_at_once
from tests.serving.moments import NOW

_MANY = 200


def entry(subject: str, person: str | None = "clerk") -> NewEntry:
    return NewEntry(Actor(person, "officer"), AuditAction.LOOK, subject, {}, NOW)  # type: ignore[arg-type] # None: no entry


def test_of_many_at_once_every_one_is_in_the_chain(database: Database) -> None:
    own = audit_writer(database)
    assert all_at_once(own.submit(entry(f"GET /{number}")) for number in range(_MANY)) == [None] * _MANY
    with database.read_session() as session:
        kept = search_entries(session, AuditQuery(limit=2 * _MANY))
        assert verify_chain(session).fault is None
    assert {each.subject for each in kept} == {f"GET /{number}" for number in range(_MANY)}
    assert len(kept) == _MANY


def test_two_processes_write_one_chain(database: Database) -> None:
    scribes = [audit_writer(database), audit_writer(Database(database.engine))]
    assert all_at_once(scribes[number % 2].submit(entry("GET /")) for number in range(_MANY)) == [None] * _MANY
    with database.read_session() as session:
        assert (verify_chain(session).entries, verify_chain(session).fault) == (_MANY, None)


def test_an_entry_that_cannot_be_kept_keeps_no_other_out(database: Database) -> None:
    people = [None if number % 10 == 0 else "clerk" for number in range(_MANY)]
    own = audit_writer(database)
    outcomes = all_at_once(own.submit(entry("GET /", person)) for person in people)
    kept_out = [isinstance(each, SQLAlchemyError) for each in outcomes]
    assert kept_out == [person is None for person in people]
    with database.read_session() as session:
        assert verify_chain(session).entries == _MANY * 9 / 10
