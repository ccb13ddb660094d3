"""The summary of a fold: counts, days, types and a digest of its cells."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from training.run_datasets import column_type, dataset_summary, frame_digest

ROWS = pl.DataFrame(
    {
        "as_of": [date(2025, 1, 31), date(2025, 2, 28)],
        "household_id": ["H1", "H2"],
        "bad": [0, 1],
        "debt": [Decimal("1.50"), Decimal("2.00")],
    }
)


def test_a_decimal_column_has_a_type() -> None:
    summary = dataset_summary("fit", ROWS, "3-abc")
    assert summary.columns == {"as_of": "datetime", "household_id": "string", "bad": "long", "debt": "double"}


@pytest.mark.parametrize(
    ("dtype", "name"), [(pl.Int8(), "long"), (pl.Float32(), "double"), (pl.Boolean(), "boolean"), (pl.Null(), "string")]
)
def test_each_type_has_a_name_of_mlflows(dtype: pl.DataType, name: str) -> None:
    assert column_type(dtype) == name


def test_the_digest_changes_with_a_cell_and_not_with_the_memory_it_lies_in() -> None:
    assert frame_digest(ROWS) == frame_digest(pl.concat([ROWS.head(1), ROWS.tail(1)], rechunk=False))
    assert frame_digest(ROWS) != frame_digest(ROWS.with_columns(bad=pl.Series([1, 1])))
    assert frame_digest(ROWS) != frame_digest(ROWS.rename({"debt": "debts"}))


def test_the_profile_counts_and_holds_no_cell_of_a_household() -> None:
    assert dataset_summary("fit", ROWS, "3-abc").profile == {
        "rows": 2,
        "bad": 1,
        "first": "2025-01-31",
        "last": "2025-02-28",
    }
