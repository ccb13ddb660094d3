"""Files of a large county's rows by number (`features/numbered_tables.py`): a cache that is written when a load ends.

A file's name says the commits whose rows it holds, and the id of the last, which fixes its content. Deleting
`numbered/` loses no data: without a file, or with a damaged one, the rows are read by their identifiers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

import polars as pl

from features.checksums import SUFFIX, DamagedFileError, intact_path, sink_checked_parquet
from features.contract.tables import TABLES
from features.delivered_tables import stored_dtypes
from features.ledger.part_files import COUNTY, DataFiles
from features.numbered_tables import (
    NUMBER_COLUMNS,
    NUMBERED_TABLES,
    NumberedTables,
    identifiers_of,
    number_column,
    numbered_rows,
)

NUMBERED_FOLDER = "numbered"
"""The folder of a ledger with these files, below which each county has its own."""
FEWEST_ROWS = 50_000
"""Delivered rows from which on a county's are stored by number; fewer are read fast enough by their identifiers."""
_HOLDERS = ("households", "loans")
"""The tables whose rows decide the numbers."""
_EDITIONS = 2
"""Files of a table that stay: the newest, and the one that processes may be reading."""
_FORMAT = 2
"""To be counted up where the same rows are written otherwise."""


def stored_by_number(county: str, files: DataFiles) -> NumberedTables | None:
    """The tables of a county that are stored by number; None where none is."""
    paths = _paths(county, files)
    identifiers = {number: scan for number in NUMBER_COLUMNS if (scan := _scan(paths[number])) is not None}
    if len(identifiers) < len(NUMBER_COLUMNS):
        return None
    rows = {table: scan for table in NUMBERED_TABLES if table in paths and (scan := _scan(paths[table])) is not None}
    return NumberedTables(identifiers, rows)


def write_by_number(
    county: str, files: DataFiles, tables: Mapping[str, pl.LazyFrame], revised_tables: Collection[str]
) -> None:
    """Write the files of a county that are not there yet, and delete those that no reader needs any more.

    tables: all versions of the county's rows, in the columns of `stored_dtypes`. revised_tables: those in which some
    fact has several versions.

    Whoever writes holds the ledger's lock. Raises UserError where the disk cannot be written; no data are lost then.
    """
    paths = _paths(county, files)
    identifiers = {number: identifiers_of(number, tables).collect() for number in NUMBER_COLUMNS}
    for number, names in identifiers.items():
        if not paths[number].exists():
            sink_checked_parquet(names.lazy(), paths[number], is_read_whole=True)
    for table in NUMBERED_TABLES:
        if table in paths and not paths[table].exists():
            known = identifiers[number_column(TABLES[table])].lazy()
            rows = numbered_rows(TABLES[table], tables[table], known, table in revised_tables)
            sink_checked_parquet(rows, paths[table], is_read_whole=True)
    _delete_superseded(paths)


def _paths(county: str, files: DataFiles) -> dict[str, Path]:
    """The files of the numbers, and of the tables that the county has, by the commits that the ledger has."""
    folder = files.folder / NUMBERED_FOLDER / f"{COUNTY}={county}"
    last_of = {table: last for table in TABLES if (last := files.last_commit(table, county))}
    last_holder = max((last_of.get(table, 0) for table in _HOLDERS), default=0)
    names = {number: (number, last_holder, last_holder) for number in NUMBER_COLUMNS}
    names |= {table: (table, last_holder, last_of[table]) for table in NUMBERED_TABLES if table in last_of}
    return {
        key: folder / f"{name}-{holder:08d}-{last:08d}-{files.id_of(max(holder, last))}-{_format_digest()}.parquet"
        for key, (name, holder, last) in names.items()
    }


def _scan(path: Path) -> pl.LazyFrame | None:
    """The rows of a file; None where it is missing or not what was written."""
    try:
        return pl.scan_parquet(intact_path(path), glob=False, hive_partitioning=False)
    except DamagedFileError:
        return None


def _delete_superseded(paths: Mapping[str, Path]) -> None:
    """Delete the files of each table but the newest, and what killed processes left unfinished."""
    for folder in {path.parent for path in paths.values()}:
        for unfinished in folder.glob(".*"):
            unfinished.unlink()
    for path in paths.values():
        name = path.name.partition("-")[0]
        stored = sorted(path.parent.glob(f"{name}-*.parquet"), key=lambda one: (one == path, one.stat().st_mtime_ns))
        for old in stored[:-_EDITIONS]:
            old.unlink()
            old.with_name(old.name + SUFFIX).unlink(missing_ok=True)


@cache
def _format_digest() -> str:
    """Eight letters that tell whether another program writes the same columns."""
    columns = [
        (name, sorted(stored_dtypes(TABLES[name]).items()), TABLES[name].version_key) for name in NUMBERED_TABLES
    ]
    return hashlib.sha256(f"{_FORMAT} {columns}".encode()).hexdigest()[:8]
