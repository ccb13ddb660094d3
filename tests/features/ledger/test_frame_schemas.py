"""Frames of the ledger have the columns that their schemas name, without rows and with rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.contract.tables import TABLES
from features.delivered_tables import KNOWN_SINCE_SCHEMA, stored_dtypes, with_known_since
from features.ledger.part_files import COUNTY
from features.ledger.quarantine_files import QUARANTINE_SCHEMA
from features.ledger.stored_rows import SCAN_SCHEMA
from tests.features.inboxes import DRAWN, Intake


@pytest.fixture(params=["empty", "loaded"])
def intake(tmp_path: Path, request: pytest.FixtureRequest) -> Intake:
    intake = Intake(tmp_path)
    if request.param == "loaded":
        assert not intake.deliver(**DRAWN).has_refused_files
    return intake


@pytest.mark.parametrize("table", TABLES)
def test_scans_have_the_columns_of_their_schemas(intake: Intake, table: str) -> None:
    rows = intake.ledger.scan(table)
    assert SCAN_SCHEMA.mismatch(rows.collect_schema()) is None
    assert dict(rows.drop(COUNTY).collect_schema()) == stored_dtypes(TABLES[table])
    assert dict(intake.ledger.scan_household(table, None, "H1").collect_schema()) == stored_dtypes(TABLES[table])


@pytest.mark.parametrize("table", TABLES)
def test_dated_rows_have_the_columns_of_their_schema(intake: Intake, table: str) -> None:
    stored = {name: intake.ledger.scan(name) for name in TABLES}
    dated = with_known_since(stored[table], TABLES[table], stored)
    assert KNOWN_SINCE_SCHEMA.mismatch(dated.collect_schema()) is None


def test_quarantine_has_the_columns_of_its_schema(intake: Intake) -> None:
    assert intake.ledger.quarantined_rows().schema == QUARANTINE_SCHEMA.dtypes
