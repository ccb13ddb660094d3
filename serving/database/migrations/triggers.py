"""Triggers that keep the audit as it was written, in the words of either database.

An entry is never changed. It is deleted only where an anchor stands at it or after it; an anchor is set only on an
entry that exists, with its hash, and is older than three years; and an anchor is never changed or deleted.
"""

from __future__ import annotations

from alembic import op

_OLD_IN_SQLITE = "strftime('%Y-%m-%dT%H:%M:%S', 'now', '-3 years')"
_OLD_IN_POSTGRES = """to_char((now() AT TIME ZONE 'UTC') - interval '3 years', 'YYYY-MM-DD"T"HH24:MI:SS')"""
_COVERED = "EXISTS (SELECT 1 FROM audit_anchors WHERE number >= OLD.number)"
_ANCHORED = "EXISTS (SELECT 1 FROM audit WHERE number = NEW.number AND hash = NEW.hash AND at < {old})"
_SAID = "the audit is append-only"

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


def protect() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name, when, wrong in _SQLITE:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {when} FOR EACH ROW WHEN {wrong} "
                f"BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
            )
        return
    for name, when, wrong in _POSTGRES:
        given_back = "OLD" if "DELETE" in when else "NEW"
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {wrong} THEN RAISE EXCEPTION '{_SAID}'; END IF; RETURN {given_back}; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {when} FOR EACH ROW EXECUTE FUNCTION {name}()")
    for table in ("audit", "audit_anchors"):
        op.execute(f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION anchor_update()")
