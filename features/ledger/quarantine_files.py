"""The rows in quarantine: read from the files that commits list, and from a cache of the rows of older commits.

`merged/quarantine/` is a rebuildable cache; deleting it loses no data.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import polars as pl

from features.checksums import checksum_path, intact_path, write_checked_parquet
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.ledger.commit_history import CommitHistory
from features.ledger.part_files import MergedName, merged_name
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
        "delivered_on": FrameColumn(pl.String(), "Day of delivery (ISO)."),
        "delivered": FrameColumn(
            pl.String(),
            "The row as the file has it: a JSON list of `column`, `heading` and `cell`, for the headings that columns "
            "are read from, with pseudonyms for identity numbers.",
        ),
    }
)
FILES_IN_TAIL = 64
"""So many quarantine files are read one by one; a load that finds more writes their rows to the cache."""
_SEQUENCE = "sequence"


@returns(QUARANTINE_SCHEMA)
def read_quarantine(commits: CommitHistory, folder: Path) -> pl.DataFrame:
    """The rows in quarantine, without those that a later commit released, oldest first."""
    cache = _newest_cache(commits, folder)
    start = cache[0].last if cache else 0
    files = commits.quarantine_files(after=start)
    frames = [QUARANTINE_SCHEMA.empty().with_columns(pl.lit(0, pl.Int64()).alias(_SEQUENCE))]
    if cache:
        frames.append(_rows_of(cache[1], 0))
    frames += [_rows_of(folder / path, sequence) for sequence, path in files]
    rows = pl.concat(frames)
    releases = commits.releases(after=start)
    if releases.is_empty():
        return rows.drop(_SEQUENCE)
    last_release = releases.group_by("id").agg(pl.col(_SEQUENCE).max().alias("released by"))
    is_released = (pl.col("released by") > pl.col(_SEQUENCE)).fill_null(value=False)
    marked = rows.join(last_release, on="id", how="left", maintain_order="left")
    return marked.filter(~is_released).drop(_SEQUENCE, "released by")


@returns(QUARANTINE_SCHEMA)
def with_changes(rows: pl.DataFrame, released_ids: tuple[str, ...], added: pl.DataFrame) -> pl.DataFrame:
    """The rows in quarantine after a commit that releases some and adds others."""
    stays = rows.filter(~pl.col("id").is_in(released_ids)) if released_ids else rows
    return pl.concat([stays, added]) if added.height else stays


def write_quarantine_cache(rows: pl.DataFrame, commits: CommitHistory, folder: Path) -> None:
    """Write the rows in quarantine after these commits to the cache, if many files have been added to it since.

    It is not written where the disk does not take it.
    """
    cache = _newest_cache(commits, folder)
    if len(commits.quarantine_files(after=cache[0].last if cache else 0)) <= FILES_IN_TAIL:
        return
    name = MergedName(1, len(commits), commits.id_of(len(commits)))
    with suppress(UserError):
        write_checked_parquet(rows, folder / "merged" / "quarantine" / f"{name}.parquet")
        for path in _cache_files(folder):
            if path.stem != str(name) and path != (cache and cache[1]):
                path.unlink()
                checksum_path(path).unlink(missing_ok=True)


def _newest_cache(commits: CommitHistory, folder: Path) -> tuple[MergedName, Path] | None:
    """The newest cache that was made from these commits: its name and path."""
    for path in reversed(_cache_files(folder)):
        name = merged_name(path)
        if name and name.last <= len(commits) and commits.id_of(name.last) == name.last_id:
            return name, path
    return None


def _cache_files(folder: Path) -> list[Path]:
    return sorted((folder / "merged" / "quarantine").glob("*.parquet"))


def _rows_of(path: Path, sequence: int) -> pl.DataFrame:
    """The rows of a file with the number of its commit; a column that is newer than the file is null."""
    rows = pl.read_parquet(intact_path(path), glob=False, hive_partitioning=False)
    columns = [
        pl.col(name) if name in rows.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in QUARANTINE_SCHEMA.dtypes.items()
    ]
    return rows.select(*columns, pl.lit(sequence, pl.Int64()).alias(_SEQUENCE))
