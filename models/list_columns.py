"""List columns built from flat values without a Python loop."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa


def as_lists(values: pl.Series, counts: npt.NDArray[np.integer]) -> pl.Series:
    """A list column: the first counts[0] values in the first row, the next counts[1] in the second, and so on."""
    ends = pl.Series(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)).to_arrow()  # pa.array imports pandas
    listed = pl.from_arrow(pa.LargeListArray.from_arrays(ends, values.to_arrow()))
    assert isinstance(listed, pl.Series)  # noqa: S101 - an array is one
    return listed
