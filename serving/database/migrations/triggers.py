"""Triggers that keep the audit log append-only, in the SQL of each database.

An entry is never changed. It can be deleted where an anchor has its number or a later one. An anchor is inserted only
for an existing entry older than three years, with its hash, and is never changed or deleted.
"""

from __future__ import annotations

from alembic import op

_OLD_IN_SQLITE = "strftime('%Y-%m-%dT%H:%M:%S', 'now', '-3 years')"
_OLD_IN_POSTGRES = """to_char((now() AT TIME ZONE 'UTC') - interval '3 years', 'YYYY-MM-DD"T"HH24:MI:SS')"""
_COVERED = "EXISTS (SELECT 1 FROM audit_anchors WHERE number >= OLD.number)"
_ANCHORED = "EXISTS (SELECT 1 FROM audit WHERE number = NEW.number AND hash = NEW.hash AND at < {old})"
_MESSAGE = "the audit is append-only"

_SQLITE = (
    ("audit_update", "UPDATE ON audit", "1"),
    ("audit_delete", "DELETE ON audit", f"NOT {_COVERED}"),
    ("anchor_update", "UPDATE ON audit_anchors", "1"),
    ("anchor_delete", "DELETE ON audit_anchors", "1"),
    ("anchor_insert", "INSERT ON audit_anchors", f"NOT {_ANCHORED.format(old=_OLD_IN_SQLITE)}"),
)
_POSTGRES = (
    ("audit_update", "UPDATE ON audit", "true"),
    ("audit_delete", "DELETE ON audit", f"NOT {_COVERED}"),
    ("anchor_update", "UPDATE ON audit_anchors", "true"),
    ("anchor_delete", "DELETE ON audit_anchors", "true"),
    ("anchor_insert", "INSERT ON audit_anchors", f"NOT {_ANCHORED.format(old=_OLD_IN_POSTGRES)}"),
)


def create_audit_triggers() -> None:
    """Create the triggers in the database that alembic migrates."""
    if op.get_bind().dialect.name == "sqlite":
        for name, event, violation in _SQLITE:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {event} FOR EACH ROW WHEN {violation} "
                f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
            )
        return
    for name, event, violation in _POSTGRES:
        row = "OLD" if "DELETE" in event else "NEW"
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {violation} THEN RAISE EXCEPTION '{_MESSAGE}'; END IF; RETURN {row}; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} FOR EACH ROW EXECUTE FUNCTION {name}()")
    for table in ("audit", "audit_anchors"):
        op.execute(f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION anchor_update()")
