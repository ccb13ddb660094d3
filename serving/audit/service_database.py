"""The service's database, opened with the key of its audit log."""

from __future__ import annotations

from datetime import datetime

from features.contract.pseudonym import load_pseudonyms
from serving.audit.chain import PRUNING, chain_head, chain_start, ends_without_key
from serving.audit.heads import has_day_heads, save_day_head
from serving.audit.log import AuditAction, add_entry, machine_user
from serving.database.engine import Database, open_database
from serving.settings import Settings

_PURPOSE = "audit chain"


def service_database(settings: Settings, at: datetime) -> Database:
    """Open the database of a data folder: the one that LIGHTS_DATABASE names, else SQLite in the folder.

    The audit log's key is derived from the folder's pseudonym key. A log of an earlier program, whose hashes had no
    key, gets an entry that says so, and from it on a keyed chain.

    Args:
        settings: folder and database.
        at: the time of that entry.

    Raises:
        UserError: the database cannot be opened or is newer than this code, or the pseudonym key is damaged.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    key = load_pseudonyms(settings.data).key_for(_PURPOSE)
    database = open_database(settings.database_address, key)
    if has_day_heads(settings.data):
        return database
    with database.write_session() as session:
        if not ends_without_key(session):
            return database
        start = chain_start(session)
        detail = {"entries": 0, "through": start.number, "hash": start.hash, "keyed": True}
        add_entry(session, machine_user("lights"), AuditAction.CHANGE, PRUNING, detail, at)
        head = chain_head(session)
    database.flush()
    save_day_head(head, settings.data, at.date())
    return database
