"""Lookups of stored facts by index: what a reading of all rows would find, and nothing read where nothing is stored."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.contract.tables import TABLES
from features.ledger.key_index import index_of_rows, index_suffix, joined_index, key_hashes
from features.ledger.ledger import Ledger
from features.ledger.part_files import ALL_COUNTIES
from tests.features.inboxes import DRAWN, Intake, table, with_cell
from tests.features.ledger.prices import FIRST_DAY, ledger_of, price

_LOANS = st.lists(st.sampled_from("ABCDEFGH"), max_size=30)


def loans(names: list[str]) -> pl.DataFrame:
    """Rows of loans with these numbers, each known on a day of its own."""
    rows = [(name, f"H{name}", FIRST_DAY + timedelta(number)) for number, name in enumerate(names)]
    return pl.DataFrame(rows, {"loan_id": pl.String, "household_id": pl.String, "known_on": pl.Date}, orient="row")


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    """Households, members and the like in two counties, in several versions and files, merged and not."""
    intake = Intake(tmp_path)
    intake.deliver(**DRAWN)
    intake.deliver(members=with_cell(table(DRAWN["members"]), known_on="2024-02-01", labour="part"))
    intake.ledger.merge(max_unmerged=0)
    intake.deliver(loans=with_cell(table(DRAWN["loans"]), known_on="2024-02-01", bank="信用社"))
    return intake


@given(_LOANS, _LOANS, _LOANS)
def test_an_index_finds_all_rows_of_a_fact_and_no_others(one: list[str], other: list[str], asked: list[str]) -> None:
    stored = [loans(one), loans(other)]
    index = joined_index([index_of_rows("loans", rows) for rows in stored])
    hashes = key_hashes("loans", loans(asked)).unique().to_numpy()
    expected = pl.concat(stored).filter(pl.col("loan_id").is_in(asked)).sort(pl.all())
    assert index.rows_of(hashes).sort(pl.all()).equals(expected)
    assert index.has_any(hashes) == (expected.height > 0)


@pytest.mark.parametrize("name", TABLES)
def test_stored_versions_are_those_that_all_rows_hold(intake: Intake, name: str) -> None:
    ledger = intake.ledger
    rows = ledger.scan(name).collect()
    key = list(TABLES[name].key)
    for facts in (rows, rows.head(1), rows.clear()):
        expected = rows.join(facts, on=key, how="semi").sort(pl.all())
        assert ledger.stored_versions(name, facts).sort(pl.all()).equals(expected)


@pytest.mark.parametrize(
    ("name", "key"), [("households", "household_id"), ("loans", "loan_id"), ("policies", "policy_id")]
)
def test_versions_of_parents_are_those_that_all_rows_hold(intake: Intake, name: str, key: str) -> None:
    ledger = intake.ledger
    rows = ledger.scan(name).collect()
    for names in (rows[key], rows[key].head(1), pl.Series(["nobody"]), pl.Series([], dtype=pl.String)):
        versions = ledger.parent_versions(name, names)
        assert versions.sort(pl.all()).equals(
            rows.filter(pl.col(key).is_in(names.implode())).select(versions.columns).sort(pl.all())
        )


def test_facts_asked_for_before_are_answered_for_their_own(intake: Intake) -> None:
    """The answer to many facts is remembered; fewer of them get their part of it, others are read."""
    ledger = intake.ledger
    rows = ledger.scan("members").collect()
    both = ledger.stored_versions("members", rows)
    one = ledger.stored_versions("members", rows.filter(pl.col("member_id") == "M1"))
    assert (both.height, set(one["member_id"])) == (4, {"M1"})
    assert ledger.stored_versions("members", rows).equals(both)


def index_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob(f"*{index_suffix()}"))


def test_an_index_is_stored_with_a_merged_file_and_goes_with_it(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path, 5)
    assert not index_files(tmp_path)
    ledger.merge(max_unmerged=0)
    [first] = index_files(tmp_path)
    ledger_of(tmp_path, 10).merge()
    [second] = index_files(tmp_path)
    assert (first.name[9:17], second.name[9:17]) == ("00000005", "00000010")


@pytest.mark.parametrize("length", [0, 1, 100, -100, -8, -1])
def test_a_cut_index_is_not_read(tmp_path: Path, length: int) -> None:
    ledger_of(tmp_path, 5).merge(max_unmerged=0)
    [path] = index_files(tmp_path)
    path.write_bytes(path.read_bytes()[:length])
    assert Ledger(tmp_path).stored_versions("prices", price(3)).height == 1
    assert Ledger(tmp_path).stored_versions("prices", price(5)).height == 0


def test_an_index_of_other_rows_or_another_program_is_not_read(tmp_path: Path) -> None:
    ledger_of(tmp_path / "one", 5).merge(max_unmerged=0)
    ledger_of(tmp_path / "other", 6).merge(max_unmerged=0)
    [path], [other] = index_files(tmp_path / "one"), index_files(tmp_path / "other")
    path.write_bytes(other.read_bytes())
    assert Ledger(tmp_path / "one").stored_versions("prices", price(5)).height == 0
    path.rename(path.with_name(path.name.replace(index_suffix(), ".00000000.arrow")))
    assert Ledger(tmp_path / "one").stored_versions("prices", price(4)).height == 1


def test_where_nothing_is_stored_no_rows_are_read(tmp_path: Path) -> None:
    ledger_of(tmp_path, 5).merge(max_unmerged=0)
    ledger = Ledger(tmp_path)
    [merged] = ledger.file_paths("prices", ALL_COUNTIES)
    merged.write_bytes(b"")
    assert ledger.stored_versions("prices", price(9)).is_empty()
