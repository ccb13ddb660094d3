"""The database opens migrated, once, on either kind; what is newer or nowhere is refused in one sentence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from alembic.command import upgrade
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, select, text
from sqlalchemy.exc import IntegrityError

from features.messages import UserError
from serving.database import engine as module
from serving.database.engine import REVISIONS, Database, open_database
from serving.database.tables import Base, Case, CaseEvent, SignInSession, utc_text
from tests.serving.databases import AUDIT_KEY
from tests.serving.moments import NOW


def test_the_revisions_that_the_code_knows_are_those_that_ship() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(module.__file__).with_name("migrations")))
    shipped = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(shipped)) == REVISIONS


def test_the_migrated_tables_are_those_that_the_code_declares(database: Database) -> None:
    found = inspect(database.engine)
    assert set(found.get_table_names()) - {"alembic_version"} == set(Base.metadata.tables)
    for name, table in Base.metadata.tables.items():
        kept = {column["name"]: column["nullable"] for column in found.get_columns(name)}
        assert kept == {column.name: column.nullable for column in table.columns}
        assert {index["name"] for index in found.get_indexes(name)} >= {index.name for index in table.indexes}


def test_several_that_start_at_once_migrate_once(address: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        for database in pool.map(open_database, [address] * 4, [AUDIT_KEY] * 4):
            with database.read_session() as session:
                assert session.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [
                    REVISIONS[-1]
                ]
            database.engine.dispose()


def test_a_database_newer_than_the_code_is_refused(database: Database, address: str) -> None:
    with database.write_session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UserError, match="version 9999 is newer than this program"):
        open_database(address, AUDIT_KEY)


def test_what_is_no_database_is_refused_and_a_password_in_its_address_is_not_said() -> None:
    for wrong in ("nonsense", "fruit://x", "postgresql+psycopg://me:secret@127.0.0.1:1/none"):
        with pytest.raises(UserError) as said:
            open_database(wrong, AUDIT_KEY)
        assert "secret" not in str(said.value)


def test_a_row_of_nobody_is_not_taken(database: Database) -> None:
    stray = SignInSession(digest="d", person_id=7, created_at=NOW, expires_at=NOW)
    with pytest.raises(IntegrityError), database.write_session() as session:
        session.add(stray)


def test_what_fails_half_way_leaves_nothing(database: Database) -> None:
    with suppress(RuntimeError), database.write_session() as session:
        session.execute(text("INSERT INTO failed_sign_ins (name_digest, failed) VALUES ('d', 1)"))
        raise RuntimeError
    with database.read_session() as session:
        assert session.execute(text("SELECT count(*) FROM failed_sign_ins")).scalar() == 0


def test_cases_of_the_revision_before_keep_what_they_have(address: str) -> None:
    engine = create_engine(address)
    config = Config()
    config.set_main_option("script_location", str(Path(module.__file__).with_name("migrations")))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        upgrade(config, "0002")
        case = (
            "INSERT INTO cases (id, loan_id, household_id, bank, as_of, light, state, version, opened_by, opened_at) "
            "VALUES (7, 'L1', 'H1', '甲银行', '2025-12-31', 'red', 'open', 2, 'li', :at)"
        )
        connection.execute(text(case), {"at": utc_text(NOW)})
        event = "INSERT INTO case_events (id, case_id, kind, at, by, text) VALUES (1, 7, 'note', :at, 'li', 'called')"
        connection.execute(text(event), {"at": utc_text(NOW)})
    engine.dispose()
    database = open_database(address, AUDIT_KEY)
    with database.read_session() as session:
        [found] = session.scalars(select(Case)).all()
        [note] = session.scalars(select(CaseEvent)).all()
    assert (found.loan_id, found.opened_at, found.responsible, found.next_step_on) == ("L1", NOW, None, None)
    assert (found.id, found.number) == (7, 7)
    assert (note.text, note.joint, note.escalated_to) == ("called", None, None)
    database.engine.dispose()
