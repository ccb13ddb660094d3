"""Which files hold what was delivered: the parts that commits list, and files merged from them, by table and county."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import polars as pl

from features.atomic_files import sink_parquet
from features.contract.tables import TABLES
from features.delivered_tables import kept_schema
from features.ledger.commits import Commit, Part
from features.row_groups import Groups, groups_of

EVERYWHERE = "all"
"""The county of rows that belong to no county: prices."""
COUNTY = "county"
_MOST_LOOSE = 8
"""Parts of a table and county that may wait to be merged; each is opened for every household looked at."""


class KeptFiles:
    """The files under one folder that some commits list, each table and county sorted by household."""

    def __init__(self, folder: Path, commits: tuple[Commit, ...]) -> None:
        self.folder, self.commits = folder, commits
        self._scans: dict[tuple[str, str | None], pl.LazyFrame] = {}
        self._sorted: dict[tuple[str, str | None], list[tuple[pl.LazyFrame, Groups | None]]] = {}

    def scan(self, table: str, county: str | None = None) -> pl.LazyFrame:
        """All rows of a table, in all its versions, with the county they are kept under.

        A scan that is asked again looks for no files and reads no footers again.
        """
        if (table, county) not in self._scans:
            paths = [path for one in self.counties_of(table, county) for path in self.paths(table, one)]
            self._scans[table, county] = self._scan(table, paths)
        return self._scans[table, county]

    def counties_of(self, table: str, county: str | None) -> list[str]:
        """The counties whose files hold the rows of a table and county, or of all counties."""
        kept = sorted({part.county for part in self.parts(table)})
        return [one for one in kept if county in (None, one) or one == EVERYWHERE]

    def paths(self, table: str, county: str) -> list[Path]:
        """The files that hold all rows of a table and county: the newest merged one and the parts after it."""
        merged = self._merged(table, county)
        loose = [self.folder / part.path for part in self._loose(table, county)]
        return [merged[1], *loose] if merged else loose

    def _scan(self, table: str, paths: list[Path]) -> pl.LazyFrame:
        if not paths:
            return pl.LazyFrame(schema=kept_schema(TABLES[table]) | {COUNTY: pl.String()})
        return pl.scan_parquet(paths, glob=False, hive_partitioning=True, hive_schema={COUNTY: pl.String()})

    def _merged(self, table: str, county: str) -> tuple[int, Path] | None:
        """How many commits the newest merged file holds, and where it is; one of another history does not count."""
        folder = self.folder / "merged" / table / f"{COUNTY}={county}"
        for path in sorted(folder.glob("*.parquet"), reverse=True):
            commits, of = path.stem.split("-")
            if int(commits) <= len(self.commits) and self.commits[int(commits) - 1].id == of:
                return int(commits), path
        return None

    def _loose(self, table: str, county: str) -> list[Part]:
        held, _ = self._merged(table, county) or (0, None)
        return [part for commit, part in self._parts_by_table[table] if commit > held and part.county == county]

    def merge(self, most_loose: int = _MOST_LOOSE) -> None:
        """Merge the parts of each table and county that has more than so many loose ones.

        Raises Refused where the disk does not take it; nothing is lost then.
        """
        for table, county in sorted({(part.table, part.county) for commit in self.commits for part in commit.parts}):
            if len(self._loose(table, county)) > most_loose:
                self._merge(table, county)

    def _merge(self, table: str, county: str) -> None:
        """The file merged before stays for those who are reading it; older ones go."""
        rows, before = self._scan(table, self.paths(table, county)), self._merged(table, county)
        folder = self.folder / "merged" / table / f"{COUNTY}={county}"
        made = folder / f"{len(self.commits):08d}-{self.commits[-1].id}.parquet"
        sink_parquet(rows.drop(COUNTY).sort(order_of(table, rows.collect_schema().names())), made)
        for path in folder.glob("*.parquet"):
            if path not in (made, before and before[1]):
                path.unlink()

    def near(self, table: str, county: str | None, household: str) -> pl.LazyFrame:
        """Of each file of a table and county, the row groups in which a household may have rows."""
        if table == "prices":
            return self._prices.lazy()
        near = []
        for rows, groups in self._files(table, county):
            start, height = groups.span(household) if groups else (0, None)
            if height != 0:
                near.append(rows.slice(start, height))
        if len(near) == 1:
            return near[0]
        return pl.concat(near) if near else pl.LazyFrame(schema=kept_schema(TABLES[table]))

    def _files(self, table: str, county: str | None) -> list[tuple[pl.LazyFrame, Groups | None]]:
        """The files of a table and county, and where in them households lie; footers are read once."""
        if (table, county) not in self._sorted:
            paths = [path for one in self.counties_of(table, county) for path in self.paths(table, one)]
            self._sorted[table, county] = [(_alone(path), groups_of(path)) for path in paths]
        return self._sorted[table, county]

    @cached_property
    def _prices(self) -> pl.DataFrame:
        return self.scan("prices").drop(COUNTY).collect()

    def parts(self, table: str) -> list[Part]:
        """Of all counties, in the order they were delivered."""
        return [part for _, part in self._parts_by_table[table]]

    @cached_property
    def _parts_by_table(self) -> dict[str, list[tuple[int, Part]]]:
        """Each with the number of its commit."""
        found: dict[str, list[tuple[int, Part]]] = {name: [] for name in TABLES}
        for commit in self.commits:
            for part in commit.parts:
                found[part.table].append((commit.sequence, part))
        return found


def _alone(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path, glob=False, hive_partitioning=False)


def order_of(table: str, columns: list[str]) -> list[str]:
    """The columns that a table's rows are sorted by in every file: a household's stand together."""
    return [name for name in dict.fromkeys(("household_id", *TABLES[table].key, "known_on")) if name in columns]
