"""What the user at the machine does, left in the audit like everybody else's doings."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from serving.audit.log import Action, at_machine, keep_head, note_promotions, record
from serving.database.engine import Database, opened
from serving.months.data_folder import Store
from serving.settings import settings_of


def database_of(data: Path) -> Database:
    """The database beside a data folder, or the one that the environment names."""
    return opened(settings_of(data).database_address)


def leave(data: Path, user: str, at: datetime, action: Action, command: str, **detail: object) -> None:
    """One entry, and before it the promotions that were made since the last."""
    with database_of(data).writing() as session:
        note_promotions(session, Store(data).models.history, at)
        record(session, at_machine(user), action, command, detail, at)


def leave_month(data: Path, user: str, at: datetime, as_of: str) -> None:
    """The entry of a published month; the head of the chain is kept beside it, to be carried elsewhere."""
    leave(data, user, at, Action.CHANGE, "lights score", as_of=as_of)
    with database_of(data).reading() as session:
        keep_head(session, data, as_of)
