"""The delivered tables of a ledger by county and household, with what its commits say about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path

import polars as pl

from features.contract.tables import TABLES
from features.delivered_tables import DeliveredTables, partners_by_name
from features.ledger.commit_history import CommitHistory
from features.ledger.key_index import KeyIndexes
from features.ledger.number_files import FEWEST_ROWS, stored_by_number, write_by_number
from features.ledger.part_files import ALL_COUNTIES, COUNTY, DataFiles
from features.ledger.stored_rows import StoredRows
from features.numbered_tables import NumberedTables


class CountyTables(StoredRows):
    """The tables that some commits of a ledger's folder hold, as features are computed from them."""

    def __init__(
        self, folder: Path, commits: CommitHistory, files: DataFiles | None = None, indexes: KeyIndexes | None = None
    ) -> None:
        super().__init__(folder, commits, files, indexes)
        self._empty_tables: dict[str | None, frozenset[str]] = {}

    @cached_property
    def counties(self) -> tuple[str, ...]:
        """The counties that have households, as six digits, sorted."""
        return tuple(self.counties_with_files("households", None))

    def tables(self, county: str | None = None, household: str | None = None) -> DeliveredTables:
        """The tables to compute features from: of all counties, of one county, or of one household with the prices.

        county: six digits; with a household its own county, which saves opening the files of others.
        """
        if household is None:
            return self._tables_of_county(county)
        if household in self.reassigned_households:
            return self._tables_of_county(county).for_household(household)
        row_groups = {name: self.scan_household(name, county, household) for name in TABLES}
        return self._delivered_tables(row_groups, county).for_household(household)

    def _tables_of_county(self, county: str | None) -> DeliveredTables:
        """The tables of a county, with the rows of households elsewhere that share a corrected fact with one here."""
        tables = {name: self.scan(name, county).drop(COUNTY) for name in TABLES}
        other_counties = self.counties_to_read(county)[1:] if county else ()
        if not other_counties:
            return replace(self._delivered_tables(tables, county), numbered=self._numbered(county))
        is_reassigned = pl.col("household_id").is_in(sorted(self.reassigned_households))
        scans = [self.scan("households", other).filter(is_reassigned) for other in other_counties]
        elsewhere = pl.concat([scan.select("household_id") for scan in scans]).unique().collect().to_series()
        if elsewhere.is_empty():
            return replace(self._delivered_tables(tables, county), numbered=self._numbered(county))
        is_elsewhere = pl.col("household_id").is_in(elsewhere.sort().to_list())
        for name in TABLES:
            if name != "prices":
                added = [self.scan(name, other).drop(COUNTY).filter(is_elsewhere) for other in other_counties]
                tables[name] = pl.concat([tables[name], *added])
        return replace(self._delivered_tables(tables, county), restrict_to=~is_elsewhere, empty_tables=frozenset())

    def _numbered(self, county: str | None) -> NumberedTables | None:
        """The rows of a county by number, or of the ledger's only one; None where they are not stored so."""
        if county is None:
            stored = {one for _, one in self._files.keys} - {ALL_COUNTIES}
            return self._numbered(stored.pop()) if len(stored) == 1 else None
        return stored_by_number(county, self._files)

    def store_by_number(self, counties: Collection[str] | None = None, fewest_rows: int = FEWEST_ROWS) -> None:
        """Store the rows of counties by number, where they have so many rows, beside the files that stay the truth.

        counties: six digits each; those that have grown since the ledger was opened where it is None.

        Raises UserError where the disk cannot be written; no data are lost then.
        """
        for county in sorted({one for _, one in self._files.grown} if counties is None else counties):
            rows = sum(self.row_count(table, county) for table in TABLES)
            if county != ALL_COUNTIES and rows >= fewest_rows:
                tables = {name: self.scan(name, county).drop(COUNTY) for name in TABLES}
                write_by_number(county, self._files, tables, self._revised_tables)

    def _delivered_tables(self, tables: Mapping[str, pl.LazyFrame], county: str | None) -> DeliveredTables:
        """These tables, with what the commits say about them."""
        if county not in self._empty_tables:
            self._empty_tables[county] = frozenset(
                name for name in TABLES if not self.counties_with_files(name, county)
            )
        return DeliveredTables(
            tables,
            self._first_known,
            self._revised_tables,
            reassigned_households=self.reassigned_households,
            empty_tables=self._empty_tables[county],
        )

    def counties_to_read(self, county: str) -> tuple[str, ...]:
        """The counties whose files are needed to compute one: itself, then those that share corrected facts with it."""
        pairs = self.commits.linked_pairs("linked_counties")
        return county, *sorted(partners_by_name(pairs).get(county, ()))

    @cached_property
    def _revised_tables(self) -> frozenset[str]:
        """The tables in which some fact has more than one version."""
        return frozenset(self.commits.part_files.filter("revises")["table"].unique())

    @cached_property
    def reassigned_households(self) -> dict[str, frozenset[str]]:
        """For a household, the others that have had one of its facts, since a correction moved it between them."""
        return partners_by_name(self.commits.linked_pairs("linked"))

    @cached_property
    def _first_known(self) -> dict[str, dict[str, date]]:
        """The first day on which any row is known, by table and county."""
        first_days: dict[str, dict[str, date]] = {name: {} for name in TABLES}
        days = self.commits.part_files.group_by("table", "county").agg(pl.col("known_from").min())
        for table, county, day in days.iter_rows():
            first_days[table][county] = date.fromisoformat(day)
        return first_days

    def county_of(self, household: str) -> str | None:
        """The county under which a household's rows are stored; None where the ledger has no such household."""
        versions = self.scan("households").filter(pl.col("household_id") == household)
        counties = versions.select(COUNTY).head(1).collect().to_series()
        return str(counties[0]) if len(counties) else None
