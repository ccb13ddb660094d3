"""Audit entries of commands, and of each published month."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from serving.audit.log import AuditAction, add_entry, add_promotions, machine_user, save_head
from serving.database.engine import Database, open_database
from serving.months.data_folder import DataFolder
from serving.settings import settings_of


def database_of(data: Path) -> Database:
    """Open the database of a data folder: the one that LIGHTS_DATABASE names, else SQLite in the folder."""
    return open_database(settings_of(data).database_address)


def audit_command(data: Path, user: str, at: datetime, action: AuditAction, command: str, **detail: object) -> None:
    """Add the entry of a command that an operating-system user ran, after those of promotions since the last entry."""
    with database_of(data).write_session() as session:
        add_promotions(session, DataFolder(data).models.history, at)
        add_entry(session, machine_user(user), action, command, detail, at)


def audit_month(data: Path, user: str, at: datetime, as_of: str) -> None:
    """Add the entry of a published month, and save the head of the chain under the month's name."""
    audit_command(data, user, at, AuditAction.CHANGE, "lights score", as_of=as_of)
    with database_of(data).read_session() as session:
        save_head(session, data, as_of)
