"""The batched writer of the audit log: entries of requests that are answered together share one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from serving.audit.log import NewEntry, add_entries
from serving.concurrency.batching import RequestBatcher
from serving.database.engine import Database

AuditWriter = RequestBatcher[NewEntry, None]
"""Returns once an entry is in the database; raises what prevented it."""


def audit_writer(database: Database) -> AuditWriter:
    """The writer of one process to its database."""

    def write(entries: Sequence[NewEntry]) -> list[None]:
        with database.write_connection() as connection:
            add_entries(connection, entries)
        return [None] * len(entries)

    return RequestBatcher(write)
