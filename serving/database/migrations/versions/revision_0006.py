"""Webhooks: addresses that news are sent to, their messages, and which loans these were about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the tables, which are empty."""
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("host", sa.String(300), nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("digest", sa.String(8), nullable=False),
        sa.Column("account_scope", sa.String(120), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("last_success_at", sa.String(32)),
    )
    op.create_table(
        "webhook_messages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("webhook_id", sa.Integer, sa.ForeignKey("webhooks.id"), nullable=False),
        sa.Column("message_id", sa.String(36), nullable=False, unique=True),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("edition", sa.Integer, nullable=False),
        sa.Column("loans", sa.Integer, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("account_scope", sa.String(120), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("due_at", sa.String(32), nullable=False),
        sa.Column("claim", sa.String(36)),
        sa.Column("claimed_until", sa.String(32)),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_answer", sa.String(300)),
    )
    op.create_index("ix_webhook_messages_webhook_id", "webhook_messages", ["webhook_id"])
    op.create_index("webhook_messages_due", "webhook_messages", ["state", "due_at"])
    op.create_table(
        "webhook_loans",
        sa.Column("webhook_id", sa.Integer, sa.ForeignKey("webhooks.id"), primary_key=True),
        sa.Column("as_of", sa.Date, primary_key=True),
        sa.Column("edition", sa.Integer, primary_key=True),
        sa.Column("loan_id", sa.String(64), primary_key=True),
        sa.Column("before", sa.String(8)),
        sa.Column("light", sa.String(8)),
    )
