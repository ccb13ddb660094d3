"""The ledger's Parquet files by table and county: the part files that commits list, and files merged from them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path

import polars as pl

from features.checksums import intact_path
from features.contract.tables import TABLES
from features.delivered_tables import stored_dtypes
from features.frame_schema import FrameSchema, returns
from features.ledger.commit_history import CommitHistory
from features.ledger.commits import PartFile

ALL_COUNTIES = "all"
"""The county under which rows are stored that belong to no county: prices."""
COUNTY = "county"
"""The column of the county that a row is stored under, and the name of its folders."""
TableCounty = tuple[str, str]
"""A table and a county."""
StoredPart = tuple[int, str, int]
"""Of a part file the sequence number of its commit, its path relative to the ledger's folder, and its rows."""


@dataclass(frozen=True)
class DataFile:
    """A file with all rows of one table and county that came with some successive commits, sorted by household.

    first, last: sequence numbers of the commits of the first and the last part file whose rows it holds. rows: their
    number. is_merged: whether it was made from other files; else it is a part file, and first equals last.
    """

    path: Path
    first: int
    last: int
    rows: int
    is_merged: bool


@dataclass(frozen=True)
class MergedName:
    """The name of a merged file: the commits `first` to `last` that it covers, and the id of the last.

    Since an id rests on all earlier commits, the name fixes the content of the file.
    """

    first: int
    last: int
    last_id: str

    def __str__(self) -> str:
        return f"{self.first:08d}-{self.last:08d}-{self.last_id}"

    def covers(self, other: MergedName) -> bool:
        """Whether this file holds all rows of another, and more."""
        return self != other and self.first <= other.first and other.last <= self.last


def merged_name(path: Path) -> MergedName | None:
    """The name of a merged file by its path; None where a file is called otherwise."""
    first, _, rest = path.name.partition(".")[0].partition("-")
    last, _, last_id = rest.partition("-")
    return MergedName(int(first), int(last), last_id) if first.isdecimal() and last.isdecimal() and last_id else None


STORED_ROWS_SCHEMA = FrameSchema(
    {}, extra="The columns of the table: the contract's, and household_id (not for prices)."
)


@returns(STORED_ROWS_SCHEMA)
def scan_files(table: str, paths: Sequence[Path]) -> pl.LazyFrame:
    """The rows of data files of a table; a column that the table has got since a file was written is null.

    Raises DamagedFileError where a file is not what was written.
    """
    # Not by polars' partitions: these take a folder such as `month=copy` above the ledger for a column.
    files, dtypes = [intact_path(path) for path in paths], stored_dtypes(TABLES[table])
    return pl.scan_parquet(files, glob=False, hive_partitioning=False, schema=dtypes, missing_columns="insert")


class DataFiles:
    """The Parquet files of a ledger's folder that together hold what some commits list.

    The answer for each table and county is computed once, and again where a merged file of it has been deleted.
    """

    def __init__(
        self,
        folder: Path,
        commits: CommitHistory,
        part_files: Mapping[TableCounty, list[StoredPart]] | None = None,
        plans: Mapping[TableCounty, tuple[DataFile, ...]] | None = None,
        grown: frozenset[TableCounty] = frozenset(),
    ) -> None:
        self.folder, self._commits, self.grown = folder, commits, grown
        self._plans = dict(plans or {})
        if part_files is not None:
            self._part_files = dict(part_files)

    def with_commit(self, sequence: int, commits: CommitHistory, part_files: Iterable[PartFile]) -> DataFiles:
        """The files with the part files of the next commit; `grown` names their tables and counties, too.

        sequence: its number. commits: this commit and all before it, or more.
        """
        all_files, plans = dict(self._part_files), dict(self._plans)
        for file in part_files:
            key = file.table, file.county
            all_files[key] = [*all_files.get(key, ()), (sequence, file.path, file.rows)]
            if key in plans:
                plans[key] += (DataFile(self.folder / file.path, sequence, sequence, file.rows, is_merged=False),)
        grown = self.grown | {(file.table, file.county) for file in part_files}
        return DataFiles(self.folder, commits, all_files, plans, grown)

    @cached_property
    def _part_files(self) -> dict[TableCounty, list[StoredPart]]:
        """The part files by table and county, in the order of their commits."""
        by_key = self._commits.part_files.partition_by("table", "county", as_dict=True, maintain_order=True)
        columns = ("sequence", "path", "rows")
        return {(str(table), str(county)): files.select(columns).rows() for (table, county), files in by_key.items()}

    @property
    def keys(self) -> list[TableCounty]:
        """The tables and counties that have files, sorted."""
        return sorted(self._part_files)

    def counties(self, table: str) -> list[str]:
        """The counties that have files of a table, sorted."""
        return sorted(county for name, county in self._part_files if name == table)

    def row_count(self, table: str, county: str) -> int:
        """How many rows of a table and county are stored, in all versions."""
        return sum(rows for _, _, rows in self._part_files.get((table, county), ()))

    def part_file_count(self, table: str, county: str) -> int:
        """In how many part files the rows of a table and county were delivered."""
        return len(self._part_files.get((table, county), ()))

    def last_commit(self, table: str, county: str) -> int:
        """The number of the last commit with rows of a table and county; 0 where there is none."""
        return max((sequence for sequence, _, _ in self._part_files.get((table, county), ())), default=0)

    def id_of(self, sequence: int) -> str:
        """The id of a commit by its number."""
        return self._commits.id_of(sequence)

    def of(self, table: str, county: str) -> tuple[DataFile, ...]:
        """The files that together hold all rows of a table and county, oldest first."""
        plan = self._plans.get((table, county))
        if plan is None or not all(file.path.exists() for file in plan if file.is_merged):
            plan = self._plans[table, county] = self._plan(table, county)
        return plan

    def forget(self, table: str, county: str) -> None:
        """Look again which files there are of a table and county, since some were merged."""
        self._plans.pop((table, county), None)

    def merged_folder(self, table: str, county: str) -> Path:
        """The folder of the merged files of a table and county, and of the key indexes."""
        return self.folder / "merged" / table / f"{COUNTY}={county}"

    def merged_name(self, first: int, last: int) -> MergedName:
        """The name of a file with the rows of the commits `first` to `last`."""
        return MergedName(first, last, self._commits.id_of(last))

    def _plan(self, table: str, county: str) -> tuple[DataFile, ...]:
        part_files = self._part_files.get((table, county), [])
        sequences = [sequence for sequence, _, _ in part_files]
        rows_before, merged = [0, *accumulate(rows for _, _, rows in part_files)], self._merged_files(table, county)
        files, start = list[DataFile](), 0
        while start < len(part_files):
            first = last = sequences[start]
            path, end = self.folder / part_files[start][1], start + 1
            if first in merged:
                last, path = merged[first]
                end = bisect_right(sequences, last)
            files.append(DataFile(path, first, last, rows_before[end] - rows_before[start], first in merged))
            start = end
        return tuple(files)

    def _merged_files(self, table: str, county: str) -> dict[int, tuple[int, Path]]:
        """For the first commit that merged files cover, the last one and the path of the longest such file."""
        longest: dict[int, tuple[int, Path]] = {}
        for path in sorted(self.merged_folder(table, county).glob("*.parquet")):
            name = merged_name(path)
            if name and name.last <= len(self._commits) and self._commits.id_of(name.last) == name.last_id:
                longest[name.first] = name.last, path
        return longest
