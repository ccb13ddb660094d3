"""A row set aside is found again: its line is the file's own, whatever stands between the lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.features.inboxes import Intake

HEADER = "household_id,village_code,village_name"
GOOD = "H1,990101100201,东沟"


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    """An installation that lets any share of a file be wrong."""
    return Intake(tmp_path, bad_share=1)


def lines_aside(intake: Intake, *lines: str) -> list[tuple[int, str]]:
    """Line and column of what a households.csv of these lines leaves in quarantine."""
    intake.deliver(**{"households.csv": "\n".join((HEADER, *lines)) + "\n"})
    return [(line, column) for _, line, column, _ in intake.aside()]


def test_a_line_with_too_few_or_too_many_cells_is_set_aside(intake: Intake) -> None:
    assert lines_aside(intake, GOOD, "H2,990101100201", "H3,990101100201,a,b", GOOD) == [
        (3, "household_id"),
        (4, "household_id"),
    ]
    assert intake.aside("reason_zh", "reason_en")[0] == (
        "该行单元格数与表头的 3 个不符",
        "the line has not the 3 cells of the header",
    )


def test_empty_cells_after_the_last_are_harmless(intake: Intake) -> None:
    assert lines_aside(intake, GOOD + ",,,") == []
    assert intake.kept("households").height == 1


def test_lines_that_hold_nothing_are_no_rows_but_count_as_lines(intake: Intake) -> None:
    assert lines_aside(intake, "", GOOD, ",,", "  ,\t,", "", "H2,x,") == [(7, "village_code")]
    assert intake.kept("households").height == 1


def test_a_quoted_cell_over_several_lines_keeps_the_numbers_of_those_after_it(intake: Intake) -> None:
    assert lines_aside(intake, '"H2",990101100201,"东\n\n沟"', GOOD, "H3,x,") == [
        (2, "village_name"),
        (6, "village_code"),
    ]


def test_quotes_and_commas_inside_a_cell_are_kept(intake: Intake) -> None:
    assert lines_aside(intake, 'H1,990101100201,"东沟, ""下""社"') == []
    assert intake.kept("households")["village_name"].to_list() == ['东沟, "下"社']


def test_the_whole_line_is_kept_with_each_of_its_faults(intake: Intake) -> None:
    assert lines_aside(intake, ",x,东沟") == [(2, "household_id"), (2, "village_code")]
    assert {cells for (cells,) in intake.aside("cells")} == {
        '{"household_id":null,"village_code":"x","county_name":null,"township_name":null,"village_name":"东沟",'
        '"household_type":null,"registered_on":null,"known_on":null,"corrects":null}'
    }
