"""Rows in quarantine: those that no later commit released, read from files or from the cache of the older ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from features.checksums import checksum_path
from features.ledger.ledger import Ledger
from features.ledger.quarantine_files import FILES_IN_TAIL, QUARANTINE_SCHEMA
from tests.features.ledger.prices import append_price, price, rejected_row

COMMITS = FILES_IN_TAIL + 6


def ids(ledger: Ledger) -> list[int]:
    return [int(name) for name in ledger.quarantined_rows()["id"]]


def with_rejected(ledger: Ledger, count: int) -> Ledger:
    """The ledger with so many more commits, each of which rejects a row."""
    for _ in range(count):
        ledger = append_price(ledger, price(0).clear(), rejected_row(len(ledger.commits) + 1))
    return ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return with_rejected(Ledger(tmp_path / "ledger"), COMMITS)


def cache_files(ledger: Ledger) -> list[Path]:
    return sorted((ledger.folder / "merged" / "quarantine").glob("*.parquet"))


def test_rows_are_listed_in_the_order_they_came(ledger: Ledger) -> None:
    assert ids(ledger) == ids(Ledger(ledger.folder)) == list(range(1, COMMITS + 1))


def test_a_load_that_finds_many_files_writes_a_cache_that_reads_the_same(ledger: Ledger) -> None:
    ledger.merge()
    assert len(cache_files(ledger)) == 1
    shutil.rmtree(ledger.folder / "quarantine")  # only the cache is left
    assert ids(Ledger(ledger.folder)) == list(range(1, COMMITS + 1))


def test_few_files_are_read_as_they_are(tmp_path: Path) -> None:
    ledger = with_rejected(Ledger(tmp_path), FILES_IN_TAIL)
    ledger.merge()
    assert not cache_files(ledger)


@pytest.mark.parametrize("is_cached", [True, False])
def test_a_released_row_is_no_longer_listed(ledger: Ledger, is_cached: bool) -> None:
    if is_cached:
        ledger.merge()
    later = append_price(ledger, quarantine=rejected_row(999), released_ids=("3", str(COMMITS)))
    expected = [number for number in range(1, COMMITS) if number != 3] + [999]
    for opened in (later, Ledger(ledger.folder)):
        assert ids(opened) == expected
    assert ids(ledger) == list(range(1, COMMITS + 1))
    assert ids(later.at(ledger.data_version)) == list(range(1, COMMITS + 1))


def test_a_row_rejected_again_after_its_release_is_listed_again(ledger: Ledger) -> None:
    later = append_price(append_price(ledger, released_ids=("3",)), quarantine=rejected_row(3))
    expected = [number for number in range(1, COMMITS + 1) if number != 3] + [3]
    assert ids(later) == ids(Ledger(ledger.folder)) == expected


def test_a_cache_of_another_history_is_not_read(ledger: Ledger, tmp_path: Path) -> None:
    ledger.merge()
    [cache] = cache_files(ledger)
    other = with_rejected(append_price(Ledger(tmp_path / "other")), 2)
    (other.folder / "merged" / "quarantine").mkdir(parents=True)
    shutil.copy(cache, other.folder / "merged" / "quarantine" / cache.name)
    assert ids(Ledger(other.folder)) == [2, 3]


def test_the_cache_before_stays_for_its_readers_and_older_ones_go(ledger: Ledger) -> None:
    written = []
    for _ in range(3):
        ledger.merge()
        written += [path for path in cache_files(ledger) if path not in written]
        ledger = with_rejected(ledger, FILES_IN_TAIL + 1)
    assert (len(written), cache_files(ledger)) == (3, written[1:])
    assert ids(Ledger(ledger.folder)) == list(range(1, len(ledger.commits) + 1))


def test_a_file_from_before_a_column_existed_is_read(ledger: Ledger) -> None:
    path = ledger.folder / "quarantine" / "00000002.parquet"
    checksum_path(path).unlink()
    pl.read_parquet(path).drop("cells").write_parquet(path)
    rows = Ledger(ledger.folder).quarantined_rows()
    assert (rows.schema, rows["cells"][1]) == (QUARANTINE_SCHEMA.dtypes, None)
