"""Other programs read the published folder without options: one month, all months, and those of a day.

No folder is named by a column of the files, so that every program finds `as_of` in them, as a date.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from serving.months.published_editions import month_folder_name
from tests.conftest import County


@pytest.fixture
def root(county: County) -> Path:
    return county.data / "warnings"


@pytest.fixture
def rows(county: County) -> dict[date, int]:
    """How many rows each month has, as its manifest says."""
    months = {county.before, county.newest}
    files = {day: (county.data / "warnings" / month_folder_name(day)).glob("*.parquet") for day in months}
    return {day: sum(pq.read_metadata(path).num_rows for path in paths) for day, paths in files.items()}


def test_pandas_reads_a_month_the_folder_and_a_day(root: Path, rows: dict[date, int]) -> None:
    assert pd.read_parquet(root).groupby("as_of").size().to_dict() == rows
    for day, height in rows.items():
        month = pd.read_parquet(root / month_folder_name(day))
        assert (len(month), set(month["as_of"])) == (height, {day})
        assert len(pd.read_parquet(root, filters=[("as_of", "==", day)])) == height


def test_polars_reads_a_month_the_folder_and_a_day(root: Path, rows: dict[date, int]) -> None:
    assert dict(pl.read_parquet(root).group_by("as_of").len().rows()) == rows
    assert pl.scan_parquet(root).collect_schema()["as_of"] == pl.Date
    for day, height in rows.items():
        month = pl.read_parquet(root / month_folder_name(day))
        assert (month.height, month["as_of"].unique().to_list()) == (height, [day])
        assert pl.scan_parquet(root).filter(pl.col("as_of") == day).collect().height == height


def test_pyarrow_reads_a_month_the_folder_and_a_day(root: Path, rows: dict[date, int]) -> None:
    for dataset in (ds.dataset(root), ds.dataset(root, partitioning="hive")):
        assert dataset.schema.field("as_of").type == pa.date32()
        days = dataset.to_table(columns=["as_of"])["as_of"].to_pylist()
        assert {day: days.count(day) for day in days} == rows
        assert {day: dataset.count_rows(filter=ds.field("as_of") == day) for day in rows} == rows
    assert {day: ds.dataset(root / month_folder_name(day)).count_rows() for day in rows} == rows


def test_duckdb_reads_a_month_the_folder_and_a_day(root: Path, rows: dict[date, int]) -> None:
    query = "select as_of, count(*) from read_parquet(?) group by 1"
    assert dict(duckdb.execute(query, [f"{root}/*/*.parquet"]).fetchall()) == rows
    of_day = "select count(*) from read_parquet(?) where as_of = ?"
    for day, height in rows.items():
        assert duckdb.execute(query, [f"{root}/{month_folder_name(day)}/*.parquet"]).fetchall() == [(day, height)]
        assert duckdb.execute(of_day, [f"{root}/*/*.parquet", day]).fetchall() == [(height,)]


def test_spark_reads_a_month_the_folder_and_a_day(root: Path, rows: dict[date, int]) -> None:
    sql = pytest.importorskip("pyspark.sql", reason="PySpark is not installed: pip install pyspark")
    if shutil.which("java") is None:
        pytest.skip("there is no Java, without which Spark does not run")
    spark = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        months = spark.read.parquet(str(root))
        assert {row["as_of"]: row["count"] for row in months.groupBy("as_of").count().collect()} == rows
        for day, height in rows.items():
            assert spark.read.parquet(str(root / month_folder_name(day))).count() == height
            assert months.filter(months["as_of"] == day).count() == height
    finally:
        spark.stop()


def test_lists_are_lists_of_structs_wherever_they_are_read(county: County, root: Path) -> None:
    reasons = [reason["feature"] for reason in county.warnings["reasons"].to_list()[-1]]
    loan = county.warnings["loan_id"].to_list()[-1]
    frame = pd.read_parquet(root / month_folder_name(county.newest)).set_index("loan_id")
    assert [reason["feature"] for reason in frame.loc[loan, "reasons"]] == reasons
    query = "select unnest(reasons).feature from read_parquet(?) where loan_id = ?"
    found = duckdb.execute(query, [f"{root}/{month_folder_name(county.newest)}/*.parquet", loan])
    assert found.fetchall() == [(reason,) for reason in reasons]


def test_the_features_of_all_editions_are_read_as_they_are(county: County) -> None:
    for kind in ("features", "typical"):
        query = "select count(*) from read_parquet(?)"
        pattern = f"{county.data}/editions/*/edition-1/{kind}/*.parquet"
        [(height,)] = duckdb.execute(query, [pattern]).fetchall()
        folders = [path.parent for path in county.data.glob(f"editions/*/edition-1/{kind}/*.parquet")]
        assert len(folders) == 2
        assert height == sum(len(pd.read_parquet(folder)) for folder in folders)


def test_no_folder_is_named_by_a_column_of_the_files(county: County) -> None:
    for path in county.data.rglob("*.parquet"):
        levels = {part.partition("=")[0] for part in path.relative_to(county.data).parts if "=" in part}
        assert not levels & set(pq.read_schema(path).names), path


def test_nothing_else_lies_in_the_folder(root: Path, rows: dict[date, int]) -> None:
    assert sorted(path.name for path in root.iterdir()) == sorted(month_folder_name(day) for day in rows)
    assert {path.suffix for path in root.glob("*/*")} == {".parquet"}
