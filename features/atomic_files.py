"""Files, folders and locks: written whole or not at all, and on the disk when the call returns."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import polars as pl

from features.messages import UserError

ROWS_IN_GROUP = 4_000
"""Rows of a Parquet row group: what is read to find one household."""
_ROWS_READ_WHOLE = 50_000
"""Rows of a row group where many are read together."""
STAGING = ".making"
"""How the names of unfinished files and folders end; they begin with a dot."""


@contextmanager
def atomic_file(
    path: Path, *, unique: bool = False, replace: bool = True, mode: int = 0o666, durable: bool = True
) -> Iterator[Path]:
    """Yield a path beside `path` to write to; it gets its name when the block ends, and is on the disk then.

    unique: the staging file's name is no other writer's; without it a later writer clears what a killed one left.
    replace: whether a file that has the name already gives way; else that one stays and the new one is dropped.
    mode: the permissions, less the process's umask. durable: whether it is on the disk when the block ends; a file
    that is not may be cut after a power failure.

    Raises OSError where the disk does not take it; the file that had the name is unchanged then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = _staging_path(path, unique)
    staging.unlink(missing_ok=True)
    staging.touch(mode=mode)
    try:
        yield staging
        if durable:
            sync(staging)
        if replace:
            staging.rename(path)
        else:
            with suppress(FileExistsError):
                path.hardlink_to(staging)
        if durable:
            sync(path.parent)
    finally:
        with suppress(OSError):
            staging.unlink(missing_ok=True)


@contextmanager
def atomic_folder(folder: Path, *, unique: bool = False, durable: bool = True) -> Iterator[Path]:
    """Yield an empty folder beside `folder` to fill; it takes the place of `folder` when the block ends.

    unique: several processes may write the same folder at once; the first to finish wins and the others' copies are
    dropped. durable: whether every file is on the disk before the folder gets its name (not needed for caches).
    A process killed between the two renames leaves the old folder aside: the next call puts it back first.

    Raises OSError where the disk does not take it; the old folder is unchanged then.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging, replaced = _staging_path(folder, unique), folder.with_name(f".{folder.name}.replaced")
    if replaced.exists() and not folder.exists():
        replaced.rename(folder)
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    try:
        yield staging
        if durable:
            sync_tree(staging)
        _take_place(staging, folder, staging.with_name(f"{staging.name}.replaced") if unique else replaced)
        sync(folder.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _take_place(staging: Path, folder: Path, replaced: Path) -> None:
    if folder.exists():
        shutil.rmtree(replaced, ignore_errors=True)
        folder.rename(replaced)
    try:
        staging.rename(folder)
    except OSError as error:  # another process has just written the same folder
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
    shutil.rmtree(replaced, ignore_errors=True)


@contextmanager
def scratch_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that is removed when the block ends; one that a killed process left is cleared first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def exclusive_lock(path: Path, busy: UserError | None = None) -> Iterator[None]:
    """Hold a lock file while the block runs; the system releases it when the process ends, however it ends.

    busy: raised at once where another process holds the lock; without it the call waits.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy else 0))
        except BlockingIOError as error:
            assert busy is not None  # noqa: S101 - a waiting call does not come back with this
            raise busy from error
        yield


def is_locked(path: Path) -> bool:
    """Whether some process holds a lock file, as `exclusive_lock` does."""
    try:
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def append_line(path: Path, line: str) -> None:
    """Add a line to a text file, on the disk when the call returns; a torn last line stays a line of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        torn = size and os.pread(file.fileno(), 1, size - 1) != b"\n"
        file.write((("\n" if torn else "") + line + "\n").encode())
        file.flush()
        os.fsync(file.fileno())


def replace_link(link: Path, target: Path) -> None:
    """Point a symbolic link at a target, relative to the link's folder, by one rename."""
    link.parent.mkdir(parents=True, exist_ok=True)
    staging = link.with_name(f".{link.name}")
    staging.unlink(missing_ok=True)
    staging.symlink_to(os.path.relpath(target, link.parent))
    staging.replace(link)
    sync(link.parent)


def write_parquet(frame: pl.DataFrame, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write a frame as Parquet, compressed with zstd, in small row groups; `metadata` goes into the file's footer.

    Raises UserError where the disk does not take it.
    """
    content = io.BytesIO()
    frame.write_parquet(content, row_group_size=ROWS_IN_GROUP, compression="zstd", metadata=metadata)
    with _file_or_refusal(path) as staging:
        staging.write_bytes(content.getbuffer())


def sink_parquet(rows: pl.LazyFrame, path: Path, *, is_read_whole: bool = False) -> None:
    """Write rows that need not fit in memory as Parquet.

    is_read_whole: whether many rows are read together and fast, and not those of one household.

    Raises UserError where the disk does not take it.
    """
    with _file_or_refusal(path) as staging:
        try:
            group = _ROWS_READ_WHOLE if is_read_whole else ROWS_IN_GROUP
            rows.sink_parquet(staging, row_group_size=group, compression="lz4" if is_read_whole else "zstd")
        except pl.exceptions.ComputeError as error:  # polars names the system's error in its text alone
            number = re.search(r"\(os error (\d+)\)", str(error))
            if number is None:
                raise
            raise OSError(int(number[1]), os.strerror(int(number[1]))) from error


def write_bytes(content: bytes | memoryview, path: Path, *, durable: bool = True) -> None:
    """Write a file; `durable` as `atomic_file` has it.

    Raises UserError where the disk does not take it.
    """
    with _file_or_refusal(path, durable) as staging:
        staging.write_bytes(content)


def write_text(text: str, path: Path) -> None:
    """Write a text file in UTF-8.

    Raises UserError where the disk does not take it.
    """
    write_bytes(text.encode(), path)


def sync(path: Path) -> None:
    """Have the system put a file, or a folder's list of names, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Have the system put a folder and all below it on the disk."""
    for path in (*folder.rglob("*"), folder):
        if not path.is_symlink():
            sync(path)


def _staging_path(path: Path, unique: bool) -> Path:
    """Beside `path`, in the same file system, so that a rename is one step."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{STAGING}" if unique else f".{path.name}{STAGING}")


@contextmanager
def _file_or_refusal(path: Path, durable: bool = True) -> Iterator[Path]:
    """`atomic_file`, which raises UserError where the disk does not take it."""
    try:
        with atomic_file(path, durable=durable) as staging:
            yield staging
    except OSError as error:
        raise UserError(
            f"磁盘无法写入 {path}（{error.strerror}）；此前的文件完整保留，腾出空间后请重试。",
            f"The disk does not take {path} ({error.strerror}); what was there before is kept whole: "
            "make room and try again.",
        ) from error
