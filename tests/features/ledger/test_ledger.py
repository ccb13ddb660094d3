"""What the ledger holds: parts by county that commits list, a chain of commits, one writer at a time."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.contract.tables import TABLES
from features.ledger.ledger import Ledger, ledger_in
from features.ledger.part_files import ALL_COUNTIES
from features.messages import UserError
from tests.features.inboxes import DRAWN, Intake, drawn, table, with_cell

LATER = date(2023, 9, 1)


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    return Intake(tmp_path)


def folders_of(intake: Intake, name: str) -> list[str]:
    return sorted(path.parent.name for path in (intake.data / "ledger" / name).glob("*/*.parquet"))


def test_an_empty_ledger_answers_without_writing_anything(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "nowhere")
    assert (ledger.data_version, ledger.counties, ledger.county_of("H1")) == ("0-empty", (), None)
    assert [ledger.scan(name).collect().height for name in TABLES] == [0] * len(TABLES)
    assert (ledger.quarantined_rows().height, list(tmp_path.iterdir())) == (0, [])


def test_a_ledger_can_be_read_as_it_was_at_any_earlier_version(intake: Intake) -> None:
    intake.deliver(**DRAWN)
    then, before = intake.ledger.data_version, intake.ledger.tables()["loans"].collect()
    intake.deliver(loans=with_cell(table(DRAWN["loans"])[:1], loan_id="L9"))
    assert intake.ledger.data_version != then
    intake.ledger.merge(max_unmerged=0)
    assert_frame_equal(intake.ledger.at(then).tables()["loans"].collect(), before)
    with pytest.raises(UserError, match="never was at data version"):
        intake.ledger.at(then.replace("-", "-0"))


def test_rows_lie_with_the_county_of_their_household(intake: Intake) -> None:
    intake.deliver(**DRAWN)
    for name in set(TABLES) - {"prices"}:
        assert folders_of(intake, name) == ["county=990101", "county=990102"]
        for household, county in (("H1", "990101"), ("H2", "990102")):
            assert intake.ledger.scan(name, county).collect()["household_id"].to_list() == [household]


def test_prices_lie_in_a_county_of_their_own_and_are_seen_from_every_one(intake: Intake) -> None:
    intake.deliver(**DRAWN)
    assert folders_of(intake, "prices") == [f"county={ALL_COUNTIES}"]
    assert [intake.ledger.scan("prices", county).collect().height for county in (None, "990101", "990102")] == [2, 2, 2]


def test_the_counties_are_those_that_have_households(intake: Intake) -> None:
    intake.deliver(**DRAWN)
    ledger = intake.ledger
    assert (ledger.counties, ledger.county_of("H2"), ledger.county_of("H9")) == (("990101", "990102"), "990102", None)


def test_a_household_that_moves_stays_with_the_county_that_knew_it_first(intake: Intake) -> None:
    intake.deliver(**DRAWN)
    moved = with_cell(table(DRAWN["households"])[:1], village_code="990102100301", known_on="2024-02-01")
    intake.deliver(households=moved, members=with_cell(table(DRAWN["members"])[:1], member_id="M9", relation="child"))
    for name in ("households", "members"):
        mine = intake.ledger.scan(name).filter(pl.col("household_id") == "H1").collect()
        assert mine["county"].to_list() == ["990101"] * 2


def test_one_households_rows_are_its_own_and_the_prices(intake: Intake) -> None:
    intake.deliver(**DRAWN)
    rows = intake.ledger.tables(household="H2")
    heights = {name: rows[name].collect().height for name in TABLES}
    assert heights == dict.fromkeys(TABLES, 1) | {"prices": 2}
    assert rows["payments"].collect()["payment_id"].to_list() == ["P2"]


def test_a_part_that_no_commit_lists_does_not_exist(intake: Intake) -> None:
    """As after a kill between a file's parts and its commit; the next load writes over it."""
    intake.deliver(**DRAWN)
    whole = {name: intake.kept(name) for name in TABLES}
    for left in (14, 8, 1, 0):
        for commit in sorted((intake.data / "ledger" / "commits").iterdir())[left:]:
            commit.unlink()
        assert sum(intake.kept(name).height for name in TABLES) == 2 * left
        intake.deliver(**DRAWN)
        assert all(intake.kept(name).equals(whole[name]) for name in TABLES)


def test_a_commit_still_being_written_does_not_count(intake: Intake) -> None:
    before = intake.deliver(**drawn("households")).data_version
    (intake.data / "ledger" / "commits" / "00000002.making").write_text('{"sequence": 2, "prev')
    assert intake.ledger.data_version == before
    assert intake.deliver(**drawn("prices")).files[0].added == 2


def test_a_commit_says_where_its_rows_came_from(intake: Intake) -> None:
    intake.bad_share = 1
    intake.deliver(
        "2024-05-31", households=with_cell(table(DRAWN["households"]), village_code=None)[:1], **drawn("loans")
    )
    (wrong, loans) = intake.ledger.commits
    assert (wrong.file, wrong.table, wrong.delivered_on, wrong.parts) == (
        "households.csv",
        "households",
        "2024-05-31",
        (),
    )
    assert (loans.sequence, loans.previous, loans.quarantine) == (2, wrong.id, "quarantine/00000002.parquet")


def test_the_data_version_rests_on_everything_before_it(intake: Intake) -> None:
    intake.deliver(**drawn("households", "prices"))
    path = intake.data / "ledger" / "commits" / "00000001.json"
    first, before = json.loads(path.read_text("utf-8")), intake.ledger.commits[0].id
    path.write_text(json.dumps(first | {"file": "another.csv"}), "utf-8")
    assert intake.ledger.commits[0].id != before == intake.ledger.commits[1].previous


def test_the_same_deliveries_give_the_same_data_version(tmp_path: Path) -> None:
    one, other = Intake(tmp_path / "one"), Intake(tmp_path / "other")
    assert one.deliver(**DRAWN).data_version == other.deliver(**DRAWN).data_version


def test_a_ledger_opened_before_a_load_keeps_seeing_what_it_saw(intake: Intake) -> None:
    intake.deliver(**drawn("households"))
    opened = intake.ledger
    intake.deliver(**drawn("members"), households=with_cell(table(DRAWN["households"]), known_on="2024-01-01"))
    assert (opened.scan("households").collect().height, opened.scan("members").collect().height) == (2, 0)


def test_one_writer_at_a_time_and_readers_beside_it(intake: Intake) -> None:
    intake.deliver(**drawn("households"))
    with intake.ledger.write_lock():
        with pytest.raises(UserError, match=r"另一个装载正在进行.*Another load is running"):
            intake.deliver(**drawn("prices"))
        assert intake.kept("households").height == 2
    assert not intake.deliver(**drawn("prices")).has_refused_files


def merged_files(intake: Intake, name: str) -> list[Path]:
    return sorted((intake.data / "ledger" / "merged" / name).glob("*/*.parquet"))


def test_merged_parts_hold_the_same_rows_and_later_parts_are_read_beside_them(intake: Intake) -> None:
    intake.deliver(**DRAWN)
    before = {name: intake.ledger.scan(name).collect() for name in TABLES}
    intake.ledger.merge(max_unmerged=0)
    for name, rows in before.items():
        assert_frame_equal(intake.ledger.scan(name).collect(), rows, check_row_order=False)
    intake.deliver(members=with_cell(table(DRAWN["members"])[:1], member_id="M9", relation="child"))
    assert intake.ledger.scan("members").collect().height == before["members"].height + 1
    assert len(intake.ledger.file_paths("members", "990101")) == 2


def test_a_merged_file_of_another_history_is_not_read(intake: Intake) -> None:
    intake.deliver(**DRAWN)
    intake.ledger.merge(max_unmerged=0)
    [merged] = [path for path in merged_files(intake, "households") if "990101" in str(path)]
    merged.rename(merged.with_name(f"{merged.name[:17]}-0123456789abcdef.parquet"))
    assert intake.ledger.file_paths("households", "990101") == [
        intake.data / "ledger" / part.path
        for commit in intake.ledger.commits
        for part in commit.parts
        if (part.table, part.county) == ("households", "990101")
    ]


def test_a_county_has_delivered_a_table_once_it_is_known_whose_rows_it_holds(intake: Intake) -> None:
    late = with_cell(table(DRAWN["loans"])[:1], known_on="2023-09-01")
    intake.deliver(households=DRAWN["households"], loans=late, use_checks=table(DRAWN["use_checks"])[:1])
    delivered = {day: intake.ledger.tables().counties_with("use_checks", day) for day in (date(2023, 8, 31), LATER)}
    assert delivered == {date(2023, 8, 31): (), LATER: ("990101",)}


def test_households_that_share_a_fact_are_told_of_each_other(intake: Intake) -> None:
    intake.deliver(**DRAWN)
    moved = with_cell(table(DRAWN["members"])[:1], household_id="H2", known_on="2024-06-01", corrects="true")
    intake.deliver(members=moved)
    assert intake.ledger.tables().reassigned_households == {"H1": {"H2"}, "H2": {"H1"}}
    assert set(intake.ledger.tables(household="H2").frames["members"].collect()["household_id"]) == {"H1", "H2"}


def test_a_ledger_is_kept_until_a_commit_appears(intake: Intake) -> None:
    intake.deliver(**DRAWN)
    kept = ledger_in(intake.data / "ledger")
    assert ledger_in(intake.data / "ledger") is kept
    assert kept.at(kept.data_version) is kept
    intake.deliver(members=with_cell(table(DRAWN["members"])[:1], member_id="M9", relation="child"))
    later = ledger_in(intake.data / "ledger")
    assert later.data_version != kept.data_version
    assert later.at(kept.data_version) is later.at(kept.data_version)


def test_one_household_tells_which_of_its_own_tables_are_empty_or_revised(intake: Intake) -> None:
    intake.deliver(**DRAWN)
    intake.deliver(members=with_cell(table(DRAWN["members"])[:1], known_on="2024-06-01", labour="none"))
    [owner] = set(table(DRAWN["members"])[:1]["household_id"])
    other = next(name for name in ("H1", "H2") if name != owner)
    mine, others = (intake.ledger.tables(household=name) for name in (owner, other))
    assert ("members" in mine.revised_tables, "members" in others.revised_tables) == (True, False)
    assert mine.empty_tables == {name for name in TABLES if mine[name].collect().is_empty()}
