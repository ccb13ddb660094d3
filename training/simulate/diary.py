"""Diary: the rows that offices and banks have written so far, by table of the contract.

Identifiers and days are still numbers here; `delivery.py` turns them into the contract's text and dates.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.simulate.days import Ints

Chunk = dict[str, NDArray[Any]]
"""Columns of rows that were written together."""


class Diary:
    """Rows by table, in the order in which they were written."""

    def __init__(self) -> None:
        self.chunks: dict[str, list[Chunk]] = {}
        self._newest_id = 0

    def write(self, table: str, **columns: Any) -> None:
        """Append rows to a table; columns: arrays of one length, or a single value for all rows."""
        size = next(len(column) for column in columns.values() if isinstance(column, np.ndarray))
        chunk = {name: np.broadcast_to(np.asarray(column), (size,)) for name, column in columns.items()}
        if size:
            self.chunks.setdefault(table, []).append(chunk)

    def new_ids(self, size: int) -> Ints:
        """Numbers for new payments, events, policies or claims; no two rows of any table share one."""
        self._newest_id += size
        return np.arange(self._newest_id - size + 1, self._newest_id + 1, dtype=np.int64)


class DiscardingDiary(Diary):
    """A diary for futures that are only tried: it hands out numbers and stores no row."""

    def write(self, table: str, **columns: Any) -> None:
        """Discard the rows."""
