"""Part files that were written before a column came into the contract: it is null in their rows."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from features.checksums import checksum_path
from features.compute import features_at
from features.contract.tables import TABLES
from features.delivered_tables import stored_dtypes
from features.loan_checks import loan_findings
from features.snapshot.latest_versions import LatestVersions
from tests.features.inboxes import DRAWN, Intake, table

AS_OF = date(2024, 6, 30)
LATER_COLUMNS = {
    name: [one for one in each.column_names if one not in (*each.required_columns, *each.key, "known_on")]
    for name, each in TABLES.items()
}


def write_as_before(intake: Intake, name: str) -> None:
    """Write the part files of a table again as if its optional columns had not been in the contract yet."""
    for path in (intake.data / "ledger" / name).rglob("*.parquet"):
        checksum_path(path).unlink()
        pl.read_parquet(path, hive_partitioning=False).drop(LATER_COLUMNS[name]).write_parquet(path)


@pytest.mark.parametrize("name", [name for name, columns in LATER_COLUMNS.items() if columns])
def test_a_ledger_with_files_from_before_a_column_is_read_computed_and_merged(intake: Intake, name: str) -> None:
    intake.deliver(**DRAWN)
    stored = intake.kept(name)
    write_as_before(intake, name)
    nulls = [pl.lit(None, stored.schema[column]).alias(column) for column in LATER_COLUMNS[name]]
    without = stored.with_columns(nulls)
    assert intake.kept(name).equals(without.sort(pl.all()))
    county, household = intake.ledger.tables(), intake.ledger.tables("990101", "H1")
    assert county[name].collect_schema() == household[name].collect_schema() == stored_dtypes(TABLES[name])
    assert features_at(AS_OF, county).height == 1
    assert features_at(AS_OF, county).equals(features_at(AS_OF, household))
    assert loan_findings(AS_OF, county).height >= 0

    # Older rows and rows of today stand beside each other, and in one merged file.
    report = intake.deliver("2024-07-31", **{name: table(DRAWN[name]).with_columns(known_on=pl.lit("2024-07-30"))})
    assert [one.quarantined for one in report.files] == [0]
    intake.ledger.merge(0)
    assert (intake.data / "ledger" / "merged" / name).is_dir()
    versions = LatestVersions(intake.ledger.tables(), date(2024, 7, 31))
    newest = versions.newest_of_all_households(name).select(LATER_COLUMNS[name]).collect()
    assert newest.sort(pl.all()).equals(stored.select(LATER_COLUMNS[name]).sort(pl.all()))
    assert intake.ledger.scan(name).collect().height > stored.height
