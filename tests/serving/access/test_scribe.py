"""The scribe: every entry is kept before its answer is given, however many come at once, and one fault is one's own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from serving.access.scribe import Scribe
from serving.audit import Action, Entry, Sought, Who, found, verify
from serving.database.opened import Database
from tests.serving.moments import NOW

_MANY = 200


def entry(subject: str, person: str | None = "clerk") -> Entry:
    return Entry(Who(person, "officer"), Action.LOOK, subject, {}, NOW)  # type: ignore[arg-type] # None: no entry


def test_of_many_at_once_every_one_is_in_the_chain(database: Database) -> None:
    scribe = Scribe(database)
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(scribe.keep, [entry(f"GET /{number}") for number in range(_MANY)]))
    with database.reading() as session:
        kept = found(session, Sought(limit=2 * _MANY))
        assert verify(session).fault is None
    assert {each.subject for each in kept} == {f"GET /{number}" for number in range(_MANY)}
    assert len(kept) == _MANY


def test_two_processes_write_one_chain(database: Database) -> None:
    scribes = [Scribe(database), Scribe(Database(database.engine))]
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda number: scribes[number % 2].keep(entry("GET /")), range(_MANY)))
    with database.reading() as session:
        assert (verify(session).entries, verify(session).fault) == (_MANY, None)


def test_an_entry_that_cannot_be_kept_keeps_no_other_out(database: Database) -> None:
    scribe = Scribe(database)

    def kept(person: str | None) -> bool:
        with suppress(SQLAlchemyError):
            scribe.keep(entry("GET /", person))
            return True
        return False

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(kept, [None if number % 10 == 0 else "clerk" for number in range(_MANY)]))
    assert answers.count(False) == _MANY / 10
    with database.reading() as session:
        assert verify(session).entries == _MANY * 9 / 10
