"""Audit entries of commands, and of each published month."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from features.console import utc_now
from serving.audit.chain import chain_head
from serving.audit.heads import has_day_head, save_day_head, save_head
from serving.audit.log import AuditAction, add_entry, add_promotions, machine_user
from serving.audit.service_database import service_database
from serving.database.engine import Database
from serving.months.data_folder import DataFolder
from serving.settings import settings_of


def database_of(data: Path) -> Database:
    """Open the database of a data folder: the one that LIGHTS_DATABASE names, else SQLite in the folder."""
    return service_database(settings_of(data), utc_now())


def audit_command(data: Path, user: str, at: datetime, action: AuditAction, command: str, **detail: object) -> None:
    """Add the entry of a command that an operating-system user ran, after those of promotions since the last entry.

    The first entry of a day, and each export, save the head of the chain.
    """
    database = database_of(data)
    with database.write_session() as session:
        add_promotions(session, DataFolder(data).models.history, at)
        add_entry(session, machine_user(user), action, command, detail, at)
        head = chain_head(session)
    if action is AuditAction.EXPORT or not has_day_head(data, at.date()):
        database.flush()
        save_day_head(head, data, at.date())


def audit_month(data: Path, user: str, at: datetime, as_of: str) -> None:
    """Add the entry of a published month, and save the head of the chain under the month's name."""
    audit_command(data, user, at, AuditAction.CHANGE, "lights score", as_of=as_of)
    database = database_of(data)
    database.flush()
    with database.read_session() as session:
        save_head(chain_head(session), data, as_of, at.date())
