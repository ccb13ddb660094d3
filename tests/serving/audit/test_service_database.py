"""The audit log of an earlier program, whose hashes had no key, goes on under one; a later open adds nothing."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from features.messages import UserError
from serving.audit.chain import FIRST_PREVIOUS, verify_chain
from serving.audit.heads import saved_heads
from serving.audit.log import Actor, AuditAction, AuditQuery, add_entry, search_entries
from serving.audit.service_database import service_database
from serving.database.tables import utc_text
from serving.settings import Settings
from tests.serving.moments import NOW

_COLUMNS = "number, at, person, role, action, subject, detail, previous, hash"


def rows_without_key(count: int) -> list[dict[str, object]]:
    """Entries as the program before this one wrote them."""
    rows: list[dict[str, object]] = []
    for number in range(1, count + 1):
        previous = rows[-1]["hash"] if rows else FIRST_PREVIOUS
        row: dict[str, object] = {"number": number, "at": utc_text(NOW - timedelta(days=9)), "person": "clerk"}
        row |= {"role": "officer", "action": "look", "subject": "GET /x", "detail": "{}", "previous": previous}
        digest = hashlib.sha256(json.dumps(list(row.values()), ensure_ascii=False).encode()).hexdigest()
        rows.append({**row, "hash": digest})
    return rows


def store_of_an_earlier_program(folder: Path) -> Settings:
    settings = Settings(data=folder)
    database = service_database(settings, NOW)
    names = ", ".join(f":{name}" for name in _COLUMNS.split(", "))
    with database.write_session() as session:
        session.execute(text(f"INSERT INTO audit ({_COLUMNS}) VALUES ({names})"), rows_without_key(3))  # noqa: S608
    database.engine.dispose()
    return settings


def test_a_log_without_key_goes_on_with_one_entry_that_says_so(tmp_path: Path) -> None:
    settings = store_of_an_earlier_program(tmp_path)
    for _ in range(2):
        database = service_database(settings, NOW)
        with database.read_session() as session:
            newest = search_entries(session, AuditQuery())[0]
            assert (newest.number, newest.person) == (4, "machine:lights")
            check = verify_chain(session, saved_heads(tmp_path))
            assert (check.entries, check.heads, check.fault) == (4, 1, None)
        database.engine.dispose()


def test_what_is_written_without_key_after_the_first_keyed_entry_is_a_fault(tmp_path: Path) -> None:
    settings = store_of_an_earlier_program(tmp_path)
    database = service_database(settings, NOW)
    with database.write_session() as session:
        add_entry(session, Actor("clerk", "officer"), AuditAction.LOOK, "GET /y", {}, NOW)
        entry = search_entries(session, AuditQuery(limit=1))[0]
        values = [entry.number, utc_text(entry.at), *(getattr(entry, name) for name in _COLUMNS.split(", ")[2:-1])]
        digest = hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()
        trigger = "DROP TRIGGER audit_update"
        session.execute(text(trigger))
        session.execute(text("UPDATE audit SET hash = :digest WHERE number = :number"), {"digest": digest, "number": 5})
    with database.read_session() as session:
        fault = verify_chain(session, saved_heads(tmp_path)).fault
    database.engine.dispose()
    assert fault
    assert "entry 5:" in fault.en


def test_a_damaged_head_keeps_nobody_from_working_and_is_told_by_the_check(tmp_path: Path) -> None:
    settings = store_of_an_earlier_program(tmp_path)
    service_database(settings, NOW).engine.dispose()
    [head] = (tmp_path / "audit_heads").iterdir()
    head.write_text('{"number": 4')
    database = service_database(settings, NOW)
    with database.write_session() as session:
        add_entry(session, Actor("clerk", "officer"), AuditAction.LOOK, "GET /y", {}, NOW)
        assert search_entries(session, AuditQuery())[0].number == 5
    database.engine.dispose()
    with pytest.raises(UserError, match=head.name):
        saved_heads(tmp_path)


def test_a_new_folder_gets_no_entry_by_being_opened(tmp_path: Path) -> None:
    database = service_database(Settings(data=tmp_path), NOW)
    with database.read_session() as session:
        assert search_entries(session, AuditQuery()) == []
    database.engine.dispose()
