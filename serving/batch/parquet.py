"""The Parquet files of a month: readable by every program, of equal bytes in however many pieces the rows come."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from features.atomic_files import sync
from features.checksums import checksum

ROWS_IN_GROUP = 20_000
"""Rows of a row group of a published file: a reader decompresses as many to find one loan."""
_ROWS_IN_INTERMEDIATE_GROUP = 5_000
"""Rows of a row group of a task's output."""


def sorted_by_loan(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows in the order of `loan_id`; a frame without that column as it is."""
    return frame.sort("loan_id") if "loan_id" in frame.columns else frame


def write_intermediate(frame: pl.DataFrame, path: Path) -> str:
    """Write a frame that later tasks read, with fast compression; returns the file's SHA-256."""
    content = io.BytesIO()  # what the disk answers is an OSError, not one of polars' own
    frame.write_parquet(content, compression="lz4", row_group_size=_ROWS_IN_INTERMEDIATE_GROUP, statistics=True)
    path.write_bytes(content.getbuffer())
    return hashlib.sha256(content.getbuffer()).hexdigest()


def write_edition_file(pieces: Iterable[pl.DataFrame], path: Path) -> str:
    """Write pieces of a frame as one file, on the disk when the call returns; returns the file's SHA-256.

    pieces: at least one, which may be empty; each but the last has a whole number of row groups.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    writer: pq.ParquetWriter | None = None
    try:
        for piece in pieces:
            for group in piece.iter_slices(ROWS_IN_GROUP) if piece.height else [piece]:
                table = group.rechunk().to_arrow()
                writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
                writer.write_table(table, row_group_size=ROWS_IN_GROUP)
    finally:
        if writer is not None:
            writer.close()
    sync(path)
    return checksum(path)


def write_text_to_disk(text: str, path: Path) -> None:
    """Write a text file, on the disk when the call returns."""
    path.write_text(text, "utf-8")
    sync(path)
