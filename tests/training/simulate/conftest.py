"""One small county for all tests of the simulator."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from features.contract.tables import TABLES
from training.simulate.order import Order
from training.simulate.province import simulate

Tables = dict[str, pl.DataFrame]


def county_in(out: Path, seed: int = 7) -> Path:
    simulate(Order(households=150, months=36, seed=seed, replicates=4), out)
    return out


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the county of seed 7."""
    return county_in(tmp_path_factory.mktemp("county"))


@pytest.fixture(scope="session")
def tables(county: Path) -> Tables:
    return {name: pl.read_parquet(county / name / "*.parquet") for name in TABLES}
