"""Who is responsible for a case, its next step, and to whom it was escalated; joint visits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns, which are null in the cases and events there are."""
    op.add_column("cases", sa.Column("responsible", sa.String(64)))
    op.add_column("cases", sa.Column("next_step", sa.Text))
    op.add_column("cases", sa.Column("next_step_on", sa.Date))
    op.add_column("cases", sa.Column("escalated_to", sa.String(16)))
    op.create_index("ix_cases_responsible", "cases", ["responsible"])
    op.add_column("case_events", sa.Column("responsible", sa.String(64)))
    op.add_column("case_events", sa.Column("joint", sa.Boolean))
    op.add_column("case_events", sa.Column("escalated_to", sa.String(16)))
