"""Row groups: every row of a household lies in the span told, and little else does."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.row_groups import read_row_groups
from tests.features.inboxes import DRAWN, Intake, table, with_cell

_GROUP = 3
_LONG = "户" * 40
"""Longer than what a footer tells of the least and greatest: it tells bounds then."""
_NAMES = st.sampled_from(["A", "B", "C", "D", *(f"{_LONG}{end}" for end in "ABCD"), "\U0010ffff" * 30])


def written(names: list[str], path: Path) -> Path:
    pl.DataFrame({"household_id": names}, schema={"household_id": pl.String}).write_parquet(path, row_group_size=_GROUP)
    return path


@given(names=st.lists(_NAMES, max_size=30), asked=_NAMES)
def test_the_span_of_a_household_holds_all_its_rows_and_no_group_without_need(
    names: list[str], asked: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = written(sorted(names), tmp_path_factory.mktemp("groups") / "rows.parquet")
    groups = read_row_groups(path)
    assert groups or any(len(name) > 1 for name in names)
    start, height = groups.rows_of_household(asked) if groups else (0, len(names))
    there = pl.scan_parquet(path).slice(start, height).collect().to_series().to_list()
    assert there.count(asked) == names.count(asked)
    if not any(len(name) > 1 for name in names):
        assert height <= max(names.count(asked), 1) + 2 * (_GROUP - 1)


@pytest.mark.parametrize("names", [["B", "B", "B", "A"], ["A", "D", "D", "B", "C", "C"]])
def test_groups_that_do_not_follow_each_other_tell_nothing(names: list[str], tmp_path: Path) -> None:
    assert read_row_groups(written(names, tmp_path / "rows.parquet")) is None


def test_a_file_without_households_tells_nothing(tmp_path: Path) -> None:
    path = tmp_path / "prices.parquet"
    pl.DataFrame({"product": ["sheep"]}).write_parquet(path)
    assert read_row_groups(path) is None


def test_a_file_that_does_not_say_what_is_in_its_groups_tells_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pl.DataFrame({"household_id": ["A"]}).write_parquet(path, statistics=False)
    assert read_row_groups(path) is None


def test_a_households_rows_are_found_in_files_merged_and_loose(tmp_path: Path) -> None:
    intake = Intake(tmp_path)
    intake.deliver(**DRAWN)
    intake.ledger.merge(max_unmerged=0)
    corrected = with_cell(table(DRAWN["income_statements"]), known_on="2024-03-01")
    intake.deliver(income_statements=corrected)
    for household in ("H1", "H2", "H3"):
        rows = intake.ledger.tables(household=household)
        for name in ("members", "income_statements", "loans"):
            every = intake.ledger.scan(name).drop("county").filter(pl.col("household_id") == household).collect()
            found = rows[name].collect()
            assert found.sort(pl.all()).equals(every.sort(pl.all()))
    assert intake.ledger.tables(household="H1")["income_statements"].collect().height == 2
