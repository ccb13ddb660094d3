"""The first tables: accounts and credentials, cases, and the append-only audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from serving.database.migrations.triggers import create_audit_triggers

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables and the audit log's triggers."""
    _create_people()
    _create_credentials()
    _create_cases()
    _create_audit_log()
    create_audit_triggers()


def _create_people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("bank", sa.String(64)),
        sa.Column("area", sa.String(12)),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("password_hash", sa.String(200)),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "failed_sign_ins",
        sa.Column("name_digest", sa.String(64), primary_key=True),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("locked_until", sa.String(32)),
    )


def _create_credentials() -> None:
    op.create_table(
        "links",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.Column("used_at", sa.String(32)),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("prefix", sa.String(16), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("revoked_at", sa.String(32)),
    )


def _create_cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("loan_id", sa.String(64), nullable=False, index=True),
        sa.Column("household_id", sa.String(64), nullable=False, index=True),
        sa.Column("bank", sa.String(64), nullable=False),
        sa.Column("village_code", sa.String(12)),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("light", sa.String(8), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("snoozed_until", sa.Date),
        sa.Column("opened_by", sa.String(64), nullable=False),
        sa.Column("opened_at", sa.String(32), nullable=False),
        sa.Column("closed_at", sa.String(32)),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "one_open_case_per_loan", "cases", ["loan_id"], unique=True, sqlite_where=is_open, postgresql_where=is_open
    )
    op.create_table(
        "case_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), nullable=False, index=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("on_date", sa.Date),
        sa.Column("amount", sa.Float),
        sa.Column("outcome", sa.String(32)),
        sa.Column("judgement", sa.String(8)),
        sa.Column("text", sa.Text),
        sa.Column("answers", sa.Integer, sa.ForeignKey("case_events.id")),
    )


def _create_audit_log() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False, index=True),
        sa.Column("person", sa.String(80), nullable=False, index=True),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("action", sa.String(16), nullable=False, index=True),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_table(
        "audit_anchors",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
    )
