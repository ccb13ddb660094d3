"""Merging by levels: the same rows in few files, each written few times, while readers go on reading."""

from __future__ import annotations

import shutil
from itertools import pairwise
from math import log2
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from features.contract.tables import TABLES
from features.ledger.ledger import Ledger
from features.ledger.merging import first_to_merge, most_files
from features.ledger.part_files import ALL_COUNTIES
from tests.features.inboxes import DRAWN, Intake, table, with_cell
from tests.features.ledger.prices import append_price, ledger_of

DELIVERIES = 40


def merged_names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "merged" / "prices" / f"county={ALL_COUNTIES}").glob("*.parquet"))


def merged_ledger(folder: Path, commits: int) -> Ledger:
    """A ledger of so many commits that was merged after each."""
    ledger = Ledger(folder)
    while len(ledger.commits) < commits:
        ledger = append_price(ledger)
        ledger.merge()
    return ledger


def prices_of(ledger: Ledger) -> list[float]:
    return ledger.scan("prices").sort("price").collect()["price"].to_list()


def sizes_after(deliveries: list[int]) -> tuple[list[int], int]:
    """The sizes of the files after merging at every delivery, and how many rows were written by merging."""
    sizes: list[int] = []
    written = 0
    for number, rows in enumerate(deliveries, 1):
        sizes.append(rows)
        if len(sizes) > most_files(number):
            start = first_to_merge(sizes)
            merged = sizes[start:]
            written += sum(merged) if len(merged) > 1 else 0
            sizes = [*sizes[:start], sum(merged)]
    return sizes, written


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=300))
def test_each_row_is_written_once_for_each_doubling(deliveries: list[int]) -> None:
    sizes, written = sizes_after(deliveries)
    assert sum(sizes) == sum(deliveries)
    assert written <= sum(deliveries) * (2 + log2(sum(deliveries) / min(deliveries)))


@given(st.integers(1, 2000))
def test_alike_deliveries_leave_few_files(deliveries: int) -> None:
    sizes, _ = sizes_after([700] * deliveries)
    assert len(sizes) <= 2 + log2(deliveries)


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=30))
def test_what_is_merged_leaves_sizes_that_double(sizes: list[int]) -> None:
    start = first_to_merge(sizes)
    after = [*sizes[:start], sum(sizes[start:])]
    assert all(size > sum(after[place + 1 :]) for place, size in enumerate(after[:-1]))
    assert all(one > other for one, other in pairwise(after))


def test_many_deliveries_are_read_from_few_files(tmp_path: Path) -> None:
    ledger = merged_ledger(tmp_path, DELIVERIES)
    for opened in (ledger, Ledger(tmp_path)):
        assert len(opened.file_paths("prices", ALL_COUNTIES)) <= 2 + log2(DELIVERIES)
        assert prices_of(opened) == [float(number) for number in range(DELIVERIES)]


def test_a_load_merges_a_table_once_it_has_many_parts(tmp_path: Path) -> None:
    intake = Intake(tmp_path)
    intake.deliver(**DRAWN)
    for number in range(9):
        intake.deliver(members=with_cell(table(DRAWN["members"])[:1], member_id=f"M9{number}", relation="child"))
    merged = sorted((intake.data / "ledger" / "merged").glob("*/*/*.parquet"))
    assert {path.parent.parent.name for path in merged} == {"members"}
    assert {path.parent.name for path in merged} == {"county=990101"}
    rows = intake.ledger.scan("members", "990101").collect()
    assert rows["member_id"].n_unique() == rows.height == 10
    assert len(intake.ledger.file_paths("members", "990101")) <= 2 + log2(10)


def test_a_load_of_very_many_files_merges_on_the_way(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path, 150)
    assert len(ledger.file_paths("prices", ALL_COUNTIES)) < 100
    assert prices_of(ledger) == [float(number) for number in range(150)]


def test_a_reader_finishes_what_it_began_before_files_were_merged(tmp_path: Path) -> None:
    """Up to twice the deliveries later: what was merged into a present file is not deleted before that one is."""
    ledger = merged_ledger(tmp_path, 8)
    begun = ledger.scan("prices")
    assert any("merged" in str(path) for path in ledger.file_paths("prices", ALL_COUNTIES))
    merged_ledger(tmp_path, 14)
    assert begun.collect().height == 8


def test_a_ledger_that_stays_open_reads_on_whatever_was_merged(tmp_path: Path) -> None:
    ledger = merged_ledger(tmp_path, 8)
    before = ledger.file_paths("prices", ALL_COUNTIES)
    assert prices_of(ledger) == [float(number) for number in range(8)]
    merged_ledger(tmp_path, 60)
    assert not all(path.exists() for path in before)
    assert prices_of(ledger) == [float(number) for number in range(8)]
    shutil.rmtree(tmp_path / "merged")
    assert prices_of(ledger) == [float(number) for number in range(8)]


def test_earlier_versions_are_read_from_merged_files_of_their_time(tmp_path: Path) -> None:
    ledger = merged_ledger(tmp_path, DELIVERIES)
    for number in range(1, DELIVERIES + 1):
        earlier = ledger.at(f"{number}-{ledger.commits.id_of(number)}")
        assert prices_of(earlier) == [float(each) for each in range(number)]


def test_merged_files_can_be_deleted_one_and_all(tmp_path: Path) -> None:
    merged_ledger(tmp_path, DELIVERIES)
    folder = tmp_path / "merged" / "prices" / f"county={ALL_COUNTIES}"
    for path in sorted(folder.iterdir(), reverse=True):
        path.unlink()
        assert prices_of(Ledger(tmp_path)) == [float(number) for number in range(DELIVERIES)]


def test_only_files_that_a_reader_may_be_reading_stay(tmp_path: Path) -> None:
    """The present ones, and those merged into them; of these, not what they were made of."""
    ledger = merged_ledger(tmp_path, 200)
    present = [path.name for path in ledger.file_paths("prices", ALL_COUNTIES)]
    assert len(merged_names(tmp_path)) <= 3 * len(present)
    rows = pl.scan_parquet(list((tmp_path / "merged" / "prices" / f"county={ALL_COUNTIES}").glob("*.parquet")))
    assert rows.select(pl.len()).collect().item() <= 2 * 200


def test_what_a_killed_merge_left_and_merged_files_of_another_history_go(tmp_path: Path) -> None:
    folder = merged_ledger(tmp_path, 8).file_paths("prices", ALL_COUNTIES)[0].parent
    left = [folder / name for name in (".00000001-00000009-0123456789abcdef.parquet.making", "00000008-old.parquet")]
    for path in left:
        path.write_bytes(b"cut")
    merged_ledger(tmp_path, 16)
    assert [path.exists() for path in left] == [False, False]


def test_counties_are_merged_each_for_itself(tmp_path: Path) -> None:
    intake = Intake(tmp_path)
    intake.deliver(**DRAWN)
    before = {name: intake.ledger.scan(name).collect() for name in TABLES}
    intake.ledger.merge(max_unmerged=0)
    for name, rows in before.items():
        assert_frame_equal(intake.ledger.scan(name).collect(), rows, check_row_order=False)


@pytest.mark.parametrize("parent", ["month=copy", "county=640323", "a b", "100%20", "what?", "[x]", "*"])
def test_a_ledger_may_lie_in_any_folder(tmp_path: Path, parent: str) -> None:
    intake = Intake(tmp_path / parent)
    intake.deliver(**DRAWN)
    for number in range(7):
        household = with_cell(table(DRAWN["households"])[:1], household_id=f"H1{number}")
        assert not intake.deliver(households=household).has_refused_files
    rows = intake.ledger.scan("households").collect()
    assert (rows.height, rows["county"].unique().sort().to_list()) == (9, ["990101", "990102"])
    assert intake.ledger.tables(household="H13")["households"].collect().height == 1
    assert len(intake.ledger.file_paths("households", "990101")) < 8
