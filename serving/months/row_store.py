"""Random access to the rows of an edition, through an uncompressed Arrow copy that is mapped into memory.

Reading fifty rows of a million from Parquet reads most of the file. The copy is written when an edition is first read
by position, outside the published files; deleting it loses no data.
"""

from __future__ import annotations

import shutil
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from features.atomic_files import atomic_file, exclusive_lock
from serving.concurrency.single_flight import single_flight

_GROUPS_IN_BATCH = 10
"""Row groups merged into one batch: with fewer batches, scattered rows are gathered faster."""
_EDITIONS_ON_DISK = 2
"""Copies of a month's editions on the disk: of the current one, and of one that is compared with or still read."""
_STORES_IN_MEMORY = 12
"""Mapped copies: two kinds of each edition."""


@dataclass(frozen=True)
class RowStore:
    """Rows in memory-mapped batches.

    Args:
        batches: the rows.
        offsets: the position of each batch's first row.

    Example:
        >>> import polars as pl
        >>> from serving.months.row_store import open_row_store
        >>> pl.DataFrame({"n": range(10)}).write_parquet(tmp / "rows.parquet")
        >>> store = open_row_store((tmp / "rows.parquet",), tmp / "month" / "edition-1" / "rows.arrow")
        >>> store.rows([7, 2])["n"].to_list()
        [7, 2]
    """

    batches: tuple[pa.RecordBatch, ...]
    offsets: tuple[int, ...]

    @property
    def columns(self) -> list[str]:
        """The columns of the files."""
        return list(self.batches[0].schema.names)

    def rows(self, positions: Sequence[int], columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows at these positions, in their order; `columns`: those to return, None for all of the files."""
        ascending = sorted(range(len(positions)), key=lambda number: positions[number])
        positions_in_batch: dict[int, list[int]] = {} if ascending else {0: []}
        for position in (positions[number] for number in ascending):
            batch = bisect_right(self.offsets, position) - 1
            positions_in_batch.setdefault(batch, []).append(position - self.offsets[batch])
        gathered = []
        for batch, positions_of_rows in positions_in_batch.items():
            rows = self.batches[batch]
            taken = pl.Series(positions_of_rows, dtype=pl.Int64).to_arrow()  # pa.array would import pandas
            gathered.append((rows.select(columns) if columns else rows).take(taken))
        frame = pl.DataFrame(pl.from_arrow(pa.Table.from_batches(gathered).combine_chunks()))
        return frame[sorted(range(len(ascending)), key=lambda number: ascending[number])]


@single_flight(_STORES_IN_MEMORY)
def open_row_store(files: tuple[Path, ...], copy: Path) -> RowStore:
    """Open the row store of some files, one after another; writes the copy where there is none yet.

    copy: the path of the Arrow file, `<month>/<edition>/<kind>.arrow`.
    """
    if not copy.exists():
        _write_copy(files, copy)
    reader = pa.ipc.open_file(pa.memory_map(str(copy)))
    batches = tuple(reader.get_batch(number) for number in range(reader.num_record_batches))
    return RowStore(batches, (0, *accumulate(batch.num_rows for batch in batches[:-1])))


def _write_copy(files: Sequence[Path], copy: Path) -> None:
    """Write the Arrow copy of Parquet files, unless another process has just written it, and remove old editions'."""
    with exclusive_lock(copy.parent / "lock"):
        if copy.exists():
            return
        with atomic_file(copy) as staging, pa.ipc.new_file(str(staging), pq.read_schema(files[0])) as writer:
            for groups in map(pq.ParquetFile, files):
                for first in range(0, groups.num_row_groups, _GROUPS_IN_BATCH):
                    numbers = range(first, min(first + _GROUPS_IN_BATCH, groups.num_row_groups))
                    writer.write_table(groups.read_row_groups(numbers).combine_chunks())
    # Of two editions made in one tick of the clock, the one with the higher number is newer.
    by_age = sorted(copy.parents[1].iterdir(), key=lambda one: (one.stat().st_mtime_ns, len(one.name), one.name))
    for edition in by_age[:-_EDITIONS_ON_DISK]:
        shutil.rmtree(edition, ignore_errors=True)  # a process that has mapped one goes on reading it
