"""Files written whole or not at all, and on the disk when the call returns."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import polars as pl

from features.messages import Refused

ROWS_IN_GROUP = 4_000
"""Rows of a Parquet row group: what is read to find one household."""


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Raises Refused where the disk does not take it."""
    content = io.BytesIO()
    frame.write_parquet(content, row_group_size=ROWS_IN_GROUP, compression="zstd")
    write_bytes(content.getbuffer(), path)


def write_bytes(content: bytes | memoryview, path: Path) -> None:
    """Raises Refused where the disk does not take it."""
    _made(path, lambda making: making.write_bytes(content))


def sink_parquet(rows: pl.LazyFrame, path: Path) -> None:
    """Write rows that need not fit in memory. Raises Refused where the disk does not take it."""
    _made(path, lambda making: rows.sink_parquet(making, row_group_size=ROWS_IN_GROUP, compression="zstd"))


def _made(path: Path, write: Callable[[Path], object]) -> None:
    """Under its final name only when whole and on disk."""
    making = path.with_suffix(".making")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(making)
        _sync(making)
        making.rename(path)
        _sync(path.parent)
    except OSError as error:
        with suppress(OSError):
            making.unlink(missing_ok=True)
        raise _disk_refuses(path, error) from error


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _disk_refuses(path: Path, error: OSError) -> Refused:
    return Refused(
        f"磁盘无法写入 {path} ({error.strerror}); 此前的文件完整保留, 腾出空间后请重试。",
        f"The disk does not take {path} ({error.strerror}); what was there before is kept whole: "
        "make room and try again.",
    )
