"""The copy laid open: any rows are found, from any file and row group, in the order asked."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from serving.batch.parquet import write_edition_file
from serving.months.row_store import open_row_store

_ROWS = 450_000
"""More than two batches of row groups, the last one short."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("files")
    numbers = pl.DataFrame({"n": range(_ROWS)}).with_columns(of=pl.concat_list("n", pl.col("n") + 1))
    write_edition_file([numbers.head(400_000)], folder / "a.parquet")
    write_edition_file([numbers.slice(400_000)], folder / "b.parquet")
    return (folder / "a.parquet", folder / "b.parquet")


@pytest.mark.parametrize(
    "places",
    [[], [0], [_ROWS - 1], [199_999, 200_000], [400_000, 399_999], [449_999, 0, 200_000, 19_999, 20_000]],
)
def test_rows_are_found_in_the_order_asked(files: tuple[Path, ...], tmp_path: Path, places: list[int]) -> None:
    found = open_row_store(files, tmp_path / "edition-1" / "n.arrow").rows(places)
    assert found["n"].to_list() == places
    assert found["of"].to_list() == [[place, place + 1] for place in places]


def test_only_the_columns_named_are_read_in_their_order(files: tuple[Path, ...], tmp_path: Path) -> None:
    assert open_row_store(files, tmp_path / "edition-1" / "n.arrow").rows([7, 5], ["of"]).rows() == [
        ([7, 8],),
        ([5, 6],),
    ]


def test_copies_of_the_two_newest_editions_stay(files: tuple[Path, ...], tmp_path: Path) -> None:
    kept = [open_row_store(files[1:], tmp_path / f"edition-{number}" / "n.arrow") for number in (9, 10)]
    for edition in tmp_path.iterdir():
        os.utime(edition, ns=(0, 0))  # both made in one tick of the clock
    open_row_store(files[1:], tmp_path / "edition-11" / "n.arrow")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["edition-10", "edition-11"]
    assert kept[0].rows([0])["n"].to_list() == [400_000]


def test_many_at_once_find_one_copy(files: tuple[Path, ...], tmp_path: Path) -> None:
    copies = [tmp_path / "edition-1" / "n.arrow"] * 4
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda copy: open_row_store(files, copy).rows([3])["n"].item(), copies))
    assert found == [3] * 4
    assert sorted(path.name for path in copies[0].parent.iterdir()) == ["lock", "n.arrow"]
