"""The opponent says the same as features_at on a small county, so that a ratio compares like with like."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from features.compute import features_at
from features.ledger import Ledger
from tests.benchmarks.agreement import differences
from tests.benchmarks.county import small_ledger
from tests.benchmarks.measured import TOLERANCE
from tests.benchmarks.pandas_features import features


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return small_ledger(tmp_path_factory.mktemp("county"), households=300, months=36)


@pytest.mark.parametrize("as_of", [date(2024, 4, 30), date(2025, 12, 31)])
def test_pandas_and_features_at_say_the_same_of_every_open_loan(ledger: Ledger, as_of: date, tmp_path: Path) -> None:
    features(ledger.folder, as_of).to_parquet(tmp_path / "pandas.parquet")
    ours = features_at(as_of, ledger.rows())
    assert ours.height > 50
    assert differences(ours, pl.read_parquet(tmp_path / "pandas.parquet"), TOLERANCE) == []
