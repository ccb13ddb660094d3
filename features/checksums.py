"""Checksums of stored files: what was written is compared before it is read, and damage is told with what to do."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import polars as pl

from features.atomic_files import sink_parquet, write_parquet, write_text
from features.messages import UserError

SUFFIX = ".sha256"
"""Ending of the file beside a file that holds its checksum."""
_FILES_IN_MEMORY = 16_384
"""Files whose checksum was compared: some 200 bytes each."""


class DamagedFileError(UserError):
    """A stored file is not what was written. The message says which, and what to do."""

    exit_code = 3


def checksum(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(path: Path, expected: str) -> bool:
    """Whether a file is there with this checksum; it is computed once, and again where its time or size changes."""
    try:
        status = path.stat()
        return _has_checksum(path, expected, status.st_mtime_ns, status.st_size)
    except OSError:
        return False


@lru_cache(_FILES_IN_MEMORY)
def _has_checksum(path: Path, expected: str, *_: int) -> bool:
    """Whether a file has this checksum; the further arguments are its time and size, so that a change is seen."""
    return checksum(path) == expected


@lru_cache(_FILES_IN_MEMORY)
def _is_as_written(path: Path, *_: int) -> bool:
    """Whether a file has the checksum beside it, or none is there; the further arguments are as `_has_checksum`'s."""
    try:
        return checksum(path) == checksum_path(path).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return path.exists()


def checksum_path(path: Path) -> Path:
    """The file that holds the checksum of a file."""
    return path.with_name(path.name + SUFFIX)


def write_checked_parquet(frame: pl.DataFrame, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write a frame as `write_parquet` does, and its checksum beside it.

    The old checksum goes first, so that a writer that is killed leaves a file without one, not one that looks damaged.

    Raises UserError where the disk does not take it.
    """
    checksum_path(path).unlink(missing_ok=True)
    write_parquet(frame, path, metadata)
    write_text(checksum(path), checksum_path(path))


def sink_checked_parquet(rows: pl.LazyFrame, path: Path, *, is_read_whole: bool = False) -> None:
    """Write rows as `sink_parquet` does, and their checksum beside them, as `write_checked_parquet` does."""
    checksum_path(path).unlink(missing_ok=True)
    sink_parquet(rows, path, is_read_whole=is_read_whole)
    write_text(checksum(path), checksum_path(path))


def intact_path(path: Path) -> Path:
    """The path of a stored file, which is as it was written.

    A file without a checksum beside it, of an earlier program, is taken as it is.

    Raises:
        DamagedFileError: the file is missing, or its bytes are not those that were written.

    Example:
        >>> import polars as pl
        >>> from features.checksums import intact_path, write_checked_parquet
        >>> write_checked_parquet(pl.DataFrame({"a": [1]}), tmp / "a.parquet")
        >>> intact_path(tmp / "a.parquet").name
        'a.parquet'
    """
    try:
        status = path.stat()
        if _is_as_written(path, status.st_mtime_ns, status.st_size):
            return path
    except OSError:
        pass
    if "-" in path.stem:  # named by the commits whose rows it holds, see `features.ledger.part_files.MergedName`
        raise DamagedFileError(
            f"账本的合并文件 {path} 已损坏；请删除它，它会由原文件重新生成。",
            f"The merged file {path} of the ledger is damaged; delete it: it is made again from the original files.",
        )
    raise DamagedFileError(
        f"账本文件 {path} 缺失或已损坏；请从备份恢复该文件。",
        f"The ledger's file {path} is missing or damaged; restore it from a backup.",
    )
