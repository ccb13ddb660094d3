"""What gets written down, month by month, in the contract's tables; numbers still stand for ids and days."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.simulate.days import I

Chunk = dict[str, NDArray[Any]]


class Diary:
    """Rows by table, in the order they were written."""

    def __init__(self) -> None:
        self.chunks: dict[str, list[Chunk]] = {}
        self._numbered = 0

    def write(self, table: str, **columns: Any) -> None:
        """Rows of one table; a single value stands for every row. A list of arrays has one length."""
        size = next(len(column) for column in columns.values() if isinstance(column, np.ndarray))
        chunk = {name: np.broadcast_to(np.asarray(column), (size,)) for name, column in columns.items()}
        if size:
            self.chunks.setdefault(table, []).append(chunk)

    def numbers(self, size: int) -> I:
        """New numbers for payments, events, policies and claims; no two rows of any table share one."""
        self._numbered += size
        return np.arange(self._numbered - size + 1, self._numbered + 1, dtype=np.int64)


class Unwritten(Diary):
    """Of a life that is only tried out: nothing is kept."""

    def write(self, table: str, **columns: Any) -> None:
        """Let it go."""
