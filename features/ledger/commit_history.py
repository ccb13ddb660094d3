"""The commits of a ledger in order: the older ones as the rows of a frame, the newer ones as objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any, overload

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.ledger.commits import Commit, PartFile

_PART_FILE_COLUMNS = {
    "table": FrameColumn(pl.String(), "Table of the contract."),
    "county": FrameColumn(pl.String(), "The county that its rows are stored under: six digits, or `all` for prices."),
    "path": FrameColumn(pl.String(), "Its path relative to the ledger's folder."),
    "rows": FrameColumn(pl.Int64(), "Number of its rows."),
    "known_from": FrameColumn(pl.String(), "First day on which any of its rows, with all it hangs on, is known (ISO)."),
    "revises": FrameColumn(pl.Boolean(), "Whether some row is a further version of a fact."),
}
PART_FILES_SCHEMA = FrameSchema(
    {"sequence": FrameColumn(pl.Int64(), "Sequence number of its commit."), **_PART_FILE_COLUMNS}
)
COMMITS_SCHEMA = FrameSchema(
    {
        "sequence": FrameColumn(pl.Int64(), "Number of the commit, from 1."),
        "id": FrameColumn(pl.String(), "Digest of the commit and, through `previous`, of all earlier ones."),
        "previous": FrameColumn(pl.String(), "Id of the commit before."),
        "table": FrameColumn(pl.String(), "Table of the contract."),
        "file": FrameColumn(pl.String(), "Name of the delivered file."),
        "sha256": FrameColumn(pl.String(), "Digest of the delivered file."),
        "delivered_on": FrameColumn(pl.String(), "Day of delivery (ISO)."),
        "parts": FrameColumn(
            pl.List(pl.Struct({name: column.dtype for name, column in _PART_FILE_COLUMNS.items() if column.dtype})),
            "Its part files, in the columns of PART_FILES_SCHEMA.",
        ),
        "quarantine": FrameColumn(pl.String(), "Path of the file with its rejected rows."),
        "taken_up": FrameColumn(pl.List(pl.String()), "Ids of rows that it releases from quarantine."),
        "linked": FrameColumn(pl.List(pl.List(pl.String())), "Pairs of households between which it moved a fact."),
        "linked_counties": FrameColumn(pl.List(pl.List(pl.String())), "Their counties, where these differ."),
    }
)

RELEASES_SCHEMA = FrameSchema(
    {
        "sequence": FrameColumn(pl.Int64(), "Sequence number of the commit that releases the row."),
        "id": FrameColumn(pl.String(), "Id of the row in quarantine."),
    }
)


class CommitTable:
    """Commits 1 to n as a frame (COMMITS_SCHEMA); an object for one of them is made when it is asked for."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self.rows = rows

    def commit(self, sequence: int) -> Commit:
        """The commit of a sequence number."""
        stored = self.rows.row(sequence - 1, named=True)
        pairs = {name: tuple((one, other) for one, other in stored[name]) for name in ("linked", "linked_counties")}
        files = tuple(PartFile(**file) for file in stored["parts"])
        fields = {name: value for name, value in stored.items() if name != "id"}
        return Commit(**{**fields, "parts": files, "taken_up": tuple(stored["taken_up"]), **pairs})

    @cached_property
    def part_files(self) -> pl.DataFrame:
        """The part files of these commits (PART_FILES_SCHEMA)."""
        listed = self.rows.select("sequence", "parts").filter(pl.col("parts").list.len() > 0)
        return listed.explode("parts").unnest("parts").select(list(PART_FILES_SCHEMA.columns))


class CommitHistory(Sequence[Commit]):
    """All commits of a ledger, oldest first, or those up to some version; a history does not change.

    older: commits 1 to n as a frame. newer: the commits after these.
    """

    def __init__(self, older: CommitTable | None = None, newer: tuple[Commit, ...] = ()) -> None:
        self.older, self.newer = older or CommitTable(COMMITS_SCHEMA.empty()), newer

    def __len__(self) -> int:
        return self.older.rows.height + len(self.newer)

    @overload
    def __getitem__(self, position: int) -> Commit: ...

    @overload
    def __getitem__(self, position: slice) -> tuple[Commit, ...]: ...

    def __getitem__(self, position: int | slice) -> Commit | tuple[Commit, ...]:
        if isinstance(position, slice):
            return tuple(self._commit_at(each) for each in range(*position.indices(len(self))))
        if not -len(self) <= position < len(self):
            raise IndexError(position)
        return self._commit_at(position % len(self))

    def __iter__(self) -> Iterator[Commit]:
        return (self._commit_at(each) for each in range(len(self)))

    def _commit_at(self, position: int) -> Commit:
        height = self.older.rows.height
        return self.newer[position - height] if position >= height else self.older.commit(position + 1)

    def id_of(self, sequence: int) -> str:
        """The id of the commit with a sequence number; an empty text for 0, which stands before the first."""
        if sequence > self.older.rows.height:
            return self.newer[sequence - self.older.rows.height - 1].id
        return str(self.older.rows["id"][sequence - 1]) if sequence else ""

    def until(self, sequence: int) -> CommitHistory:
        """The history as it was after the commit with a sequence number."""
        height = self.older.rows.height
        if sequence < height:
            return CommitHistory(CommitTable(self.older.rows.head(sequence)))
        return CommitHistory(self.older, self.newer[: sequence - height])

    def with_commits(self, commits: Iterable[Commit]) -> CommitHistory:
        """The history with later commits."""
        return CommitHistory(self.older, (*self.newer, *commits))

    def as_table(self) -> CommitTable:
        """All its commits as a frame."""
        rows: list[dict[str, Any]] = [asdict(commit) | {"id": commit.id} for commit in self.newer]
        newer = pl.DataFrame(rows, schema=COMMITS_SCHEMA.dtypes)
        return CommitTable(pl.concat([self.older.rows, newer], rechunk=True))

    @property
    @returns(PART_FILES_SCHEMA)
    def part_files(self) -> pl.DataFrame:
        """The part files of all commits, in their order."""
        columns = list(_PART_FILE_COLUMNS)
        newer = [(one.sequence, *(getattr(file, name) for name in columns)) for one in self.newer for file in one.parts]
        return pl.concat([self.older.part_files, pl.DataFrame(newer, schema=PART_FILES_SCHEMA.dtypes, orient="row")])

    def quarantine_files(self, after: int) -> list[tuple[int, str]]:
        """The sequence number and quarantine file of each commit after a number that has one."""
        older = self.older.rows.slice(after).filter(pl.col("quarantine").is_not_null())
        newer = [(one.sequence, one.quarantine) for one in self.newer if one.quarantine and one.sequence > after]
        return [*older.select("sequence", "quarantine").rows(), *newer]

    @returns(RELEASES_SCHEMA)
    def releases(self, after: int) -> pl.DataFrame:
        """The rows that the commits after a number release from quarantine."""
        older = self.older.rows.slice(after).filter(pl.col("taken_up").list.len() > 0)
        newer = [(one.sequence, row) for one in self.newer if one.sequence > after for row in one.taken_up]
        return pl.concat(
            [
                older.select("sequence", pl.col("taken_up").alias("id")).explode("id"),
                pl.DataFrame(newer, schema=RELEASES_SCHEMA.dtypes, orient="row"),
            ]
        )

    def linked_pairs(self, column: str) -> list[tuple[str, str]]:
        """The pairs in the column `linked` or `linked_counties` of all commits."""
        stored = self.older.rows.filter(pl.col(column).list.len() > 0)[column].to_list()
        newer = [getattr(commit, column) for commit in self.newer]
        return [(one, other) for pairs in (*stored, *newer) for one, other in pairs]
