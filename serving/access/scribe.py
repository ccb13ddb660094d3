"""One writer of the audit in each process: entries that wait at the same time are kept in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from serving.audit import Entry, record_all
from serving.database.opened import Database


@dataclass(eq=False)
class _Waiting:
    entry: Entry
    is_kept: bool = False


class Scribe:
    """Keeps entries as fast as the database commits, however many ask at once: each waits until its own is kept."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Waiting] = []
        self._joining, self._writing = threading.Lock(), threading.Lock()

    def keep(self, entry: Entry) -> None:
        """Returns when the entry is in the database; raises what kept it out, and nobody else's fault."""
        mine = _Waiting(entry)
        with self._joining:
            self._waiting.append(mine)
        with self._writing:
            if not mine.is_kept:  # else somebody before has written it with theirs
                self._write(mine)

    def _write(self, mine: _Waiting) -> None:
        """With all that wait; where that fails, by itself, and each of the others by itself in its turn."""
        with self._joining:
            others, self._waiting = [each for each in self._waiting if each is not mine], []
        try:
            self._keep([mine, *others])
        except SQLAlchemyError:
            if not others:
                raise
            self._keep([mine])

    def _keep(self, together: Sequence[_Waiting]) -> None:
        with self._database.writing() as session:
            record_all(session, [each.entry for each in together])
        for each in together:
            each.is_kept = True
