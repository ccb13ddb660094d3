"""Cache of the frames computed for one as-of date, each invalidated by the tables it was computed from."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

Cached = TypeVar("Cached")


@dataclass(frozen=True)
class _Entry:
    value: Any
    tables: frozenset[str]


class FrameCache:
    """Frames by name, each computed at first use; the tables it depends on are recorded while it is computed.

    base: the cache of a snapshot that differs from this one in `changed_tables` alone. A frame that depends on none
    of them is the same in both, and kept in the base.
    """

    def __init__(self, base: FrameCache | None = None, changed_tables: Collection[str] = ()) -> None:
        self._base, self._changed_tables = base, frozenset(changed_tables)
        self._entries: dict[str, _Entry] = {}
        self._computing: list[set[str]] = []
        self._lock = threading.RLock()

    def record_dependency(self, *tables: str) -> None:
        """Record that every frame that is being computed depends on these tables."""
        for dependencies in self._computing:
            dependencies.update(tables)

    def get_or_compute(self, name: str, compute: Callable[[], Cached]) -> Cached:
        """What is called `name`, a frame or several together; computed if it is not there yet.

        compute: has to give the same at each call, and to call `record_dependency` for the tables it reads.
        """
        with self._lock:
            entry = self._lookup(name)
            if entry is None:
                tables: set[str] = set()
                self._computing.append(tables)
                try:
                    value = compute()
                finally:
                    self._computing.pop()
                entry = _Entry(value, frozenset(tables))
                self._store(name, entry)
            self.record_dependency(*entry.tables)
            found: Cached = entry.value
            return found

    def _lookup(self, name: str) -> _Entry | None:
        if name in self._entries or self._base is None:
            return self._entries.get(name)
        entry = self._base._lookup(name)
        return entry if entry and entry.tables.isdisjoint(self._changed_tables) else None

    def _store(self, name: str, entry: _Entry) -> None:
        if self._base and entry.tables.isdisjoint(self._changed_tables):
            self._base._store(name, entry)
        else:
            self._entries[name] = entry
