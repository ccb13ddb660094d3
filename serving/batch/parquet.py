"""Files of a month: Parquet that every program reads, the same bytes in however many pieces it comes."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from serving.months.repository import checksum

ROWS_IN_GROUP = 20_000
"""Of a published file: what is read to find one loan."""
_ROWS_IN_PART_GROUP = 5_000


def in_order_of_loans(frame: pl.DataFrame) -> pl.DataFrame:
    """As a file has it; rows that are of no loan as they are."""
    return frame.sort("loan_id") if "loan_id" in frame.columns else frame


def write_part(frame: pl.DataFrame, path: Path) -> str:
    """Write what is read again soon; its checksum."""
    content = io.BytesIO()  # what the disk answers is an OSError, not one of polars' own
    frame.write_parquet(content, compression="lz4", row_group_size=_ROWS_IN_PART_GROUP, statistics=True)
    path.write_bytes(content.getbuffer())
    return hashlib.sha256(content.getbuffer()).hexdigest()


def write_published(pieces: Iterable[pl.DataFrame], path: Path) -> str:
    """Write pieces, each but the last of a whole number of row groups, to the disk; the file's checksum."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer: pq.ParquetWriter | None = None
    try:
        for piece in pieces:
            for group in piece.iter_slices(ROWS_IN_GROUP):
                table = _readable_everywhere(group.rechunk())
                writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
                writer.write_table(table, row_group_size=ROWS_IN_GROUP)
    finally:
        if writer is not None:
            writer.close()
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return checksum(path)


def _readable_everywhere(frame: pl.DataFrame) -> pa.Table:
    """As Arrow, with as_of spelled as pandas spells a partition: any other type, and it cannot read the folder."""
    table = frame.to_arrow()
    if "as_of" not in frame.columns:
        return table
    days = pa.array(frame["as_of"].cast(pl.String).to_list(), pa.string()).dictionary_encode()
    return table.set_column(frame.get_column_index("as_of"), "as_of", days)


def write_text(text: str, path: Path) -> None:
    """On the disk when it returns."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
