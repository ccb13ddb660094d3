"""The batched writer of the audit log: entries of requests that are answered together share one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import structlog

from features.messages import UserError
from serving.audit.chain import chain_head
from serving.audit.heads import has_day_head, save_day_head
from serving.audit.log import AuditAction, NewEntry, add_entries
from serving.concurrency.batching import RequestBatcher
from serving.database.engine import Database

log = structlog.get_logger()
AuditWriter = RequestBatcher[NewEntry, None]
"""Returns once an entry is in the database; raises what prevented it."""


def audit_writer(database: Database, folder: Path) -> AuditWriter:
    """The writer of one process to its database.

    The first entry of a day, and each export, save the head of the chain in the data folder. A head that cannot be
    saved refuses no request: it is logged, and tried again with the next entry.
    """
    saved_on: date | None = None

    def write(entries: Sequence[NewEntry]) -> list[None]:
        nonlocal saved_on
        day = max(entry.at.date() for entry in entries)
        has_export = any(entry.action is AuditAction.EXPORT for entry in entries)
        with database.write_connection() as connection:
            add_entries(connection, entries)
            head = chain_head(connection) if has_export or day != saved_on else None
        try:
            if head and (has_export or not has_day_head(folder, day)):
                database.flush()  # a head whose entry a power cut takes away would break the chain for good
                save_day_head(head, folder, day)
            saved_on = day
        except (OSError, UserError) as error:
            saved_on = None
            log.error("the head of the audit chain could not be saved", error=str(error))
        return [None] * len(entries)

    return RequestBatcher(write)
