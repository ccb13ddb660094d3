"""The rows of an edition laid open: an uncompressed copy, mapped into memory, of which any few are found at once.

Finding fifty rows of a million in Parquet reads most of the file. The copy is made when an edition is first looked at,
beside the published files, never in their place: it is lost without loss.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from serving.concurrency.single_flight import remembered

_GROUPS_IN_BATCH = 10
"""Row groups of a file that are one batch of its copy: the fewer batches, the sooner rows from all over are found."""
_EDITIONS_KEPT = 2
"""Copies of a month on the disk: of the edition that stands, and of the one that was compared with or is still read."""
_KEPT = 12
"""Mapped copies at once: two kinds of each of the editions looked at."""


@dataclass(frozen=True)
class Shelf:
    """Batches of rows, and before each how many rows there are."""

    batches: tuple[pa.RecordBatch, ...]
    begins: tuple[int, ...]

    def rows(self, places: Sequence[int], columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows at these places, in their order; all columns where none are named."""
        if not len(places):
            return self._frame([self.batches[0].slice(0, 0)], columns)
        ascending = sorted(range(len(places)), key=lambda at: places[at])
        taken = self._frame(self._taken([places[at] for at in ascending], columns), columns)
        return taken[sorted(range(len(ascending)), key=lambda at: ascending[at])]

    def _taken(self, ascending: Sequence[int], columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        inside: dict[int, list[int]] = {}
        for place in ascending:
            batch = bisect_right(self.begins, place) - 1
            inside.setdefault(batch, []).append(place - self.begins[batch])
        for batch, mine in inside.items():
            rows = self.batches[batch]
            yield (rows.select(columns) if columns else rows).take(pa.array(mine, pa.int64()))

    def _frame(self, batches: Iterable[pa.RecordBatch], columns: Sequence[str] | None) -> pl.DataFrame:
        found = pl.DataFrame(pl.from_arrow(pa.Table.from_batches(batches).combine_chunks()))
        return found.select(columns) if columns else found


@remembered(_KEPT)
def shelf(files: tuple[Path, ...], copy: Path) -> Shelf:
    """The rows of some files one after another, of which `copy` is the copy, made where there is none yet."""
    if not copy.exists():
        _lay_open(files, copy)
    reader = pa.ipc.open_file(pa.memory_map(str(copy)))
    batches = tuple(reader.get_batch(number) for number in range(reader.num_record_batches))
    return Shelf(batches, (0, *accumulate(batch.num_rows for batch in batches[:-1])))


def _in_large_pieces(files: Sequence[Path]) -> Iterator[pa.Table]:
    for file in files:
        groups = pq.ParquetFile(file)
        for first in range(0, groups.num_row_groups, _GROUPS_IN_BATCH):
            yield groups.read_row_groups(range(first, min(first + _GROUPS_IN_BATCH, groups.num_row_groups)))


def _lay_open(files: Sequence[Path], copy: Path) -> None:
    """One process makes it; another that wants it at the same time waits and finds it there."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    with (copy.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if copy.exists():
            return
        making = copy.with_suffix(f".{os.getpid()}")
        with pa.ipc.new_file(str(making), pq.read_schema(files[0])) as writer:
            for rows in _in_large_pieces(files):
                writer.write_table(rows.combine_chunks())
        making.replace(copy)
    for edition in sorted(copy.parents[1].iterdir(), key=_made)[:-_EDITIONS_KEPT]:
        shutil.rmtree(edition, ignore_errors=True)  # whoever has one mapped goes on reading it


def _made(edition: Path) -> tuple[int, int, str]:
    """When, and of the same tick of the clock the one with the higher number last."""
    return edition.stat().st_mtime_ns, len(edition.name), edition.name
