"""The scribe: every entry is kept before its answer is given, however many come at once, and one fault is one's own."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from serving.audit.log import Action, Entry, Sought, Who, found, verify
from serving.audit.writer import scribe
from serving.database.engine import Database
from tests.serving.at_once import all_at_once
from tests.serving.moments import NOW

_MANY = 200


def entry(subject: str, person: str | None = "clerk") -> Entry:
    return Entry(Who(person, "officer"), Action.LOOK, subject, {}, NOW)  # type: ignore[arg-type] # None: no entry


def test_of_many_at_once_every_one_is_in_the_chain(database: Database) -> None:
    own = scribe(database)
    assert all_at_once(own.done(entry(f"GET /{number}")) for number in range(_MANY)) == [None] * _MANY
    with database.reading() as session:
        kept = found(session, Sought(limit=2 * _MANY))
        assert verify(session).fault is None
    assert {each.subject for each in kept} == {f"GET /{number}" for number in range(_MANY)}
    assert len(kept) == _MANY


def test_two_processes_write_one_chain(database: Database) -> None:
    scribes = [scribe(database), scribe(Database(database.engine))]
    assert all_at_once(scribes[number % 2].done(entry("GET /")) for number in range(_MANY)) == [None] * _MANY
    with database.reading() as session:
        assert (verify(session).entries, verify(session).fault) == (_MANY, None)


def test_an_entry_that_cannot_be_kept_keeps_no_other_out(database: Database) -> None:
    people = [None if number % 10 == 0 else "clerk" for number in range(_MANY)]
    own = scribe(database)
    outcomes = all_at_once(own.done(entry("GET /", person)) for person in people)
    kept_out = [isinstance(each, SQLAlchemyError) for each in outcomes]
    assert kept_out == [person is None for person in people]
    with database.reading() as session:
        assert verify(session).entries == _MANY * 9 / 10
