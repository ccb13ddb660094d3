"""Who looks up, in each process, whom a request lets in: many that come at the same moment by one query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from serving.access.credentials import Entrant, WayIn, entrants
from serving.concurrency.batching import Together
from serving.database.engine import Database

Doorman = Together[WayIn, Entrant | None]
"""Of a way in, whom it lets in at this moment; None where nobody."""


def doorman(database: Database, now: Callable[[], datetime]) -> Doorman:
    def look_up(ways: Sequence[WayIn]) -> list[Entrant | None]:
        with database.reading() as session:
            return entrants(session, ways, now())

    return Together(look_up)
