"""The real nano-loans beside the project: read, never copied; what is computed of them is what the referee says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from features.compute import features_at
from features.contract.pseudonym import load_pseudonyms
from features.contract.tables import REQUIRED_TABLES, TABLES
from features.delivery.column_map import read_column_map
from features.ledger.ledger import Ledger
from features.loading.load import LoadOptions, load
from tests.behaviour.test_oracle import rows_of, same
from tests.oracle import referee
from tests.oracle.knowledge import Tables

NANO = Path("../shared/data/nano_loans")
AS_OF = date(2017, 4, 30)
pytestmark = pytest.mark.skipif(not NANO.is_dir(), reason=f"the real loans are not beside the project ({NANO})")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    folder = tmp_path_factory.mktemp("nano")
    loading = LoadOptions(
        date(2017, 8, 1),
        read_column_map(Path("training/plans/nano_loans_columns.toml")),
        load_pseudonyms(folder),
        report_progress=lambda _: None,
    )
    report = load(NANO, Ledger(folder / "ledger"), loading)
    assert [(file.table, file.quarantined, file.waiting) for file in report.files] == [
        (table, 0, 0) for table in REQUIRED_TABLES
    ]
    return Ledger(folder / "ledger")


def test_four_tables_of_real_loans_load_without_a_fault(ledger: Ledger) -> None:
    assert ledger.scan("loans").select(pl.len()).collect().item() == 24_090


def test_features_of_real_loans_are_what_the_referee_says(ledger: Ledger) -> None:
    tables = some_households(ledger, 100)
    expected = referee.features(tables, AS_OF)
    found = {row["loan_id"]: row for row in features_at(AS_OF, rows_of(tables)).to_dicts()}
    assert found.keys() == expected.keys()
    assert len(found) > 20
    assert all(same(value, found[loan][name]) for loan, values in expected.items() for name, value in values.items())


def some_households(ledger: Ledger, count: int) -> Tables:
    households = ledger.scan("households").select("household_id").sort("household_id").head(count).collect()
    tables: Tables = {}
    for name in REQUIRED_TABLES:
        mine = ledger.scan(name).join(households.lazy(), on="household_id", how="semi")
        tables[name] = mine.select(TABLES[name].column_names).collect().to_dicts()
    return tables
