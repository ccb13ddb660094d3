"""The opponent says the same as features_at on a small county, so that a ratio compares like with like."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from features.compute import features_at
from features.contract.tables import TABLES
from features.ledger.ledger import Ledger
from tests.benchmarks.agreement import differences
from tests.benchmarks.county import small_ledger, stored_ledger
from tests.benchmarks.measured import TOLERANCE
from tests.benchmarks.pandas_features.compute import features
from tests.oracle.random_ledger import random_ledger


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return small_ledger(tmp_path_factory.mktemp("county"), households=300, months=36)


@pytest.mark.parametrize("as_of", [date(2024, 4, 30), date(2025, 12, 31)])
def test_pandas_and_features_at_say_the_same_of_every_open_loan(ledger: Ledger, as_of: date, tmp_path: Path) -> None:
    assert features_at(as_of, ledger.tables()).height > 50
    assert _differences(ledger, as_of, tmp_path) == []


def test_they_say_the_same_where_tables_were_not_delivered(tmp_path: Path) -> None:
    absent = ("members", "use_checks", "assets", "claims", "prices")
    fewer = small_ledger(tmp_path, households=300, months=36, without=absent)
    assert _differences(fewer, date(2025, 12, 31), tmp_path) == []


@pytest.mark.parametrize("seed", range(6))
def test_they_say_the_same_of_reversals_rests_renewals_and_withdrawn_events(seed: int, tmp_path: Path) -> None:
    tables = {
        name: pl.DataFrame(rows, TABLES[name].schema, orient="row") for name, rows in random_ledger(seed, 20).items()
    }
    ledger = stored_ledger(tmp_path / "ledger", tables)
    for as_of in (date(2024, 3, 31), date(2024, 9, 30), date(2025, 6, 30)):
        assert _differences(ledger, as_of, tmp_path) == []


def test_a_difference_is_told_by_feature_and_loan(ledger: Ledger, tmp_path: Path) -> None:
    as_of = date(2025, 12, 31)
    features(ledger.folder, as_of).to_parquet(tmp_path / "pandas.parquet")
    theirs, ours = pl.read_parquet(tmp_path / "pandas.parquet"), features_at(as_of, ledger.tables())
    other = theirs.with_columns(pl.lit("bad").alias("status"), pl.col("principal") + 0.01)
    told = differences(ours, other, TOLERANCE)
    assert [line.split(":")[0] for line in told] == ["status", "principal"]
    assert f"principal: {ours.height:,} loans, such as {ours['loan_id'][0]}" in told[1]


def _differences(ledger: Ledger, as_of: date, scratch: Path) -> list[str]:
    features(ledger.folder, as_of).to_parquet(scratch / "pandas.parquet")
    return differences(features_at(as_of, ledger.tables()), pl.read_parquet(scratch / "pandas.parquet"), TOLERANCE)
