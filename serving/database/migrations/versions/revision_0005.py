"""A case's number, by which people know it: drawn at random, so that it tells nobody how many others there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; cases that there are keep the number they have."""
    op.add_column("cases", sa.Column("number", sa.Integer, nullable=False, server_default="0"))
    op.execute("UPDATE cases SET number = id")
    op.create_index("ix_cases_number", "cases", ["number"], unique=True)
