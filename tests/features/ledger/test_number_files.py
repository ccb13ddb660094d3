"""Rows stored by number: the same features as by identifiers, by whatever was corrected, loaded since or damaged."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.bad_spells import bad_spells
from features.compute import features_at, snapshot_at, snapshot_features
from features.contract.tables import TABLES
from features.delivered_tables import DeliveredTables
from features.ledger.ledger import Ledger
from features.ledger.part_files import COUNTY
from features.loan_checks import loan_findings, snapshot_findings
from features.numbered_tables import NUMBERED_TABLES
from features.snapshot.as_of import Snapshot
from features.snapshot.latest_versions import LatestVersions
from features.snapshot.life_rules import SHIPPED_RULES
from features.snapshot.loan_book import LoanBook
from features.spell_endings import spell_endings
from tests.benchmarks.county import small_ledger
from tests.features.inboxes import DRAWN, Intake, table, with_cell

DAYS = (date(2022, 12, 31), date(2024, 4, 30), date(2024, 5, 31), date(2024, 6, 30))
MONTH = date(2025, 6, 30)
OF_ONE_COUNTY = {
    name: with_cell(table(rows), village_code="990101100201") if name == "households" else table(rows)
    for name, rows in DRAWN.items()
}
CORRECTIONS = {
    "members": {"household_id": "H2", "known_on": "2024-05-20"},
    "income_statements": {"wage_income": "9", "known_on": "2024-05-20"},
    "instalments": {"principal_due": "10", "known_on": "2024-05-20"},
    "payments": {"loan_id": "L2", "known_on": "2024-05-20"},
    "policies": {"household_id": "H2", "known_on": "2024-05-20"},
    "claims": {"claimed_amount": "7", "known_on": "2024-05-20"},
    "loan_events": {"withdrawn": "true", "known_on": "2024-05-20"},
    "hardships": {"household_id": "H2", "known_on": "2024-05-20"},
    "credit_events": {"household_id": "H2", "known_on": "2024-05-20"},
}


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    intake = Intake(tmp_path, bad_share=1)
    intake.deliver(**OF_ONE_COUNTY)
    return intake


def stored(ledger: Ledger) -> Ledger:
    """The ledger, with the rows of all its counties stored by number."""
    ledger.store_by_number(ledger.counties, fewest_rows=0)
    return ledger


def files(ledger: Ledger) -> dict[str, Path]:
    return {path.name: path for path in (ledger.folder / "numbered").glob("*/*.parquet")}


def assert_same_by_number(ledger: Ledger, day: date) -> None:
    by_number = ledger.tables()
    by_identifiers = replace(by_number, numbered=None)
    assert by_number.numbered is not None
    features = features_at(day, by_identifiers)
    assert_frame_equal(features_at(day, by_number), features, check_exact=True)
    assert_frame_equal(snapshot_features(of_whole_book(day, by_number)), features, check_exact=True)


def of_whole_book(day: date, tables: DeliveredTables) -> Snapshot:
    """The households that still borrow, with the rows and lives of a book of all."""
    return Snapshot.of_borrowing(LoanBook(LatestVersions(tables, day), day, SHIPPED_RULES))


@pytest.mark.parametrize("name", CORRECTIONS)
def test_features_by_number_are_those_by_identifiers_after_a_correction(intake: Intake, name: str) -> None:
    intake.load(intake.inbox(**{name: with_cell(OF_ONE_COUNTY[name][:1], **CORRECTIONS[name])}), corrections=True)
    ledger = stored(intake.ledger)
    tables = ledger.tables()
    assert tables.numbered is not None
    assert tables.numbered.rows[name].filter(pl.col("superseded_on").is_not_null()).collect().height > 0
    for day in DAYS:
        assert_same_by_number(ledger, day)


def test_a_loan_that_moved_between_households_is_in_order_where_it_was_and_where_it_is(intake: Intake) -> None:
    third = with_cell(OF_ONE_COUNTY["loans"][:1], loan_id="L3")
    paid = [with_cell(OF_ONE_COUNTY["payments"][:1], loan_id="L3", payment_id=f"Q{number}") for number in range(3)]
    due = with_cell(OF_ONE_COUNTY["instalments"][:1], loan_id="L3")
    intake.deliver("2024-07-05", loans=third, payments=pl.concat(paid), instalments=due)
    moved = with_cell(third, household_id="H2", known_on="2024-06-20")
    intake.load(intake.inbox(loans=moved), on="2024-07-06", corrections=True)
    ledger = stored(intake.ledger)
    in_order = {day: LatestVersions(ledger.tables(), day).is_in_order("payments") for day in DAYS[-2:]}
    assert in_order == {DAYS[-2]: False, DAYS[-1]: True}
    for day in DAYS:
        assert_same_by_number(ledger, day)


def test_a_whole_county_has_the_same_features_checks_and_spells(tmp_path: Path) -> None:
    ledger = stored(small_ledger(tmp_path, 300, 30))
    [county] = ledger.counties
    by_number = ledger.tables(county)
    assert by_number.numbered is not None
    assert set(by_number.numbered.rows) == set(NUMBERED_TABLES)
    assert_same_by_number(ledger, MONTH)
    by_identifiers = replace(by_number, numbered=None)
    computations: list[Callable[[DeliveredTables], pl.DataFrame]] = [
        lambda tables: loan_findings(MONTH, tables),
        lambda tables: spell_endings(tables, MONTH, SHIPPED_RULES),
        lambda tables: bad_spells(tables, SHIPPED_RULES),
        lambda tables: features_at(MONTH, tables.household_blocks(100)[1]),
        lambda tables: features_at(MONTH, tables.read_into_memory(10**9)),
    ]
    for compute in computations:
        assert_frame_equal(compute(by_number), compute(by_identifiers), check_exact=True)


def test_what_a_book_of_all_loans_has_read_and_walked_serves_the_households_that_borrow(tmp_path: Path) -> None:
    ledger = stored(small_ledger(tmp_path, 300, 30))
    for tables in (ledger.tables(), ledger.tables().household_blocks(100)[1]):
        snapshot = of_whole_book(MONTH, tables)
        all_loans = snapshot.versions.whole
        assert all_loans is not None
        numbers = snapshot.versions.numbers_of(all_loans)
        assert 0 < numbers.null_count() < len(numbers)
        apart = snapshot_at(MONTH, tables)
        assert_frame_equal(snapshot_features(snapshot), snapshot_features(apart), check_exact=True)
        assert_frame_equal(snapshot_findings(snapshot), snapshot_findings(apart), check_exact=True)
        assert_frame_equal(snapshot.book.schedules, apart.book.schedules)


def test_rows_stand_in_the_order_of_their_loans_and_days(tmp_path: Path) -> None:
    ledger = stored(small_ledger(tmp_path, 60, 24))
    numbered = ledger.tables().numbered
    assert numbered is not None
    payments, loans = numbered.rows["payments"].collect(), numbered.identifiers["loan"].collect()["loan_id"]
    homes = ledger.scan("loans").select("loan_id", "household_id").unique().collect()
    assert loans.to_list() == homes.sort("household_id", "loan_id")["loan_id"].to_list()
    assert payments.equals(payments.sort("loan", "paid_on", "payment_id", "known_on"))
    by_identifier = ledger.scan("payments").drop(COUNTY, "household_id").collect()
    again = payments.with_columns(loan_id=loans.gather(payments["loan"])).select(by_identifier.columns)
    assert_frame_equal(again.sort("payment_id"), by_identifier.sort("payment_id"))


def test_only_what_a_load_has_changed_is_written_again(intake: Intake) -> None:
    before = files(stored(intake.ledger))
    intake.deliver(
        "2024-07-05", payments=with_cell(OF_ONE_COUNTY["payments"][:1], payment_id="P9", known_on="2024-07-01")
    )
    later = files(stored(intake.ledger))
    assert {name.partition("-")[0] for name in later.keys() - before.keys()} == {"payments"}
    intake.deliver("2024-07-06", loans=with_cell(OF_ONE_COUNTY["loans"][:1], loan_id="L9", known_on="2024-07-01"))
    newest = files(stored(intake.ledger))
    rewritten = {name.partition("-")[0] for name in newest.keys() - later.keys()}
    assert rewritten == {"loan", "household", *NUMBERED_TABLES}
    assert max(len([one for one in newest if one.startswith(f"{name}-")]) for name in rewritten) == 2
    assert_same_by_number(intake.ledger, DAYS[-1])


def test_an_earlier_data_version_is_not_read_by_the_numbers_of_a_later_one(intake: Intake) -> None:
    earlier = stored(intake.ledger).data_version
    more = with_cell(OF_ONE_COUNTY["payments"][:1], payment_id="P9", principal_paid="1", known_on="2024-06-01")
    intake.deliver("2024-07-05", payments=more)
    ledger = stored(intake.ledger)
    for at in (ledger, ledger.at(earlier)):
        assert_same_by_number(at, DAYS[-1])
    heights = [at.tables()["payments"].collect().height for at in (ledger, ledger.at(earlier))]
    assert heights[0] == heights[1] + 1


def test_what_a_killed_load_has_left_unfinished_is_cleared(intake: Intake) -> None:
    ledger = stored(intake.ledger)
    [folder] = (ledger.folder / "numbered").iterdir()
    unfinished = folder / ".payments-00000001-00000002-0123456789abcdef.parquet.making"
    unfinished.write_bytes(b"PAR1")
    assert_same_by_number(ledger, DAYS[-1])
    stored(Ledger(ledger.folder))
    assert not unfinished.exists()


@pytest.mark.parametrize("fault", ["flipped", "cut", "deleted"])
def test_a_damaged_or_missing_file_is_read_by_identifiers(intake: Intake, fault: str) -> None:
    ledger = stored(intake.ledger)
    expected = features_at(DAYS[-1], ledger.tables())
    [payments] = [path for name, path in files(ledger).items() if name.startswith("payments-")]
    content = payments.read_bytes()
    if fault == "deleted":
        payments.unlink()
    else:
        half = len(content) // 2
        flipped = content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]
        payments.write_bytes(flipped if fault == "flipped" else content[:half])
    numbered = Ledger(ledger.folder).tables().numbered
    assert numbered is not None
    assert "payments" not in numbered.rows
    assert_frame_equal(features_at(DAYS[-1], Ledger(ledger.folder).tables()), expected)
    shutil.rmtree(ledger.folder / "numbered")
    assert Ledger(ledger.folder).tables().numbered is None
    assert_frame_equal(features_at(DAYS[-1], Ledger(ledger.folder).tables()), expected)


def test_a_county_that_shares_a_fact_with_another_is_read_by_identifiers(tmp_path: Path) -> None:
    intake = Intake(tmp_path, bad_share=1)
    intake.deliver(**DRAWN)
    assert all(stored(intake.ledger).tables(county).numbered for county in intake.ledger.counties)
    moved = with_cell(table(DRAWN["payments"])[:1], loan_id="L2", known_on="2024-05-20")
    intake.load(intake.inbox(payments=moved), corrections=True)
    ledger = stored(intake.ledger)
    assert [ledger.tables(county).numbered for county in ledger.counties] == [None, None]


def test_a_load_stores_large_counties_by_number_and_small_ones_not(tmp_path: Path) -> None:
    intake = Intake(tmp_path, bad_share=1)
    intake.deliver(**OF_ONE_COUNTY)
    assert files(intake.ledger) == {}
    large = Intake(tmp_path / "large", bad_share=1)
    many = pl.concat(
        [
            with_cell(OF_ONE_COUNTY["payments"][:1], payment_id=f"P{number}", principal_paid="0.01")
            for number in range(50_000)
        ]
    )
    large.deliver(**{**OF_ONE_COUNTY, "payments": many})
    assert {name.partition("-")[0] for name in files(large.ledger)} == {
        "loan",
        "household",
        *(name for name in NUMBERED_TABLES if large.ledger.row_count(name)),
    }
    assert TABLES.keys() - {"loans", "prices"} == set(NUMBERED_TABLES)
