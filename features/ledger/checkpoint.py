"""Reading of a ledger's commits: a checkpoint of the older ones, then the commit files after it one by one.

`commits/NNNNNNNN.json` hold the commits. `checkpoint.parquet` repeats the older ones so that they are read at once, and
`newest.json` says up to which number there are commits. Both are written after the commit, may be missing, cut or
older than the commits, and are never needed: deleting them loses no data.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import polars as pl

from features.atomic_files import write_bytes, write_parquet
from features.ledger.commit_history import COMMITS_SCHEMA, CommitHistory, CommitTable
from features.ledger.commits import Commit, read_commit
from features.messages import UserError
from features.stored_files import read_stored_json

COMMITS_IN_TAIL = 256
"""So many commits after the checkpoint are read one by one; then a new checkpoint is written."""
_CHECKPOINT = "checkpoint.parquet"
POINTER = "newest.json"


def commit_path(folder: Path, sequence: int) -> Path:
    """The file of a commit, in the folder of a ledger."""
    return folder / "commits" / f"{sequence:08d}.json"


def read_history(folder: Path) -> CommitHistory:
    """The commits that are in the folder of a ledger when the call begins, or more; none where it is missing.

    Raises UserError where a commit file is damaged, or one is missing although later ones are there.
    """
    # The pointer is read first: what is committed from then on is read below, or not, and either is right.
    try:
        expected = read_stored_json(folder / POINTER, lambda stored: int(stored["sequence"]))
    except UserError:  # missing or cut
        expected = _last_listed_sequence(folder)
    history = read_later_commits(CommitHistory(_read_checkpoint(folder)), folder)
    if len(history) < expected and len(history) < _last_listed_sequence(folder):
        absent = commit_path(folder, len(history) + 1)
        raise UserError(
            f"账本缺少提交文件 {absent}，而其后的提交文件仍在；请从备份恢复该文件。",
            f"The ledger lacks the commit file {absent}, while later ones are there; restore it from a backup.",
        )
    return history


def read_later_commits(history: CommitHistory, folder: Path) -> CommitHistory:
    """A history with the commits that were written after it; the same object where there are none.

    Raises UserError where a commit file is damaged.
    """
    later: list[Commit] = []
    while (path := commit_path(folder, len(history) + len(later) + 1)).exists():
        later.append(read_commit(path))
    return history.with_commits(later) if later else history


def append_commit_file(history: CommitHistory, commit: Commit, folder: Path) -> CommitHistory:
    """Write a commit to its file, then the pointer and, once in COMMITS_IN_TAIL commits, a new checkpoint.

    Returns the history with the commit. Raises UserError where the disk does not take the commit; the commit is
    complete without pointer and checkpoint, so it stands where the disk does not take these.
    """
    write_bytes(commit.json_bytes, commit_path(folder, commit.sequence))
    later = history.with_commits([commit])
    if len(later.newer) >= COMMITS_IN_TAIL:
        later = CommitHistory(later.as_table())
        with suppress(UserError):
            write_parquet(later.older.rows, folder / _CHECKPOINT)
    with suppress(UserError):
        write_bytes(
            json.dumps({"sequence": commit.sequence, "id": commit.id}).encode(), folder / POINTER, durable=False
        )
    return later


def _read_checkpoint(folder: Path) -> CommitTable | None:
    """The checkpoint; None where it is missing or damaged, or belongs to other commits than the folder's."""
    try:
        rows = pl.read_parquet(folder / _CHECKPOINT, glob=False, hive_partitioning=False)
    except (OSError, pl.exceptions.PolarsError):
        return None
    if rows.is_empty() or COMMITS_SCHEMA.mismatch(rows.schema) or rows["sequence"][-1] != rows.height:
        return None
    last = commit_path(folder, rows.height)
    return CommitTable(rows) if last.exists() and read_commit(last).id == rows["id"][-1] else None


def _last_listed_sequence(folder: Path) -> int:
    """The highest number of a commit file; 0 without one."""
    return max((int(path.stem) for path in (folder / "commits").glob("*.json") if path.stem.isdecimal()), default=0)
