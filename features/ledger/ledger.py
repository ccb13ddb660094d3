"""The ledger: an append-only store of all delivered rows as Parquet by county, with one commit for each delivered file.

Readers use only files that a commit in `commits/` lists, so they need no lock, and a load that is killed leaves either
all of a delivered file or nothing of it. `merged/` is a rebuildable cache: the rows of many part files in one file
sorted by household. Deleting it loses no data.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path

import polars as pl

from features.atomic_files import exclusive_lock, write_bytes, write_parquet
from features.contract.tables import TABLES
from features.delivered_tables import (
    KNOWN_SINCE,
    DeliveredTables,
    has_several_versions,
    partners_by_name,
    reassigned_pairs,
    stored_dtypes,
    with_known_since,
)
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.ledger.commits import Commit, PartFile, read_commit
from features.ledger.part_files import COUNTY, PartFiles, sort_columns
from features.messages import UserError

QUARANTINE_SCHEMA = FrameSchema(
    {
        "id": FrameColumn(
            pl.String(), "Digest of table, fault and cells: equal where the same row is delivered again."
        ),
        "kind": FrameColumn(
            pl.String(),
            "`broken` (a wrong cell), `conflict` (with a stored row), `reused` (a number), `renumbered` (members) or "
            "`waiting`.",
        ),
        "table": FrameColumn(pl.String(), "Table of the contract."),
        "file": FrameColumn(pl.String(), "Delivered file, relative to the inbox."),
        "line": FrameColumn(pl.Int64(), "Line of the file, the header being line 1."),
        "column": FrameColumn(pl.String(), "Column with the fault."),
        "value": FrameColumn(pl.String(), "The cell's text, with pseudonyms for identity numbers."),
        "reason_zh": FrameColumn(pl.String(), "The fault in Chinese."),
        "reason_en": FrameColumn(pl.String(), "The fault in English."),
        "cells": FrameColumn(pl.String(), "The whole row as a JSON object of column to text."),
    }
)


class Ledger(PartFiles):
    """The ledger in one folder, as of the commits that are there when the object is made.

    An object does not change: `append_commit` returns a new one. Its scans and lookups are cached.

    folder: where the ledger is or will be; a missing folder is an empty ledger. commits: the commits to read, oldest
    first; all in the folder where it is None.

    >>> from features.ledger.ledger import Ledger
    >>> ledger = Ledger(data / "ledger")
    >>> all(len(county) == 6 for county in ledger.counties)
    True
    >>> loans = ledger.scan("loans").collect()
    >>> {"loan_id", "household_id", "known_on", "county"} <= set(loans.columns)
    True
    >>> ledger.at(ledger.data_version) is ledger
    True
    """

    def __init__(self, folder: Path, commits: tuple[Commit, ...] | None = None) -> None:
        if commits is None:
            commits = tuple(read_commit(path) for path in sorted((folder / "commits").glob("*.json")))
        super().__init__(folder, commits)
        self._empty_tables: dict[str | None, frozenset[str]] = {}
        self._earlier_versions: dict[str, Ledger] = {}

    @property
    def data_version(self) -> str:
        """The version of the data: number and id of the last commit, `0-empty` without one."""
        return f"{len(self.commits)}-{self.commits[-1].id}" if self.commits else "0-empty"

    def at(self, data_version: str) -> Ledger:
        """The ledger as it was at a data version, without later commits.

        Raises UserError where it never had that version.
        """
        if data_version == self.data_version:
            return self
        if data_version not in self._earlier_versions:
            earlier = Ledger(self.folder, self.commits[: int(data_version.partition("-")[0])])
            if earlier.data_version != data_version:
                raise UserError(
                    f"账本中没有数据版本 {data_version}; 请核对数据目录。",
                    f"The ledger never was at data version {data_version}; check the data folder.",
                )
            self._earlier_versions[data_version] = earlier
        return self._earlier_versions[data_version]

    @cached_property
    def counties(self) -> tuple[str, ...]:
        """The counties that have households, as six digits, sorted."""
        return tuple(sorted({file.county for file in self.part_files("households")}))

    def tables(self, county: str | None = None, household: str | None = None) -> DeliveredTables:
        """The tables to compute features from: of all counties, of one county, or of one household with the prices.

        county: six digits; with a household its own county, which saves opening the files of others.
        """
        if household is None:
            return self._tables_of_county(county)
        if household in self.reassigned_households:
            return self._tables_of_county(county).for_household(household)
        row_groups = {name: self.scan_household(name, county, household) for name in TABLES}
        return self._delivered_tables(row_groups, county).for_household(household)

    def _tables_of_county(self, county: str | None) -> DeliveredTables:
        """The tables of a county, with the rows of households elsewhere that share a corrected fact with one here."""
        tables = {name: self.scan(name, county).drop(COUNTY) for name in TABLES}
        other_counties = self.counties_to_read(county)[1:] if county else ()
        if not other_counties:
            return self._delivered_tables(tables, county)
        is_reassigned = pl.col("household_id").is_in(sorted(self.reassigned_households))
        scans = [self.scan("households", other).filter(is_reassigned) for other in other_counties]
        elsewhere = pl.concat([scan.select("household_id") for scan in scans]).unique().collect().to_series()
        if elsewhere.is_empty():
            return self._delivered_tables(tables, county)
        is_elsewhere = pl.col("household_id").is_in(elsewhere.sort().to_list())
        for name in TABLES:
            if name != "prices":
                added = [self.scan(name, other).drop(COUNTY).filter(is_elsewhere) for other in other_counties]
                tables[name] = pl.concat([tables[name], *added])
        return replace(self._delivered_tables(tables, county), restrict_to=~is_elsewhere, empty_tables=frozenset())

    def _delivered_tables(self, tables: Mapping[str, pl.LazyFrame], county: str | None) -> DeliveredTables:
        """These tables, with what the commits say about them."""
        if county not in self._empty_tables:
            self._empty_tables[county] = frozenset(
                name for name in TABLES if not self.counties_with_files(name, county)
            )
        return DeliveredTables(
            tables,
            self._first_known,
            self._revised_tables,
            reassigned_households=self.reassigned_households,
            empty_tables=self._empty_tables[county],
        )

    def counties_to_read(self, county: str) -> tuple[str, ...]:
        """The counties whose files are needed to compute one: itself, then those that share corrected facts with it."""
        pairs = [pair for commit in self.commits for pair in commit.linked_counties]
        return county, *sorted(partners_by_name(pairs).get(county, ()))

    @cached_property
    def _revised_tables(self) -> frozenset[str]:
        """The tables in which some fact has more than one version."""
        return frozenset(file.table for commit in self.commits for file in commit.parts if file.revises)

    @cached_property
    def reassigned_households(self) -> dict[str, frozenset[str]]:
        """For a household, the others that have had one of its facts, since a correction moved it between them."""
        return partners_by_name(pair for commit in self.commits for pair in commit.linked)

    @cached_property
    def _first_known(self) -> dict[str, dict[str, date]]:
        """The first day on which any row is known, by table and county."""
        first_days: dict[str, dict[str, date]] = {name: {} for name in TABLES}
        for file in (file for commit in self.commits for file in commit.parts):
            day, counties = date.fromisoformat(file.known_from), first_days[file.table]
            counties[file.county] = min(day, counties.get(file.county, day))
        return first_days

    def county_of(self, household: str) -> str | None:
        """The county under which a household's rows are stored; None where the ledger has no such household."""
        versions = self.scan("households").filter(pl.col("household_id") == household)
        counties = versions.select(COUNTY).head(1).collect().to_series()
        return str(counties[0]) if len(counties) else None

    @returns(QUARANTINE_SCHEMA)
    def quarantined_rows(self) -> pl.DataFrame:
        """The rows in quarantine, without those that were loaded later."""
        paths = [self.folder / commit.quarantine for commit in self.commits if commit.quarantine]
        released_ids = [row for commit in self.commits for row in commit.taken_up]
        if not paths:
            return QUARANTINE_SCHEMA.empty()
        return pl.scan_parquet(paths, glob=False).filter(~pl.col("id").is_in(released_ids)).collect()

    def write_lock(self) -> AbstractContextManager[None]:
        """A context in which no other process writes to the ledger; readers need none.

        Entering it raises UserError where another process writes.
        """
        busy = UserError("另一个装载正在进行; 请稍后再试。", "Another load is running; try again later.")
        return exclusive_lock(self.folder / "lock", busy)

    def append_commit(
        self,
        *,
        table: str,
        file: str,
        sha256: str,
        delivered_on: str,
        rows: pl.DataFrame,
        quarantine: pl.DataFrame,
        released_ids: tuple[str, ...] = (),
    ) -> Ledger:
        """Append the rows of one delivered file, all or nothing; call it within `write_lock`.

        table, file, sha256, delivered_on: stored in the commit. rows: valid rows in the columns of `stored_dtypes`,
        with the `county` to store each under. quarantine: rejected rows (QUARANTINE_SCHEMA). released_ids: ids of
        quarantined rows that this commit loads or rejects anew.

        Returns the ledger with the commit; raises UserError where the disk cannot be written.
        """
        sequence = len(self.commits) + 1
        stored_versions = self._stored_versions(table, rows)
        revises = stored_versions.height > 0 or has_several_versions(table, rows)
        dated_rows = with_known_since(rows.lazy(), TABLES[table], {name: self.scan(name) for name in TABLES}).collect()
        groups = sorted(dated_rows.group_by(COUNTY), key=lambda group: str(group[0][0]))
        files = tuple(
            self._write_part_file(table, str(county), sequence, group, revises) for (county,), group in groups
        )
        quarantine_path = None
        if quarantine.height:
            quarantine_path = f"quarantine/{sequence:08d}.parquet"
            write_parquet(quarantine, self.folder / quarantine_path)
        previous = self.commits[-1].id if self.commits else ""
        versions = pl.concat([stored_versions, rows.select(stored_versions.columns)])
        pairs = [tuple(reassigned_pairs(table, versions, by)) if revises else () for by in ("household_id", COUNTY)]
        commit = Commit(
            sequence, previous, table, file, sha256, delivered_on, files, quarantine_path, released_ids, *pairs
        )
        write_bytes(commit.json_bytes, self.folder / "commits" / f"{sequence:08d}.json")
        return Ledger(self.folder)

    def _stored_versions(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        """The stored versions of the facts among `rows`: the columns of the key, household_id and county."""
        key = TABLES[table].version_key
        columns = [
            name for name in dict.fromkeys((*TABLES[table].key, "household_id")) if name in stored_dtypes(TABLES[table])
        ]
        columns.append(COUNTY)
        return self.scan(table).select(columns).join(rows.lazy().select(key), on=key, how="semi").collect()

    def _write_part_file(self, table: str, county: str, sequence: int, rows: pl.DataFrame, revises: bool) -> PartFile:
        """Write the rows of one county to a file of their own; rows that no commit lists yet are ignored."""
        path = f"{table}/{COUNTY}={county}/{sequence:08d}.parquet"
        stored_rows = rows.select(list(stored_dtypes(TABLES[table])))
        write_parquet(stored_rows.sort(sort_columns(table, stored_rows.columns)), self.folder / path)
        return PartFile(table, county, path, rows.height, str(rows[KNOWN_SINCE].min()), revises)


def ledger_in(folder: Path) -> Ledger:
    """The ledger in a folder; the same object, with its caches, until a commit is added.

    folder: where the ledger is; a missing folder is an empty ledger.

    >>> from features.ledger.ledger import ledger_in
    >>> ledger_in(data / "ledger") is ledger_in(data / "ledger")
    True
    >>> ledger_in(tmp / "nothing").data_version
    '0-empty'
    """
    newest = max((folder / "commits").glob("*.json"), default=None)
    return _ledger_of(folder, newest and (newest.name, newest.stat().st_mtime_ns))


@lru_cache(maxsize=4)
def _ledger_of(folder: Path, _newest: tuple[str, int] | None) -> Ledger:
    """The cached ledger of a folder; _newest: name and modification time of its last commit, part of the cache key."""
    return Ledger(folder)
