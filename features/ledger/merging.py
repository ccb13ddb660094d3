"""Merging of data files by levels: sizes that about double, so that n deliveries write O(n log n) rows.

Merged files are a rebuildable cache: the part files stay, and deleting `merged/` loses no data.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from features.checksums import SUFFIX, sink_checked_parquet
from features.contract.tables import TABLES
from features.ledger.key_index import KeyIndexes, index_suffix, joined_index
from features.ledger.part_files import DataFile, DataFiles, merged_name, scan_files


def most_files(part_files: int) -> int:
    """How many files of a table and county may stand beside each other before some are merged: 2 + log2(part_files)."""
    return 1 + part_files.bit_length()


def first_to_merge(sizes: Sequence[int]) -> int:
    """The position in a list of file sizes, oldest first, from which on all files are merged into one.

    It is the first whose size is not above the sum of all after it, so each row is merged only into a file at least
    twice as large, and what stays is as sizes that double.

    >>> first_to_merge([8, 2, 1, 1]), first_to_merge([8, 4, 2, 2]), first_to_merge([8, 4, 2])
    (1, 0, 2)
    """
    later = [*accumulate(reversed(sizes))][::-1]  # of each file, it and all after it
    return next((each for each, size in enumerate(sizes) if 2 * size <= later[each]), len(sizes) - 1)


def merge_files(files: DataFiles, indexes: KeyIndexes, max_unmerged: int | None = None) -> None:
    """Merge files of the tables and counties that have grown since the ledger was opened, and index large ones.

    max_unmerged: merge all tables and counties with more part files beside merged ones than that, whatever their size.

    Raises UserError where the disk cannot be written; no data are lost then.
    """
    for table, county in sorted(files.grown) if max_unmerged is None else files.keys:
        present = files.of(table, county)
        inputs = present[_start_of_merge(present, files.part_file_count(table, county), max_unmerged) :]
        if len(inputs) > 1 or (inputs and max_unmerged is not None):
            _merge(inputs, table, county, files, indexes)
            files.forget(table, county)
            _delete_superseded(table, county, files)
        indexes.store(table, county, files)


def _start_of_merge(present: Sequence[DataFile], part_files: int, max_unmerged: int | None) -> int:
    """The position among the files of a table and county from which on they are merged; their number where none is."""
    unmerged = [position for position, file in enumerate(present) if not file.is_merged]
    has_many = len(present) > most_files(part_files)
    start = first_to_merge([file.rows for file in present]) if has_many else len(present)
    return min(start, unmerged[0]) if max_unmerged is not None and len(unmerged) > max_unmerged else start


def _merge(inputs: Sequence[DataFile], table: str, county: str, files: DataFiles, indexes: KeyIndexes) -> None:
    """Write the rows of successive files to one, with its index."""
    name = files.merged_name(inputs[0].first, inputs[-1].last)
    merged = files.merged_folder(table, county) / f"{name}.parquet"
    rows = scan_files(table, [file.path for file in inputs])
    indexes.add(merged, joined_index([indexes.of(file, table, county, files) for file in inputs]))
    sink_checked_parquet(rows.sort(sort_columns(table, rows.collect_schema().names())), merged)


def sort_columns(table: str, columns: list[str]) -> list[str]:
    """The columns by which the rows of a table's files are sorted: household, key, known_on, as far as it has them."""
    return [name for name in dict.fromkeys(("household_id", *TABLES[table].key, "known_on")) if name in columns]


def _delete_superseded(table: str, county: str, files: DataFiles) -> None:
    """Delete what no reader needs of the merged files, their indexes, and what killed processes left unfinished.

    Files that were merged into the present ones stay, since processes may be reading them, until these are merged in
    turn.
    """
    present = {files.merged_name(file.first, file.last) for file in files.of(table, county)}
    paths = list(files.merged_folder(table, county).iterdir())
    replaced = {name for path in paths if (name := merged_name(path)) and name not in present}
    readable = {
        name
        for name in replaced
        if any(other.covers(name) for other in present) and not any(other.covers(name) for other in replaced)
    }
    stays = {".parquet": present | readable, f".parquet{SUFFIX}": present | readable, index_suffix(): present}
    for path in paths:
        name = merged_name(path)
        if name not in stays.get(path.name.removeprefix(str(name)), ()):
            path.unlink()
