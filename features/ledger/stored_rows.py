"""The rows of the ledger's tables: whole tables, those of a household, and those of some facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from features.contract.tables import TABLES
from features.delivered_tables import stored_dtypes
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.ledger.commit_history import CommitHistory
from features.ledger.key_index import Hashes, KeyIndex, KeyIndexes, index_columns, key_hashes
from features.ledger.merging import merge_files
from features.ledger.part_files import ALL_COUNTIES, COUNTY, DataFile, DataFiles, scan_files
from features.row_groups import RowGroups, read_row_groups

_COUNTY_COLUMN = FrameColumn(pl.String(), "The county that the row is stored under: six digits, or `all` for prices.")
SCAN_SCHEMA = FrameSchema(
    {COUNTY: _COUNTY_COLUMN}, extra="The columns of the table: the contract's, and household_id (not for prices)."
)
PARENT_VERSIONS_SCHEMA = FrameSchema(
    {
        "household_id": FrameColumn(pl.String(), "The household."),
        "known_on": FrameColumn(pl.Date(), "Day on which this version became known."),
        COUNTY: _COUNTY_COLUMN,
    },
    extra="The column of the key: `household_id`, `loan_id` or `policy_id`.",
)
Scan = tuple[tuple[Path, ...], pl.LazyFrame]
"""The files of a scan, and the scan."""
SortedFile = tuple[pl.LazyFrame, RowGroups | None]
"""The rows of a file, and where in it the households are."""


class _LastLookups:
    """For each table the facts that were looked up last, and their rows; fewer of the same facts cost no reading."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[Hashes, pl.DataFrame]] = {}

    def rows_of(self, table: str, facts: pl.DataFrame, read: Callable[[Hashes], pl.DataFrame]) -> pl.DataFrame:
        """The rows of some facts; `read` finds them, and maybe others, by the hashes of their keys."""
        hashes = key_hashes(table, facts).unique().sort().to_numpy()
        if table not in self._rows or not np.isin(hashes, self._rows[table][0]).all():
            self._rows[table] = hashes, read(hashes)
        return self._rows[table][1].join(facts, on=facts.columns, how="semi")


class StoredRows:
    """The rows that some commits of a ledger's folder list.

    Scans and footers are read once for each object, and again where files have been merged since.
    """

    def __init__(
        self, folder: Path, commits: CommitHistory, files: DataFiles | None = None, indexes: KeyIndexes | None = None
    ) -> None:
        self.folder, self.commits = folder, commits
        self._files, self._indexes = files or DataFiles(folder, commits), indexes or KeyIndexes()
        self._versions, self._parents = _LastLookups(), _LastLookups()
        self._scans: dict[tuple[str, str | None], Scan] = {}
        self._sorted_files: dict[tuple[str, str | None], tuple[tuple[Path, ...], list[SortedFile]]] = {}

    @returns(SCAN_SCHEMA)
    def scan(self, table: str, county: str | None = None) -> pl.LazyFrame:
        """All versions of all rows of a table in one county (with the rows of ALL_COUNTIES), or in all counties."""
        paths = {one: self.file_paths(table, one) for one in self.counties_with_files(table, county)}
        all_paths = tuple(path for some in paths.values() for path in some)
        scan = self._scans.get((table, county))
        if scan is None or scan[0] != all_paths:
            scan = self._scans[table, county] = all_paths, _scan(table, paths)
        return scan[1]

    def counties_with_files(self, table: str, county: str | None) -> list[str]:
        """The counties whose files `scan` reads for a table and county, sorted; ALL_COUNTIES among them for prices."""
        return [one for one in self._files.counties(table) if county in (None, one) or one == ALL_COUNTIES]

    def file_paths(self, table: str, county: str) -> list[Path]:
        """The files that together hold all rows of a table and county, oldest first: merged ones and part files."""
        return [file.path for file in self._files.of(table, county)]

    def row_count(self, table: str, county: str | None = None) -> int:
        """How many rows of a table are stored for a county, or for all, in all versions."""
        counties = self._files.counties(table) if county is None else [county]
        return sum(self._files.row_count(table, one) for one in counties)

    def scan_household(self, table: str, county: str | None, household: str) -> pl.LazyFrame:
        """The row groups of a table and county that may hold rows of a household, in the columns of `stored_dtypes`.

        Rows of other households are among them. Prices are returned whole.
        """
        if table == "prices":
            return self._prices.lazy()
        paths = tuple(path for one in self.counties_with_files(table, county) for path in self.file_paths(table, one))
        sorted_files = self._sorted_files.get((table, county))
        if sorted_files is None or sorted_files[0] != paths:
            scans = (scan_files(table, [path]) for path in paths)
            footers = (read_row_groups(path) for path in paths)
            sorted_files = self._sorted_files[table, county] = paths, list(zip(scans, footers, strict=True))
        slices = []
        for rows, groups in sorted_files[1]:
            start, height = groups.rows_of_household(household) if groups else (0, None)
            if height != 0:
                slices.append(rows.slice(start, height))
        if len(slices) == 1:
            return slices[0]
        return pl.concat(slices) if slices else pl.LazyFrame(schema=stored_dtypes(TABLES[table]))

    @cached_property
    def _prices(self) -> pl.DataFrame:
        """All prices: few rows that every household needs, so they stay in memory."""
        return self.scan("prices").drop(COUNTY).collect()

    @returns(SCAN_SCHEMA)
    def stored_versions(self, table: str, facts: pl.DataFrame) -> pl.DataFrame:
        """All stored rows that later versions of some facts replace; where none is stored, no rows are read.

        facts: rows with the columns of the table's `version_key`. Where rows are read, it is whole files.
        """
        key = list(TABLES[table].version_key)

        def read(hashes: Hashes) -> pl.DataFrame:
            paths: dict[str, list[Path]] = {}
            for county, file, index in self._indexed_files(table):
                if index.has_any(hashes):
                    paths.setdefault(county, []).append(file.path)
            rows = _scan(table, paths)
            return rows.join(facts.lazy().select(key), on=key, how="semi").collect() if paths else rows.collect()

        return self._versions.rows_of(table, facts.select(key), read)

    @returns(PARENT_VERSIONS_SCHEMA)
    def parent_versions(self, table: str, names: pl.Series) -> pl.DataFrame:
        """Household, day and county of all stored versions of some households, loans or policies.

        table: the table of these. names: their identifiers. Only these rows are read.
        """
        [key] = TABLES[table].key
        dtypes = stored_dtypes(TABLES[table])

        def read(hashes: Hashes) -> pl.DataFrame:
            by_county: dict[str, list[pl.DataFrame]] = {}
            for county, _, index in self._indexed_files(table):
                if index.has_any(hashes):
                    by_county.setdefault(county, []).append(index.rows_of(hashes))
            rows = [pl.concat(some).with_columns(pl.lit(one).alias(COUNTY)) for one, some in by_county.items()]
            columns = {name: dtypes[name] for name in index_columns(table)} | {COUNTY: pl.String()}
            return pl.concat([pl.DataFrame(schema=columns), *rows])

        return self._parents.rows_of(table, names.alias(key).to_frame(), read)

    def _indexed_files(self, table: str) -> Iterator[tuple[str, DataFile, KeyIndex]]:
        """The files of a table in all counties, each with its county and its index."""
        for county in self._files.counties(table):
            for file in self._files.of(table, county):
                yield county, file, self._indexes.of(file, table, county, self._files)

    def merge(self, max_unmerged: int | None = None) -> None:
        """Merge the files of the tables and counties that have many since the ledger was opened.

        max_unmerged: merge all tables and counties with more part files beside merged ones than that, whatever their
        size.

        Raises UserError where the disk cannot be written; no data are lost then.
        """
        merge_files(self._files, self._indexes, max_unmerged)


def _scan(table: str, paths: dict[str, list[Path]]) -> pl.LazyFrame:
    """The rows of files of a table by county, with the column COUNTY."""
    scans = [scan_files(table, some).with_columns(pl.lit(county).alias(COUNTY)) for county, some in paths.items()]
    if len(scans) == 1:
        return scans[0]
    return pl.concat(scans) if scans else pl.LazyFrame(schema=stored_dtypes(TABLES[table]) | {COUNTY: pl.String()})
