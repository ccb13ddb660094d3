"""The writer of the audit in each process: entries that come at the same moment are kept in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from serving.audit.log import Entry, record_all
from serving.concurrency.batching import Together
from serving.database.engine import Database

Scribe = Together[Entry, None]
"""An entry is done when it is in the database; what kept it out is raised."""


def scribe(database: Database) -> Scribe:
    def keep(entries: Sequence[Entry]) -> list[None]:
        with database.appending() as connection:
            record_all(connection, entries)
        return [None] * len(entries)

    return Together(keep)
