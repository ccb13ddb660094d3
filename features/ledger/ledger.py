"""What was delivered, kept for good: append-only Parquet by county, one atomic commit for each delivered file.

`commits/` lists which part files count; a part that no commit lists does not exist, so a load that is
killed leaves all of a file or none of it, and a reader needs no lock. `merged/` holds the same rows again, sorted
by household, so that one household is found fast: made from the parts, and lost without loss.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path

import polars as pl

from features.atomic_files import write_bytes, write_parquet
from features.contract.tables import TABLES
from features.delivered_tables import PLACED, Rows, kept_schema, sharing, symmetric, with_day_placed
from features.ledger.commits import Commit, Part, commit_from
from features.ledger.part_files import COUNTY, KeptFiles, order_of
from features.messages import Refused

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


class Ledger(KeptFiles):
    """The delivered rows under one folder."""

    def __init__(self, folder: Path, commits: tuple[Commit, ...] | None = None) -> None:
        super().__init__(folder, _commits_in(folder) if commits is None else commits)
        self._empty: dict[str | None, frozenset[str]] = {}
        self._then: dict[str, Ledger] = {}

    @property
    def data_version(self) -> str:
        """Names everything delivered so far; it changes with every file that changed anything."""
        return f"{len(self.commits)}-{self.commits[-1].id}" if self.commits else "0-empty"

    def at(self, data_version: str) -> Ledger:
        """The ledger as it was at a data version: what has been delivered since is not there.

        Raises Refused where it never was at that version.
        """
        if data_version == self.data_version:
            return self
        if data_version not in self._then:
            self._then[data_version] = self._begun_at(data_version)
        return self._then[data_version]

    def _begun_at(self, data_version: str) -> Ledger:
        begun = self.commits[: int(data_version.partition("-")[0])]
        then = Ledger(self.folder, begun)
        if then.data_version != data_version:
            raise Refused(
                f"账本中没有数据版本 {data_version}; 请核对数据目录。",
                f"The ledger never was at data version {data_version}; check the data folder.",
            )
        return then

    @cached_property
    def counties(self) -> tuple[str, ...]:
        return tuple(sorted({part.county for part in self.parts("households")}))

    def rows(self, county: str | None = None, household: str | None = None) -> Rows:
        """The tables of one county or of all; or one household's own rows, with the prices."""
        if household is None or household in self.linked:
            found = self._rows(county)
            return found if household is None else found.of_household(household)
        near = {name: self.near(name, county, household) for name in TABLES}
        return self._rows_of(near, county).of_household(household)

    def _rows(self, county: str | None) -> Rows:
        """With the rows of households elsewhere that have had a fact of a household here, or the other way round."""
        here = {name: self.scan(name, county).drop(COUNTY) for name in TABLES}
        others = self.read_for(county)[1:] if county else ()
        elsewhere = self._linked_in(others) if others else []
        if not elsewhere:
            return self._rows_of(here, county)
        of_those = pl.col("household_id").is_in(elsewhere)
        beside = {
            name: [self.scan(name, other).drop(COUNTY).filter(of_those) for other in others]
            for name in TABLES
            if name != "prices"
        }
        together = {name: pl.concat([rows, *beside.get(name, ())]) for name, rows in here.items()}
        return replace(self._rows_of(together, county), looked_at=~of_those, empty=frozenset())

    def _rows_of(self, tables: Mapping[str, pl.LazyFrame], county: str | None) -> Rows:
        return Rows(tables, self._known_from, self._revised, linked=self.linked, empty=self._without_rows(county))

    def read_for(self, county: str) -> tuple[str, ...]:
        """The counties whose files are read to compute a county: itself first, then those it has shared facts with."""
        return county, *sorted(self._linked_counties.get(county, ()))

    @cached_property
    def _linked_counties(self) -> dict[str, frozenset[str]]:
        return symmetric(pair for commit in self.commits for pair in commit.linked_counties)

    def _linked_in(self, counties: Iterable[str]) -> list[str]:
        """The households there that share a fact with another."""
        linked = pl.col("household_id").is_in(sorted(self.linked))
        there = [self.scan("households", county).filter(linked).select("household_id") for county in counties]
        return pl.concat(there).unique().collect().to_series().sort().to_list()

    def _without_rows(self, county: str | None) -> frozenset[str]:
        """The tables of which a county has no row."""
        if county not in self._empty:
            self._empty[county] = frozenset(name for name in TABLES if not self.counties_of(name, county))
        return self._empty[county]

    @cached_property
    def _revised(self) -> frozenset[str]:
        return frozenset(part.table for commit in self.commits for part in commit.parts if part.revises)

    @cached_property
    def linked(self) -> dict[str, frozenset[str]]:
        """Households that share a fact with another, since a version of it gave it to the other."""
        return symmetric(pair for commit in self.commits for pair in commit.linked)

    @cached_property
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
        held = self._held(table, rows)
        revises = held.height > 0 or rows.select(TABLES[table].key).is_duplicated().any()
        placed = with_day_placed(rows.lazy(), TABLES[table], {name: self.scan(name) for name in TABLES}).collect()
        parts = tuple(self._write_part(table, county, sequence, part, revises) for county, part in _by_county(placed))
        aside = None
        if quarantine.height:
            aside = f"quarantine/{sequence:08d}.parquet"
            write_parquet(quarantine, self.folder / aside)
        previous = self.commits[-1].id if self.commits else ""
        versions = pl.concat([held, rows.select(held.columns)])
        linked = [tuple(sharing(table, versions, by)) if revises else () for by in ("household_id", COUNTY)]
        commit = Commit(sequence, previous, table, file, sha256, delivered_on, parts, aside, taken_up, *linked)
        path = self.folder / "commits" / f"{sequence:08d}.json"
        write_bytes(commit.written, path)
        return Ledger(self.folder)

    def _held(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        """The versions held already of the facts among the rows: their keys, and the household and county of each."""
        key = TABLES[table].key
        columns = [name for name in dict.fromkeys((*key, "household_id")) if name in kept_schema(TABLES[table])]
        columns.append(COUNTY)
        return self.scan(table).select(columns).join(rows.lazy().select(key), on=key, how="semi").collect()

    def _write_part(self, table: str, county: str, sequence: int, rows: pl.DataFrame, revises: bool) -> Part:
        path = f"{table}/{COUNTY}={county}/{sequence:08d}.parquet"
        kept = rows.select(list(kept_schema(TABLES[table])))
        write_parquet(kept.sort(order_of(table, kept.columns)), self.folder / path)
        return Part(table, county, path, rows.height, str(rows[PLACED].min()), revises)


def ledger_in(folder: Path) -> Ledger:
    """The ledger under a folder: the same one until a commit appears, with what it has looked up already."""
    newest = max((folder / "commits").glob("*.json"), default=None)
    return _ledger_of(folder, newest and (newest.name, newest.stat().st_mtime_ns))


@lru_cache(maxsize=4)
def _ledger_of(folder: Path, _newest: tuple[str, int] | None) -> Ledger:
    """_newest: the last commit's file and when it was written, which tell one ledger from another."""
    return Ledger(folder)


def _commits_in(folder: Path) -> tuple[Commit, ...]:
    return tuple(commit_from(path) for path in sorted((folder / "commits").glob("*.json")))


def _by_county(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    for (county,), part in sorted(rows.group_by(COUNTY), key=lambda group: str(group[0][0])):
        yield str(county), part
