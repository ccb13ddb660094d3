"""What has been computed of an evening, and of which tables: it stands for as long as these do not change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class _Piece:
    frame: pl.DataFrame
    tables: frozenset[str]


class Pieces:
    """Frames by name, each computed when it is first asked for; which tables it is made of is seen while it is made.

    other: the pieces of an evening that differs in the tables `differing` alone. What is made of none of them is the
    same there, and shared with it.
    """

    def __init__(self, other: Pieces | None = None, differing: Collection[str] = ()) -> None:
        self._other, self._differing = other, frozenset(differing)
        self._kept: dict[str, _Piece] = {}
        self._making: list[set[str]] = []
        self._alone = threading.RLock()

    def looked_at(self, *tables: str) -> None:
        """Whatever is being made is made of these tables, too."""
        for seen in self._making:
            seen.update(tables)

    def of(self, name: str, compute: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """The piece of that name; `compute` makes the same whenever it is asked."""
        with self._alone:
            piece = self._found(name) or self._made(name, compute)
            self.looked_at(*piece.tables)
            return piece.frame

    def _found(self, name: str) -> _Piece | None:
        if name in self._kept or self._other is None:
            return self._kept.get(name)
        piece = self._other._found(name)
        return piece if piece and piece.tables.isdisjoint(self._differing) else None

    def _made(self, name: str, compute: Callable[[], pl.DataFrame]) -> _Piece:
        seen: set[str] = set()
        self._making.append(seen)
        try:
            frame = compute()
        finally:
            self._making.pop()
        piece = _Piece(frame, frozenset(seen))
        self._keep(name, piece)
        return piece

    def _keep(self, name: str, piece: _Piece) -> None:
        if self._other and piece.tables.isdisjoint(self._differing):
            self._other._keep(name, piece)
        else:
            self._kept[name] = piece
