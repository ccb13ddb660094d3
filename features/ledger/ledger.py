"""The ledger: an append-only store of all delivered rows as Parquet by county, with one commit for each delivered file.

Readers use only files that a commit in `commits/` lists, so they need no lock, and a load that is killed leaves either
all of a delivered file or nothing of it. `checkpoint.parquet`, `newest.json`, `merged/` and `numbered/` are rebuildable
caches: the commits in few files, the rows of many part files in few files sorted by household, and those of large
counties with numbers in the place of identifiers. Deleting them loses no data.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from threading import Lock

import polars as pl

from features.atomic_files import exclusive_lock
from features.checksums import write_checked_parquet
from features.contract.tables import TABLES
from features.delivered_tables import (
    KNOWN_SINCE,
    has_several_versions,
    reassigned_pairs,
    stored_dtypes,
    with_known_since,
    with_renewed_as_loan,
)
from features.frame_schema import returns
from features.ledger.checkpoint import append_commit_file, commit_path, read_history, read_later_commits
from features.ledger.commit_history import CommitHistory
from features.ledger.commits import Commit, PartFile
from features.ledger.county_tables import CountyTables
from features.ledger.key_index import KeyIndexes, index_metadata, index_of_rows
from features.ledger.merging import sort_columns
from features.ledger.part_files import COUNTY, DataFiles
from features.ledger.quarantine_files import (
    QUARANTINE_SCHEMA,
    read_quarantine,
    with_changes,
    write_quarantine_cache,
)
from features.messages import UserError
from features.stored_format import check_format, stored_format, write_format

LEDGER_FORMAT = 2
"""The format of a ledger that this release writes. In 1, of releases up to 0.2.0, files may lack checksums."""
_MOST_FILES_IN_LOAD = 64
"""A load merges when it ends, and where a table and county has more files, at once."""


class Ledger(CountyTables):
    """The ledger in one folder, as of the commits that are there when the object is made.

    An object does not change: `append_commit` returns a new one. Its scans and lookups are cached.

    Raises UserError where a newer release wrote the ledger, or a commit file is damaged or missing.

    folder: where the ledger is or will be; a missing folder is an empty ledger. commits: the commits to read; all in
    the folder where it is None. files, indexes: the data files of these commits and their indexes, where known.

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

    def __init__(
        self,
        folder: Path,
        commits: CommitHistory | None = None,
        files: DataFiles | None = None,
        indexes: KeyIndexes | None = None,
    ) -> None:
        if commits is None:
            check_format(stored_format(folder), LEDGER_FORMAT, folder)
            commits = read_history(folder)
        super().__init__(folder, commits, files, indexes)
        self._quarantined_rows: pl.DataFrame | None = None
        self._earlier_versions: dict[str, Ledger] = {}

    @property
    def data_version(self) -> str:
        """The version of the data: number and id of the last commit, `0-empty` without one."""
        return f"{len(self.commits)}-{self.commits.id_of(len(self.commits)) or 'empty'}"

    def at(self, data_version: str) -> Ledger:
        """The ledger as it was at a data version, without later commits.

        Raises UserError where it never had that version.
        """
        if data_version == self.data_version:
            return self
        if data_version not in self._earlier_versions:
            earlier = Ledger(self.folder, self.commits.until(int(data_version.partition("-")[0])))
            if earlier.data_version != data_version:
                raise UserError(
                    f"账本中没有数据版本 {data_version}；请核对数据目录。",
                    f"The ledger never was at data version {data_version}; check the data folder.",
                )
            self._earlier_versions[data_version] = earlier
        return self._earlier_versions[data_version]

    @returns(QUARANTINE_SCHEMA)
    def quarantined_rows(self) -> pl.DataFrame:
        """The rows in quarantine, without those that were loaded later."""
        if self._quarantined_rows is None:
            self._quarantined_rows = read_quarantine(self.commits, self.folder)
        return self._quarantined_rows

    def write_lock(self) -> AbstractContextManager[None]:
        """A context in which no other process writes to the ledger; readers need none.

        Entering it raises UserError where another process writes.
        """
        busy = UserError("另一个装载正在进行；请稍后再试。", "Another load is running; try again later.")
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

        Returns the ledger with the commit; nothing is read again. Raises UserError where the disk cannot be written.
        """
        sequence = len(self.commits) + 1
        if sequence == 1:
            write_format(self.folder, LEDGER_FORMAT)
        owner = [name for name in (*TABLES[table].key, "household_id") if name in stored_dtypes(TABLES[table])]
        stored_versions = self.stored_versions(table, rows).select(*dict.fromkeys(owner), COUNTY)
        revises = stored_versions.height > 0 or has_several_versions(table, rows)
        dated_rows = self._with_known_since(table, rows)
        groups = sorted(dated_rows.group_by(COUNTY), key=lambda group: str(group[0][0]))
        files = tuple(
            self._write_part_file(table, str(county), sequence, group, revises) for (county,), group in groups
        )
        quarantine_path = None
        if quarantine.height:
            quarantine_path = f"quarantine/{sequence:08d}.parquet"
            write_checked_parquet(quarantine, self.folder / quarantine_path)
        versions = self._with_renewals(table, rows, [stored_versions, rows.select(stored_versions.columns)])
        pairs = [tuple(reassigned_pairs(table, versions, by)) for by in ("household_id", COUNTY)]
        previous = self.commits.id_of(sequence - 1)
        commit = Commit(
            sequence, previous, table, file, sha256, delivered_on, files, quarantine_path, released_ids, *pairs
        )
        commits = append_commit_file(self.commits, commit, self.folder)
        later = self._with_commits(commits)
        if self._quarantined_rows is not None:
            later._quarantined_rows = with_changes(self._quarantined_rows, released_ids, quarantine)
        if any(len(later.file_paths(file.table, file.county)) > _MOST_FILES_IN_LOAD for file in files):
            later.merge()
        return later

    def read_later_commits(self) -> Ledger:
        """The ledger with the commits that were written since this one was opened; the same object without any.

        Raises UserError where a commit file is damaged.
        """
        commits = read_later_commits(self.commits, self.folder)
        return self if commits is self.commits else self._with_commits(commits)

    def _with_commits(self, commits: CommitHistory) -> Ledger:
        """The ledger with further commits; what is known of the earlier ones is not read again."""
        files = self._files
        for commit in commits[len(self.commits) :]:
            files = files.with_commit(commit.sequence, commits, commit.parts)
        return Ledger(self.folder, commits, files, self._indexes)

    def _with_renewals(self, table: str, rows: pl.DataFrame, versions: list[pl.DataFrame]) -> pl.DataFrame:
        """The owners of facts, with those of the loans that `rows` renew, and who renews `rows`."""
        if table != "loans":
            return pl.concat(versions)
        renewing = with_renewed_as_loan(rows)
        renewed = self.parent_versions(table, renewing["loan_id"].unique())
        stored = self.scan(table).filter(pl.col("renews_loan_id").is_in(rows["loan_id"].implode()))
        renewed_by_stored = with_renewed_as_loan(stored.select("renews_loan_id", "household_id", COUNTY).collect())
        return pl.concat([*versions, renewing, renewed, renewed_by_stored], how="diagonal")

    def _with_known_since(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with the column KNOWN_SINCE, by the stored versions of their parents and households."""
        parent = TABLES[table].parent
        parents = dict([parent, ("households", "household_id")]) if parent else {}
        versions = {name: self.parent_versions(name, rows[by]).lazy() for name, by in parents.items()}
        # Over few rows in memory, optimising costs more than it saves.
        query = with_known_since(rows.lazy(), TABLES[table], versions)
        [dated_rows] = pl.collect_all([query], engine="in-memory", optimizations=pl.QueryOptFlags.none())
        return dated_rows

    def _write_part_file(self, table: str, county: str, sequence: int, rows: pl.DataFrame, revises: bool) -> PartFile:
        """Write the rows of one county to a file of their own; rows that no commit lists yet are ignored."""
        path = f"{table}/{COUNTY}={county}/{sequence:08d}.parquet"
        stored_rows = rows.select(list(stored_dtypes(TABLES[table])))
        index = index_of_rows(table, stored_rows)
        in_order = stored_rows.sort(sort_columns(table, stored_rows.columns))
        write_checked_parquet(in_order, self.folder / path, index_metadata(index))
        self._indexes.add(self.folder / path, index)
        return PartFile(table, county, path, rows.height, str(rows[KNOWN_SINCE].min()), revises)

    def merge(self, max_unmerged: int | None = None) -> None:
        """Merge the files of tables and counties that have become many, and those of quarantine.

        max_unmerged: merge those with more part files beside merged ones than that, whatever their size.

        Raises UserError where the disk cannot be written; no data are lost then.
        """
        super().merge(max_unmerged)
        write_quarantine_cache(self.quarantined_rows(), self.commits, self.folder)


def ledger_in(folder: Path) -> Ledger:
    """The ledger in a folder with all its commits; the same object, with its caches, until one is added.

    folder: where the ledger is; a missing folder is an empty ledger.

    Raises UserError where a commit file is damaged or missing.

    >>> from features.ledger.ledger import ledger_in
    >>> ledger_in(data / "ledger") is ledger_in(data / "ledger")
    True
    >>> ledger_in(tmp / "nothing").data_version
    '0-empty'
    """
    return _open_ledger(folder).current()


class _OpenLedger:
    """The ledger of a folder as this process read it last; threads wait for each other."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, Lock()
        self._ledger: Ledger | None = None
        self._file: tuple[int, int] | None = None

    def current(self) -> Ledger:
        """The ledger with all commits; where none was added, it costs a look at two names."""
        with self._lock:
            ledger = self._ledger
            if ledger is None or _file_identity(self._newest_commit(ledger)) != self._file:
                ledger = Ledger(self._folder)
            else:
                ledger = ledger.read_later_commits()
            if ledger is not self._ledger:
                self._ledger, self._file = ledger, _file_identity(self._newest_commit(ledger))
            return ledger

    def _newest_commit(self, ledger: Ledger) -> Path:
        return commit_path(self._folder, len(ledger.commits))


def _file_identity(path: Path) -> tuple[int, int] | None:
    """What differs between a file and another that took its name; None where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


@lru_cache(maxsize=4)
def _open_ledger(folder: Path) -> _OpenLedger:
    return _OpenLedger(folder)
