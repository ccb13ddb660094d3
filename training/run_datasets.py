"""The data sets of a training run as MLflow shows them: digest, columns, counts and days; no row, no value of one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

_ROWS_AT_ONCE = 20_000
_DIGEST_DIGITS = 12


@dataclass(frozen=True)
class DatasetSummary:
    """What may be told of a fold outside the ledger.

    name: of the fold. digest: of all its cells; equal rows have an equal one. data_version: of the ledger. columns:
    their types by name, in MLflow's words. rows, bad: numbers of rows. first, last: month ends.
    """

    name: str
    digest: str
    data_version: str
    columns: Mapping[str, str]
    rows: int
    bad: int
    first: date
    last: date

    @property
    def profile(self) -> dict[str, int | str]:
        """The counts and days: `rows`, `bad`, `first`, `last`."""
        return {"rows": self.rows, "bad": self.bad, "first": str(self.first), "last": str(self.last)}


def dataset_summary(name: str, frame: pl.DataFrame, data_version: str) -> DatasetSummary:
    """The summary of a fold.

    Args:
        name: of the fold.
        frame: its rows, with `as_of` and `bad`.
        data_version: of the ledger that they come from.

    Example:
        >>> from datetime import date
        >>> import polars as pl
        >>> rows = pl.DataFrame({"as_of": [date(2025, 1, 31)] * 2, "bad": [0, 1], "debt": [1.5, 2.5]})
        >>> summary = dataset_summary("fit", rows, "3-1f0a")
        >>> summary.profile
        {'rows': 2, 'bad': 1, 'first': '2025-01-31', 'last': '2025-01-31'}
        >>> summary.columns
        {'as_of': 'datetime', 'bad': 'long', 'debt': 'double'}
    """
    days = frame["as_of"]
    return DatasetSummary(
        name,
        frame_digest(frame),
        data_version,
        {column: column_type(dtype) for column, dtype in frame.schema.items()},
        frame.height,
        int(frame["bad"].sum()),
        days.min(),  # type: ignore[arg-type]
        days.max(),  # type: ignore[arg-type]
    )


def frame_digest(frame: pl.DataFrame) -> str:
    """Twelve hexadecimal digits of the frame's columns and cells, as they are written in CSV."""
    digest = hashlib.sha256()
    for rows in frame.iter_slices(_ROWS_AT_ONCE):
        digest.update(rows.write_csv().encode())
    return digest.hexdigest()[:_DIGEST_DIGITS]


def column_type(dtype: pl.DataType) -> str:
    """MLflow's name of a column's type; left to itself it takes a Decimal column for one without a type."""
    if dtype.is_integer():
        return "long"
    if dtype.is_numeric():  # decimals among them
        return "double"
    if dtype == pl.Boolean:
        return "boolean"
    return "datetime" if dtype.is_temporal() else "string"
