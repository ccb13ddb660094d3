"""The table of pending authorizations: a `state` of the OIDC provider can be used once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "sent_off",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("expires_at", sa.String(32), nullable=False),
    )
