"""The audit is only added to; every edit, hole and cut shows; what is old goes behind an anchor."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from features.messages import UserError
from serving.audit.chain import ChainCheck, chain_head, verify_chain
from serving.audit.heads import SavedHead, save_head, saved_heads
from serving.audit.log import (
    Actor,
    AuditAction,
    AuditQuery,
    add_entry,
    add_promotions,
    entry_json,
    export_lines,
    prune_entries,
    search_entries,
)
from serving.database.engine import Database
from serving.database.tables import utc_text
from tests.serving.moments import NOW

AUDITED = Actor("clerk", "officer")
DAY, YEARS = timedelta(days=1), timedelta(days=366 * 3)


def written(database: Database, *ages: timedelta) -> None:
    with database.write_session() as session:
        for number, age in enumerate(ages):
            add_entry(session, AUDITED, AuditAction.LOOK, "GET /x", {"household_id": f"H{number}"}, NOW - age)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE audit SET person = 'nobody' WHERE number = 2",
        "DELETE FROM audit WHERE number = 3",
        "DELETE FROM audit",
        "INSERT INTO audit_anchors VALUES (3, 'x', '2020')",
        "INSERT INTO audit_anchors SELECT number, hash, at FROM audit",
    ],
)
def test_the_database_itself_refuses_an_edit(database: Database, edit: str) -> None:
    written(database, *[timedelta(0)] * 3)
    with pytest.raises(DBAPIError, match="append-only"), database.write_session() as session:
        session.execute(text(edit))


def checked(database: Database, *numbers: int) -> ChainCheck:
    """The check of the chain against heads that were saved at these entries; at the last one without numbers."""
    with database.read_session() as session:
        entries = {entry.number: entry.hash for entry in search_entries(session, AuditQuery(limit=1000))}
        heads = [SavedHead(number, entries[number], NOW.date()) for number in numbers or [max(entries)]]
        return verify_chain(session, heads)


def without_triggers(database: Database, edit: str) -> None:
    """As somebody does who owns the file."""
    with database.write_session() as session:
        for name, table in (("audit_update", "audit"), ("audit_delete", "audit"), ("anchor_insert", "audit_anchors")):
            on = "" if database.is_sqlite else f" ON {table}"
            session.execute(text(f"DROP TRIGGER IF EXISTS {name}{on}"))
        session.execute(text(edit))


@pytest.mark.parametrize(
    ("edit", "at"),
    [
        ("UPDATE audit SET person = 'nobody' WHERE number = 2", 2),
        ("UPDATE audit SET detail = '{}' WHERE number = 1", 1),
        ("UPDATE audit SET at = '2020-01-01T00:00:00.000000+00:00' WHERE number = 3", 3),
        ("DELETE FROM audit WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number = 2", 2),
    ],
)
def test_an_edit_behind_the_databases_back_breaks_the_chain_where_it_was(
    database: Database, edit: str, at: int
) -> None:
    written(database, *[timedelta(0)] * 3)
    without_triggers(database, edit)
    fault = checked(database).fault
    assert fault
    assert f"entry {at}:" in fault.en


def test_a_cut_tail_shows_against_a_head_that_was_saved(database: Database, tmp_path: Path) -> None:
    written(database, *[timedelta(0)] * 3)
    with database.read_session() as session:
        save_head(chain_head(session), tmp_path, "2026-01-31", NOW.date())
    without_triggers(database, "DELETE FROM audit WHERE number = 3")
    assert checked(database).fault is None
    with database.read_session() as session:
        assert verify_chain(session, saved_heads(tmp_path)).fault is not None


def test_an_unbroken_chain_is_said_to_be_with_what_it_was_compared_with(database: Database) -> None:
    written(database, *[timedelta(0)] * 3)
    check = checked(database, 1, 2)
    assert (check.entries, check.head.number, check.fault) == (3, 3, None)
    assert (check.heads, check.newest_head_on, check.after_newest_head) == (2, NOW.date(), 1)
    assert "2 saved heads compared" in check.summary.en
    assert "1 entries after it" in check.summary.en
    with database.read_session() as session:
        assert len(list(export_lines(session))) == 3


def test_without_any_saved_head_nothing_shows_whether_the_end_was_cut_off(database: Database) -> None:
    with database.read_session() as session:
        assert verify_chain(session, []).fault is None  # an empty log has no end
    written(database, timedelta(0))
    with database.read_session() as session:
        fault = verify_chain(session, []).fault
    assert fault
    assert "no saved head" in fault.en


def test_a_made_up_anchor_does_not_hide_what_was_cut_off(database: Database) -> None:
    written(database, *[timedelta(0)] * 4)
    without_triggers(database, "INSERT INTO audit_anchors SELECT number, hash, at FROM audit WHERE number = 3")
    without_triggers(database, "DELETE FROM audit WHERE number <= 3")
    fault = checked(database).fault
    assert fault
    assert "no entry records a pruning" in fault.en


def test_an_edit_with_a_new_hash_shows_since_the_database_does_not_hold_the_key(database: Database) -> None:
    written(database, timedelta(0), timedelta(0))
    values = [2, utc_text(NOW), "nobody", "officer", "look", "GET /x", '{"household_id": "H1"}']
    with database.read_session() as session:
        previous = search_entries(session, AuditQuery())[-1].hash
    digest = hashlib.sha256(json.dumps([*values, previous], ensure_ascii=False).encode()).hexdigest()
    without_triggers(database, f"UPDATE audit SET person = 'nobody', hash = '{digest}' WHERE number = 2")  # noqa: S608
    fault = checked(database, 1).fault
    assert fault
    assert "entry 2:" in fault.en


def test_only_entries_older_than_three_years_are_pruned_and_the_chain_goes_on(database: Database) -> None:
    written(database, YEARS + timedelta(days=300), YEARS + timedelta(seconds=1), YEARS, timedelta(0))
    with database.write_session() as session:
        assert prune_entries(session, 3, AUDITED, NOW) == 2
    written(database, timedelta(0))
    check = checked(database)
    assert (check.entries, check.head.number, check.fault) == (4, 6, None)
    with database.read_session() as session:
        assert [entry.number for entry in search_entries(session, AuditQuery())] == [6, 5, 4, 3]


def test_a_promotion_is_noted_once_also_after_older_ones_were_pruned(database: Database) -> None:
    crowned = [{"at": (NOW - age).isoformat(), "by": "ma", "number": at} for at, age in enumerate((2 * YEARS, DAY))]
    with database.write_session() as session:
        add_promotions(session, crowned[:1], NOW - 2 * YEARS + DAY)
        add_promotions(session, crowned, NOW)
        prune_entries(session, 3, AUDITED, NOW)
    with database.write_session() as session:
        add_promotions(session, [*crowned, {"at": NOW.isoformat(), "by": "li", "number": 2}], NOW)
        noted = [
            entry_json(entry)["detail"]["number"]
            for entry in search_entries(session, AuditQuery(action=AuditAction.PROMOTION))
        ]
    assert noted == [2, 1]


def test_less_than_three_years_are_no_policy(database: Database) -> None:
    with pytest.raises(UserError, match="at least 3 years"), database.write_session() as session:
        prune_entries(session, 2, AUDITED, NOW)


def test_the_auditor_finds_by_person_kind_and_time(database: Database) -> None:
    written(database, timedelta(days=2), timedelta(days=1))
    with database.write_session() as session:
        add_entry(session, Actor("other", "cadre"), AuditAction.EXPORT, "GET /y", {}, NOW)
    with database.read_session() as session:
        assert [entry.number for entry in search_entries(session, AuditQuery(person="clerk"))] == [2, 1]
        assert [entry.number for entry in search_entries(session, AuditQuery(action=AuditAction.EXPORT))] == [3]
        since = AuditQuery(since=NOW - timedelta(days=1), until=NOW)
        assert [entry.number for entry in search_entries(session, since)] == [2]
        assert [entry.number for entry in search_entries(session, AuditQuery(before_number=3, limit=1))] == [2]
