"""The ledger's Parquet files by table and county: the part files that commits list, and files merged from them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import polars as pl

from features.atomic_files import sink_parquet
from features.contract.tables import TABLES
from features.delivered_tables import stored_dtypes
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.ledger.commits import Commit, PartFile
from features.row_groups import RowGroups, read_row_groups

ALL_COUNTIES = "all"
"""The county under which rows are stored that belong to no county: prices."""
COUNTY = "county"
"""The column of the county that a row is stored under, and the name of its folders."""
SCAN_SCHEMA = FrameSchema(
    {COUNTY: FrameColumn(pl.String(), "The county that the row is stored under: six digits, or `all` for prices.")},
    extra="The columns of the table: the contract's, and household_id (not for prices).",
)
_MAX_UNMERGED = 8
"""Part files of a table and county that may stay unmerged; each is opened when one household is read."""


class PartFiles:
    """The Parquet files of a ledger's folder that some commits list.

    The rows of each file are sorted by household. Scans and footers are read once for each object.
    """

    def __init__(self, folder: Path, commits: tuple[Commit, ...]) -> None:
        self.folder, self.commits = folder, commits
        self._scans: dict[tuple[str, str | None], pl.LazyFrame] = {}
        self._scans_by_file: dict[tuple[str, str | None], list[tuple[pl.LazyFrame, RowGroups | None]]] = {}

    @returns(SCAN_SCHEMA)
    def scan(self, table: str, county: str | None = None) -> pl.LazyFrame:
        """All versions of all rows of a table in one county (with the rows of ALL_COUNTIES), or in all counties."""
        if (table, county) not in self._scans:
            paths = [path for one in self.counties_with_files(table, county) for path in self.file_paths(table, one)]
            self._scans[table, county] = self._scan_files(table, paths)
        return self._scans[table, county]

    def counties_with_files(self, table: str, county: str | None) -> list[str]:
        """The counties whose files `scan` reads for a table and county, sorted; ALL_COUNTIES among them for prices."""
        counties = sorted({file.county for file in self.part_files(table)})
        return [one for one in counties if county in (None, one) or one == ALL_COUNTIES]

    def file_paths(self, table: str, county: str) -> list[Path]:
        """The files that together hold all rows of a table and county: the newest merged one and the unmerged ones."""
        merged = self._newest_merged_file(table, county)
        unmerged = [self.folder / file.path for file in self._unmerged_parts(table, county)]
        return [merged[1], *unmerged] if merged else unmerged

    def _scan_files(self, table: str, paths: list[Path]) -> pl.LazyFrame:
        if not paths:
            return pl.LazyFrame(schema=stored_dtypes(TABLES[table]) | {COUNTY: pl.String()})
        by_county: dict[str, list[Path]] = {}
        for path in paths:
            by_county.setdefault(path.parent.name.removeprefix(f"{COUNTY}="), []).append(path)
        # The folder's name is read here: Parquet readers take any `name=value` of the whole path for a column.
        return pl.concat(
            pl.scan_parquet(files, glob=False, hive_partitioning=False).with_columns(
                pl.lit(county, pl.String).alias(COUNTY)
            )
            for county, files in by_county.items()
        )

    def _newest_merged_file(self, table: str, county: str) -> tuple[int, Path] | None:
        """The newest merged file made from these commits: how many of them it holds, and its path."""
        folder = self.folder / "merged" / table / f"{COUNTY}={county}"
        for path in sorted(folder.glob("*.parquet"), reverse=True):
            commits, last_id = path.stem.split("-")
            if int(commits) <= len(self.commits) and self.commits[int(commits) - 1].id == last_id:
                return int(commits), path
        return None

    def _unmerged_parts(self, table: str, county: str) -> list[PartFile]:
        merged_commits, _ = self._newest_merged_file(table, county) or (0, None)
        return [
            file for commit, file in self._files_by_table[table] if commit > merged_commits and file.county == county
        ]

    def merge(self, max_unmerged: int = _MAX_UNMERGED) -> None:
        """Merge the files of each table and county that has more than `max_unmerged` unmerged part files.

        The last merged file stays, since processes may be reading it; older ones are deleted.

        Raises UserError where the disk cannot be written; no data are lost then.
        """
        for table, county in sorted({(file.table, file.county) for commit in self.commits for file in commit.parts}):
            if len(self._unmerged_parts(table, county)) <= max_unmerged:
                continue
            previous = self._newest_merged_file(table, county)
            rows = self._scan_files(table, self.file_paths(table, county)).drop(COUNTY)
            folder = self.folder / "merged" / table / f"{COUNTY}={county}"
            merged = folder / f"{len(self.commits):08d}-{self.commits[-1].id}.parquet"
            sink_parquet(rows.sort(sort_columns(table, rows.collect_schema().names())), merged)
            for path in folder.glob("*.parquet"):
                if path not in (merged, previous and previous[1]):
                    path.unlink()

    def scan_household(self, table: str, county: str | None, household: str) -> pl.LazyFrame:
        """The row groups of a table and county that may hold rows of a household, in the columns of `stored_dtypes`.

        Rows of other households are among them. Prices are returned whole.
        """
        if table == "prices":
            return self._prices.lazy()
        if (table, county) not in self._scans_by_file:
            paths = [path for one in self.counties_with_files(table, county) for path in self.file_paths(table, one)]
            self._scans_by_file[table, county] = [
                (pl.scan_parquet(path, glob=False, hive_partitioning=False), read_row_groups(path)) for path in paths
            ]
        slices = []
        for rows, groups in self._scans_by_file[table, county]:
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

    def part_files(self, table: str) -> list[PartFile]:
        """The part files of a table in all counties, in the order of their commits."""
        return [file for _, file in self._files_by_table[table]]

    @cached_property
    def _files_by_table(self) -> dict[str, list[tuple[int, PartFile]]]:
        """The part files by table, each with the sequence number of its commit."""
        files_by_table: dict[str, list[tuple[int, PartFile]]] = {name: [] for name in TABLES}
        for commit in self.commits:
            for file in commit.parts:
                files_by_table[file.table].append((commit.sequence, file))
        return files_by_table


def sort_columns(table: str, columns: list[str]) -> list[str]:
    """The columns by which the rows of a table's files are sorted: household, key, known_on, as far as it has them."""
    return [name for name in dict.fromkeys(("household_id", *TABLES[table].key, "known_on")) if name in columns]
