"""A month's files: the same bytes in however many pieces they come."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from serving.batch.parquet import ROWS_IN_GROUP, write_edition_file

ROWS = 2 * ROWS_IN_GROUP + 7


def rows() -> pl.DataFrame:
    """Lists, structs and gaps, as a warning has them."""
    number = pl.int_range(ROWS)
    reasons = pl.concat_list(pl.struct(feature=pl.lit("age"), value=number / 3).repeat_by(number % 3))
    gap = pl.when(number % 5 > 0).then(number / 7)
    ids = number.cast(pl.String).str.zfill(9)
    return pl.select(loan_id=ids, as_of=pl.lit(date(2025, 12, 31)), probability=gap, reasons=reasons)


@pytest.mark.parametrize("at_once", [ROWS_IN_GROUP, 2 * ROWS_IN_GROUP, ROWS])
def test_pieces_of_whole_row_groups_give_the_bytes_of_one_piece(tmp_path: Path, at_once: int) -> None:
    write_edition_file([rows()], tmp_path / "one.parquet")
    write_edition_file(rows().iter_slices(at_once), tmp_path / "pieces.parquet")
    assert (tmp_path / "pieces.parquet").read_bytes() == (tmp_path / "one.parquet").read_bytes()


def test_a_row_group_is_what_is_read_to_find_a_loan(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    write_edition_file([rows()], tmp_path / "one.parquet")
    assert pq.ParquetFile(tmp_path / "one.parquet").metadata.num_row_groups == 3
