"""The published folder is read as it is by pandas, polars, pyarrow and DuckDB: one month, or all of them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pytest

from tests.conftest import County


@pytest.fixture
def root(county: County) -> Path:
    return county.data / "warnings"


@pytest.fixture
def rows(county: County) -> dict[str, int]:
    """How many rows each month has."""
    days = (county.before, county.newest)
    return {str(day): pl.read_parquet(county.data / f"warnings/as_of={day}/*.parquet").height for day in days}


def test_pandas_reads_the_root_and_a_month(root: Path, rows: dict[str, int]) -> None:
    assert pd.read_parquet(root).groupby("as_of", observed=True).size().to_dict() == rows
    for day, height in rows.items():
        month = pd.read_parquet(root / f"as_of={day}")
        assert (len(month), str(month["as_of"].iloc[0])) == (height, day)


def test_polars_reads_the_root_and_a_month(root: Path, rows: dict[str, int]) -> None:
    counted = pl.read_parquet(root, hive_partitioning=True).group_by("as_of").len()
    assert {str(day): height for day, height in counted.rows()} == rows
    assert {day: pl.read_parquet(root / f"as_of={day}").height for day in rows} == rows


def test_pyarrow_reads_the_root_and_a_month(root: Path, rows: dict[str, int]) -> None:
    as_pandas_does = ds.HivePartitioning.discover(infer_dictionary=True)
    for whole in (ds.dataset(root), ds.dataset(root, partitioning=as_pandas_does)):
        days = whole.to_table()["as_of"].cast("string").to_pylist()
        assert {day: days.count(day) for day in rows} == rows
    assert {day: ds.dataset(root / f"as_of={day}").count_rows() for day in rows} == rows


def test_duckdb_reads_the_root_and_a_month(root: Path, rows: dict[str, int]) -> None:
    query = "select as_of::varchar, count(*) from read_parquet(?, hive_partitioning=true) group by 1"
    assert dict(duckdb.execute(query, [f"{root}/*/*.parquet"]).fetchall()) == rows
    for day, height in rows.items():
        assert duckdb.execute(query, [f"{root}/as_of={day}/*.parquet"]).fetchall() == [(day, height)]


def test_lists_are_lists_of_structs_wherever_they_are_read(county: County, root: Path) -> None:
    reasons = [reason["feature"] for reason in county.warnings["reasons"].to_list()[-1]]
    loan = county.warnings["loan_id"].to_list()[-1]
    frame = pd.read_parquet(root / f"as_of={county.newest}").set_index("loan_id")
    assert [reason["feature"] for reason in frame.loc[loan, "reasons"]] == reasons
    query = "select unnest(reasons).feature from read_parquet(?) where loan_id = ?"
    found = duckdb.execute(query, [f"{root}/as_of={county.newest}/*.parquet", loan])
    assert found.fetchall() == [(reason,) for reason in reasons]


def test_nothing_else_lies_in_the_folder(root: Path, rows: dict[str, int]) -> None:
    assert sorted(path.name for path in root.iterdir()) == sorted(f"as_of={day}" for day in rows)
    assert {path.suffix for path in root.glob("*/*")} == {".parquet"}
