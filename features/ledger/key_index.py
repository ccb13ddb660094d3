"""Index of a data file by the key of versions: which facts it has rows of, found without reading the file."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from features.atomic_files import write_bytes
from features.contract.tables import TABLES
from features.ledger.part_files import DataFile, DataFiles

Hashes = npt.NDArray[np.uint64]
_HASH = "key hash"
_PARENT_TABLES = frozenset(table.parent[0] for table in TABLES.values() if table.parent)
_SMALL_FILE_ROWS = 5_000
"""The index of a part file with no more rows stands in its footer; else it is a file of its own, as of merged ones."""


@dataclass(frozen=True)
class KeyIndex:
    """The rows of a data file by the hash of their version key, sorted by it.

    hashes: 64 bits for each row. rows: for each row, in the same order, the columns of `index_columns`, in memory or in
    a file that the system reads page by page.
    """

    hashes: Hashes
    rows: pa.Table

    def has_any(self, hashes: Hashes) -> bool:
        """Whether the file may have a row of a key with one of these hashes; where not, it has none."""
        if not len(self.hashes):
            return False
        positions = np.searchsorted(self.hashes, hashes)
        return bool((self.hashes[np.minimum(positions, len(self.hashes) - 1)] == hashes).any())

    def rows_of(self, hashes: Hashes) -> pl.DataFrame:
        """The rows whose key has one of these different hashes, in the columns of `index_columns`."""
        starts, ends = (np.searchsorted(self.hashes, hashes, side) for side in ("left", "right"))
        counts = ends - starts
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        positions = pl.Series(np.repeat(starts, counts) + offsets, dtype=pl.Int64)
        return _as_frame(self.rows.take(positions.to_arrow()))  # pa.array would import pandas


def key_hashes(table: str, rows: pl.DataFrame) -> pl.Series:
    """A 64-bit hash of the version key of each row of a table, in the contract's types."""
    return rows.select(TABLES[table].version_key).hash_rows().alias(_HASH)


def index_columns(table: str) -> list[str]:
    """The columns that an index holds beside the hash: of tables that others hang on, what tells whose a row is."""
    return [*dict.fromkeys((*TABLES[table].key, "household_id", "known_on"))] if table in _PARENT_TABLES else []


class KeyIndexes:
    """The key indexes of a ledger's files, each read or computed once."""

    def __init__(self) -> None:
        self._indexes: dict[Path, KeyIndex] = {}

    def of(self, file: DataFile, table: str, county: str, files: DataFiles) -> KeyIndex:
        """The index of a data file of a table and county: from memory, from its file, or from the rows."""
        if file.path not in self._indexes:
            index, stored = None, None
            if file.is_merged or file.rows > _SMALL_FILE_ROWS:
                with suppress(OSError):  # missing
                    stored = pa.memory_map(str(_index_path(file, table, county, files)))
            elif text := (pq.read_metadata(file.path).metadata or {}).get(_footer_key().encode()):
                stored = pa.py_buffer(b64decode(text))
            if stored is not None:
                index = _stored_index(stored, table, file.rows)
            if index is None:
                columns = [*dict.fromkeys((*TABLES[table].version_key, *index_columns(table)))]
                index = index_of_rows(table, _as_frame(pq.ParquetFile(file.path).read(columns, use_threads=False)))
            self._indexes[file.path] = index
        return self._indexes[file.path]

    def add(self, path: Path, index: KeyIndex) -> None:
        """Remember the index of a file."""
        self._indexes[path] = index

    def store(self, table: str, county: str, files: DataFiles) -> None:
        """Write the indexes of the larger files of a table and county that are not stored yet.

        Raises UserError where the disk cannot be written.
        """
        for file in files.of(table, county):
            path = _index_path(file, table, county, files)
            if (file.is_merged or file.rows > _SMALL_FILE_ROWS) and not path.exists():
                write_bytes(_index_bytes(self.of(file, table, county, files)), path)


def index_of_rows(table: str, rows: pl.DataFrame) -> KeyIndex:
    """The index of rows in the columns of a table."""
    indexed = rows.select(index_columns(table)) if index_columns(table) else pl.DataFrame(height=rows.height)
    return _sorted_index(indexed.with_columns(key_hashes(table, rows)))


def joined_index(indexes: list[KeyIndex]) -> KeyIndex:
    """The index of all rows of several files of one table."""
    frames = (_as_frame(one.rows).with_columns(pl.Series(_HASH, one.hashes)) for one in indexes)
    return _sorted_index(pl.concat(list(frames)))


def index_metadata(index: KeyIndex) -> dict[str, str] | None:
    """What the footer of a part file holds of its index; None where the index is a file of its own."""
    is_small = len(index.hashes) <= _SMALL_FILE_ROWS
    return {_footer_key(): b64encode(_index_bytes(index)).decode()} if is_small else None


def index_suffix() -> str:
    """How the names of index files end; a program that hashes or keys otherwise does not read them."""
    return f".{_hashing_digest()}.arrow"


@cache
def _hashing_digest() -> str:
    """Eight letters that tell whether this program hashes the same keys in the same way as another.

    Versions of polars, and processors, may hash otherwise.
    """
    texts = ["", "L1", "P-000000000001", "甲银行-2024-000001", "x" * 64]
    sample = pl.DataFrame({"text": texts, "number": range(5), "day": [date(2024, 1, day) for day in range(1, 6)]})
    hashes = [sample.select(name).hash_rows() for name in sample.columns] + [sample.hash_rows()]
    keys = str([(name, table.version_key, index_columns(name)) for name, table in TABLES.items()])
    return hashlib.sha256(pl.concat(hashes).to_numpy().tobytes() + keys.encode()).hexdigest()[:8]


def _sorted_index(rows: pl.DataFrame) -> KeyIndex:
    in_order = rows.sort(_HASH).rechunk()
    return KeyIndex(in_order[_HASH].to_numpy(), in_order.drop(_HASH).to_arrow())


def _as_frame(rows: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(rows) if rows.num_columns else pl.DataFrame(height=rows.num_rows)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table of Arrow is a frame
    return frame


def _index_path(file: DataFile, table: str, county: str, files: DataFiles) -> Path:
    return files.merged_folder(table, county) / f"{files.merged_name(file.first, file.last)}{index_suffix()}"


def _index_bytes(index: KeyIndex) -> memoryview:
    hashes = pl.Series(index.hashes).to_arrow()
    table = index.rows.append_column(_HASH, hashes) if index.rows.num_columns else pa.table({_HASH: hashes})
    content = pa.BufferOutputStream()
    with pa.ipc.new_file(content, table.schema) as file:
        file.write_table(table.combine_chunks())
    return memoryview(content.getvalue())


def _stored_index(content: pa.NativeFile | pa.Buffer, table: str, rows: int) -> KeyIndex | None:
    """The index in a file, of which the system reads only what is looked up; None where it is damaged."""
    try:
        stored = pa.ipc.open_file(content).read_all()
        [hashes] = stored[_HASH].chunks
    except (OSError, ValueError, KeyError, pa.ArrowException):
        return None
    has_all = stored.num_rows == rows and stored.column_names == [*index_columns(table), _HASH]
    return KeyIndex(hashes.to_numpy(), stored.drop_columns(_HASH)) if has_all else None


def _footer_key() -> str:
    return f"{_HASH} {_hashing_digest()}"
