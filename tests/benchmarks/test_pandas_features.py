"""The opponent says the same as features_at on a small county, so that a ratio compares like with like."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from features.compute import features_at
from features.ledger.ledger import Ledger
from tests.benchmarks.agreement import differences
from tests.benchmarks.county import small_ledger
from tests.benchmarks.measured import TOLERANCE
from tests.benchmarks.pandas_features.compute import features


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return small_ledger(tmp_path_factory.mktemp("county"), households=300, months=36)


@pytest.mark.parametrize("as_of", [date(2024, 4, 30), date(2025, 12, 31)])
def test_pandas_and_features_at_say_the_same_of_every_open_loan(ledger: Ledger, as_of: date, tmp_path: Path) -> None:
    assert _differences(ledger, as_of, tmp_path) == []


def test_they_say_the_same_where_tables_were_not_delivered(tmp_path: Path) -> None:
    absent = ("members", "use_checks", "assets", "claims", "prices")
    fewer = small_ledger(tmp_path, households=300, months=36, without=absent)
    assert _differences(fewer, date(2025, 12, 31), tmp_path) == []


def _differences(ledger: Ledger, as_of: date, scratch: Path) -> list[str]:
    features(ledger.folder, as_of).to_parquet(scratch / "pandas.parquet")
    ours = features_at(as_of, ledger.tables())
    assert ours.height > 50
    return differences(ours, pl.read_parquet(scratch / "pandas.parquet"), TOLERANCE)
