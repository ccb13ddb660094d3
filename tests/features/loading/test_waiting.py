"""A row whose household, loan or policy is unknown waits, and comes in by itself when that has arrived."""

from __future__ import annotations

from datetime import date

import pytest
from polars.testing import assert_frame_equal

from features.contract.tables import TABLES
from tests.features.inboxes import DRAWN, Intake, drawn, parents_of, table, typed, with_cell

CHILDREN = [name for name, kind in TABLES.items() if kind.parent]
HOUSEHOLD = ("所属农户尚未送达，到达后自动装入", "its household is unknown so far; taken up when that arrives")
LOAN = ("所属贷款尚未送达，到达后自动装入", "its loan is unknown so far; taken up when that arrives")
POLICY = ("所属保单尚未送达，到达后自动装入", "its policy is unknown so far; taken up when that arrives")
SAID = {"households": HOUSEHOLD, "loans": LOAN, "policies": POLICY}


@pytest.mark.parametrize("name", CHILDREN)
def test_a_row_without_its_parent_is_set_aside_saying_what_it_waits_for(intake: Intake, name: str) -> None:
    report = intake.deliver(**drawn(name))
    parent, by = TABLES[name].parent or ("", "")
    assert intake.aside("file", "line", "column", "value", "reason_zh", "reason_en") == [
        (f"{name}.csv", line, by, table(DRAWN[name])[by][line - 2], *SAID[parent]) for line in (2, 3)
    ]
    assert (report.has_refused_files, report.files[0].waiting, report.files[0].quarantined) == (False, 2, 0)


@pytest.mark.parametrize("name", CHILDREN)
def test_it_is_taken_up_as_it_was_when_its_parents_arrive_later(intake: Intake, name: str) -> None:
    intake.deliver(**drawn(name))
    report = intake.deliver("2024-09-30", **parents_of(name))
    assert (report.taken_up, intake.aside()) == (2, [])
    assert_frame_equal(intake.kept(name), typed(name, table(DRAWN[name])))


def test_the_whole_county_comes_in_though_every_child_came_before_its_parent(intake: Intake) -> None:
    for name in reversed(TABLES):
        intake.deliver(**drawn(name))
    assert intake.aside() == []
    for name, text in DRAWN.items():
        assert_frame_equal(intake.kept(name), typed(name, table(text)))


def test_a_payment_waits_for_its_loan_that_waits_for_its_household(intake: Intake) -> None:
    intake.deliver(**drawn("payments"))
    assert intake.deliver(**drawn("loans")).taken_up == 0
    assert len(intake.aside()) == 4
    assert intake.deliver(**drawn("households")).taken_up == 4
    assert intake.aside() == []


def test_only_the_rows_whose_parent_arrived_come_in(intake: Intake) -> None:
    intake.deliver(**drawn("loans"))
    assert intake.deliver(households=table(DRAWN["households"])[1:]).taken_up == 1
    assert intake.kept("loans")["loan_id"].to_list() == ["L2"]
    assert intake.aside("line", "value") == [(2, "H1")]


def test_a_row_keeps_the_day_it_was_delivered_on_and_not_the_day_it_came_in(intake: Intake) -> None:
    intake.deliver("2024-03-31", loans=table(DRAWN["loans"]).drop("known_on"))
    intake.deliver("2024-09-30", **drawn("households"))
    assert intake.kept("loans")["known_on"].to_list() == [date(2024, 3, 31)] * 2


def test_a_row_delivered_again_beside_its_parent_is_known_since_the_first_time(intake: Intake) -> None:
    loans = table(DRAWN["loans"]).drop("known_on")
    intake.deliver("2024-03-31", loans=loans)
    intake.deliver("2024-09-30", **drawn("households"), loans=loans)
    assert intake.kept("loans")["known_on"].to_list() == [date(2024, 3, 31)] * 2


def test_a_refused_file_of_parents_leaves_the_rows_waiting(intake: Intake) -> None:
    intake.deliver(**drawn("loans"))
    report = intake.deliver(households=with_cell(table(DRAWN["households"]), village_code="x"))
    assert (report.has_refused_files, report.taken_up, len(intake.aside())) == (True, 0, 2)


def test_once_taken_up_the_same_file_changes_nothing(intake: Intake) -> None:
    intake.deliver(**drawn("payments", "loans"))
    came = intake.deliver(**drawn("households"))
    again = intake.deliver(**drawn("payments", "loans", "households"))
    assert (again.data_version, again.taken_up) == (came.data_version, 0)


def test_two_that_waited_and_contradict_each_other_end_in_a_conflict_under_their_own_line(intake: Intake) -> None:
    other = with_cell(table(DRAWN["loans"]), bank="另一家")[:1]
    intake.deliver(loans=table(DRAWN["loans"])[:1])
    intake.deliver(**{"loans/second.csv": ("\n" + other.write_csv()).replace("\nL1", "\n\n\nL1").lstrip()})
    intake.deliver(**drawn("households"))
    assert intake.kept("loans")["bank"].to_list() == ["农商行"]
    assert intake.aside("kind", "file", "line", "value") == [("reused", "loans/second.csv", 4, "L1")]


def test_a_loan_does_not_wait_for_the_loan_it_renews_nor_for_its_borrower(intake: Intake) -> None:
    intake.deliver(**drawn("households"), loans=with_cell(table(DRAWN["loans"])[1:], borrower_member_id="nobody"))
    assert intake.kept("loans")["loan_id"].to_list() == ["L2"]
