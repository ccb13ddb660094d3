"""What was delivered, kept for good: append-only Parquet by county, one atomic commit for each delivered file.

`commits/` lists which part files count; a part that no commit lists does not exist, so a load that is
killed leaves all of a file or none of it, and a reader needs no lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

import polars as pl

from features.rows import Rows, kept_schema
from features.sources.tables import TABLES
from features.words import Refused

EVERYWHERE = "all"
"""The county of rows that belong to no county: prices."""
COUNTY = "county"
_ROWS_IN_GROUP = 20_000
QUARANTINE_SCHEMA = {
    "id": pl.String(),
    "kind": pl.String(),
    "table": pl.String(),
    "file": pl.String(),
    "line": pl.Int64(),
    "column": pl.String(),
    "value": pl.String(),
    "reason_zh": pl.String(),
    "reason_en": pl.String(),
    "cells": pl.String(),
}


@dataclass(frozen=True)
class Part:
    """One Parquet file of one table and county; the path is relative to the ledger.

    known_from: the first known_on among its rows. revises: whether one of them is a further version of a fact.
    """

    table: str
    county: str
    path: str
    rows: int
    known_from: str
    revises: bool


@dataclass(frozen=True)
class Commit:
    """One delivered file as it was taken in: where it came from and which parts hold its rows.

    quarantine: the part with the rows set aside. taken_up: ids of rows set aside earlier that came in now.
    """

    sequence: int
    previous: str
    table: str
    file: str
    sha256: str
    delivered_on: str
    parts: tuple[Part, ...] = ()
    quarantine: str | None = None
    taken_up: tuple[str, ...] = field(default=())

    @cached_property
    def id(self) -> str:
        """A digest of this commit and, through `previous`, of all before it."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


class Ledger:
    """The delivered rows under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commits = tuple(_commit(path) for path in sorted((folder / "commits").glob("*.json")))

    @property
    def data_version(self) -> str:
        """Names everything delivered so far; it changes with every file that changed anything."""
        return f"{len(self.commits)}-{self.commits[-1].id}" if self.commits else "0-empty"

    @cached_property
    def counties(self) -> tuple[str, ...]:
        return tuple(sorted({part.county for part in self._parts("households")}))

    def scan(self, table: str, county: str | None = None) -> pl.LazyFrame:
        """All rows of a table, in all its versions, with the county they are kept under."""
        parts = [part for part in self._parts(table) if county in (None, part.county) or part.county == EVERYWHERE]
        schema = kept_schema(TABLES[table])
        if not parts:
            return pl.LazyFrame(schema=schema | {COUNTY: pl.String()})
        paths = [self.folder / part.path for part in parts]
        return pl.scan_parquet(paths, glob=False, hive_partitioning=True, hive_schema={COUNTY: pl.String()})

    def rows(self, county: str | None = None, household: str | None = None) -> Rows:
        """The tables of one county or of all; or one household's own rows, with the prices."""
        revised = frozenset(part.table for commit in self.commits for part in commit.parts if part.revises)
        everything = Rows({name: self.scan(name, county) for name in TABLES}, self._known_from(), revised)
        return everything if household is None else everything.of_household(household)

    def _known_from(self) -> dict[str, dict[str, date]]:
        first: dict[str, dict[str, date]] = {name: {} for name in TABLES}
        for part in (part for commit in self.commits for part in commit.parts):
            day, counties = date.fromisoformat(part.known_from), first[part.table]
            counties[part.county] = min(day, counties.get(part.county, day))
        return first

    def county_of(self, household: str) -> str | None:
        """The county a household's rows are kept under; None where nobody knows the household."""
        mine = self.scan("households").filter(pl.col("household_id") == household)
        found = mine.select(COUNTY).head(1).collect().to_series()
        return str(found[0]) if len(found) else None

    def quarantined(self) -> pl.DataFrame:
        """The rows set aside that have not come in since."""
        paths = [self.folder / commit.quarantine for commit in self.commits if commit.quarantine]
        taken_up = [row for commit in self.commits for row in commit.taken_up]
        if not paths:
            return pl.DataFrame(schema=QUARANTINE_SCHEMA)
        return pl.scan_parquet(paths, glob=False).filter(~pl.col("id").is_in(taken_up)).collect()

    def _parts(self, table: str) -> list[Part]:
        return [part for commit in self.commits for part in commit.parts if part.table == table]

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Hold the ledger for writing.

        Raises Refused where another load holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as busy:
                raise Refused("另一个装载正在进行; 请稍后再试。", "Another load is running; try again later.") from busy
            yield

    def with_commit(
        self,
        *,
        table: str,
        file: str,
        sha256: str,
        delivered_on: str,
        rows: pl.DataFrame,
        quarantine: pl.DataFrame,
        taken_up: tuple[str, ...] = (),
    ) -> Ledger:
        """Append one file's rows (`county` says where each goes) and rows set aside; all of it or nothing."""
        sequence = len(self.commits) + 1
        revises = self._holds_any_of(table, rows)
        parts = tuple(self._write_part(table, county, sequence, part, revises) for county, part in _by_county(rows))
        aside = None
        if quarantine.height:
            aside = f"quarantine/{sequence:08d}.parquet"
            _write_parquet(quarantine, self.folder / aside)
        previous = self.commits[-1].id if self.commits else ""
        commit = Commit(sequence, previous, table, file, sha256, delivered_on, parts, aside, taken_up)
        path = self.folder / "commits" / f"{sequence:08d}.json"
        _write_durably(path, json.dumps(asdict(commit), indent=1, ensure_ascii=False).encode())
        return Ledger(self.folder)

    def _holds_any_of(self, table: str, rows: pl.DataFrame) -> bool:
        """Whether a fact among the rows is there already, in the ledger or twice among them."""
        key = TABLES[table].key
        facts = rows.select(key)
        held = self.scan(table).select(key).join(facts.lazy(), on=key, how="semi").head(1).collect()
        return held.height > 0 or facts.is_duplicated().any()

    def _write_part(self, table: str, county: str, sequence: int, rows: pl.DataFrame, revises: bool) -> Part:
        path = f"{table}/{COUNTY}={county}/{sequence:08d}.parquet"
        ordered = [name for name in ("household_id", *TABLES[table].key, "known_on") if name in rows.columns]
        _write_parquet(rows.select(list(kept_schema(TABLES[table]))).sort(ordered), self.folder / path)
        return Part(table, county, path, rows.height, str(rows["known_on"].min()), revises)


def _by_county(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    for (county,), part in sorted(rows.group_by(COUNTY), key=lambda group: str(group[0][0])):
        yield str(county), part


def _commit(path: Path) -> Commit:
    stored: Mapping[str, object] = json.loads(path.read_text("utf-8"))
    parts = tuple(Part(**part) for part in stored["parts"])  # type: ignore[attr-defined]
    return Commit(**{**stored, "parts": parts, "taken_up": tuple(stored["taken_up"])})  # type: ignore[arg-type]


def _write_parquet(frame: pl.DataFrame, path: Path) -> None:
    content = io.BytesIO()
    frame.write_parquet(content, row_group_size=_ROWS_IN_GROUP, compression="zstd")
    _write_durably(path, content.getbuffer())


def _write_durably(path: Path, content: bytes | memoryview) -> None:
    """Under its final name only when whole and on disk.

    Raises Refused where the disk does not take it.
    """
    making = path.with_suffix(".making")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_synced(making, content)
        making.rename(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            making.unlink(missing_ok=True)
        raise _disk_refuses(path, error) from error


def _write_synced(path: Path, content: bytes | memoryview) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _disk_refuses(path: Path, error: OSError) -> Refused:
    return Refused(
        f"磁盘无法写入 {path} ({error.strerror}); 此前装入的文件完整保留, 腾出空间后请重新装载。",
        f"The disk does not take {path} ({error.strerror}); the files loaded before it are kept whole: "
        "make room and load again.",
    )
