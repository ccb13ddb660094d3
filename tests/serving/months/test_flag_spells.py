"""Since when a loan has been yellow or red: without a break, in the months that were published."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from features.months import month_end_after
from serving.months.flag_spells import FLAG_SPELLS_SCHEMA, flag_spells
from serving.months.published_editions import month_folder_name
from tests.serving.months.written_months import repository_of, write_month

NEWEST = date(2025, 12, 31)


def spells_of(folder: Path, *lights: str) -> list[tuple[object, ...]]:
    """The spell of one loan whose lights are given from the oldest month to the newest; "" where it is not listed."""
    for back, light in enumerate(reversed(lights)):
        as_of = month_end_after(NEWEST, -back)
        loans = {"L1": light} if light else {}
        write_month(folder, as_of, {**loans, "other": "green"}, f"{month_end_after(as_of, 1):%Y-%m}-05T08:00:00+00:00")
    return flag_spells(repository_of(folder), NEWEST).rows.rows()


def spell(level: int, back: int) -> list[tuple[object, ...]]:
    as_of = month_end_after(NEWEST, -back)
    return [("L1", level, as_of, month_end_after(as_of, 1).replace(day=5))]


@pytest.mark.parametrize(
    ("lights", "level", "back"),
    [
        (("red",), 2, 0),
        (("green", "red"), 2, 0),
        (("red", "red", "red"), 2, 2),
        (("red", "yellow", "red"), 2, 0),
        (("red", "green", "red"), 2, 0),
        (("red", "", "red"), 2, 0),
        (("red", "yellow"), 1, 1),
        (("green", "yellow", "red", "yellow"), 1, 2),
        (("yellow", "red", "red"), 2, 1),
    ],
)
def test_a_spell_goes_back_while_the_light_was_as_bad(
    tmp_path: Path, lights: tuple[str, ...], level: int, back: int
) -> None:
    assert spells_of(tmp_path, *lights) == spell(level, back)


def test_a_green_loan_has_no_spell(tmp_path: Path) -> None:
    assert spells_of(tmp_path, "red", "green") == []


def test_a_month_that_was_not_published_does_not_end_a_spell(tmp_path: Path) -> None:
    for back in (0, 2):
        write_month(tmp_path, month_end_after(NEWEST, -back), {"L1": "red"}, "2026-01-05T08:00:00+00:00")
    assert flag_spells(repository_of(tmp_path), NEWEST).rows["flagged_as_of"].to_list() == [date(2025, 10, 31)]


def test_later_months_are_not_looked_at(tmp_path: Path) -> None:
    spells_of(tmp_path, "red", "green")
    before = month_end_after(NEWEST, -1)
    assert flag_spells(repository_of(tmp_path), before).rows["loan_id"].to_list() == ["L1"]


def test_the_day_is_that_of_the_first_edition_in_the_countys_time_zone(tmp_path: Path) -> None:
    write_month(tmp_path, NEWEST, {"L1": "red"}, "2026-01-05T17:00:00+00:00")
    write_month(tmp_path, NEWEST, {"L1": "red"}, "2026-02-20T08:00:00+00:00", edition=2)
    found = flag_spells(repository_of(tmp_path), NEWEST).rows
    assert found.schema == FLAG_SPELLS_SCHEMA.dtypes
    assert found["flagged_on"].to_list() == [date(2026, 1, 6)]


def test_a_light_of_a_later_edition_counts_from_that_edition(tmp_path: Path) -> None:
    write_month(tmp_path, NEWEST, {"L1": "green"}, "2026-01-05T08:00:00+00:00")
    write_month(tmp_path, NEWEST, {"L1": "red"}, "2026-02-20T08:00:00+00:00", edition=2)
    assert flag_spells(repository_of(tmp_path), NEWEST).rows["flagged_on"].to_list() == [date(2026, 2, 20)]


def test_a_month_that_is_scored_later_does_not_move_the_day(tmp_path: Path) -> None:
    before = month_end_after(NEWEST, -1)
    write_month(tmp_path, NEWEST, {"L1": "red"}, "2026-01-05T08:00:00+00:00")
    write_month(tmp_path, before, {"L1": "red"}, "2026-03-01T08:00:00+00:00")
    [row] = flag_spells(repository_of(tmp_path), NEWEST).rows.to_dicts()
    assert (row["flagged_as_of"], row["flagged_on"]) == (before, date(2026, 1, 5))


def test_a_spell_may_be_longer_than_three_years(tmp_path: Path) -> None:
    assert spells_of(tmp_path, "green", *["red"] * 40) == spell(2, 39)


def test_an_earlier_month_that_cannot_be_read_is_passed_over_and_told(tmp_path: Path) -> None:
    for back in range(3):
        write_month(tmp_path, month_end_after(NEWEST, -back), {"L1": "red"}, "2026-01-05T08:00:00+00:00")
    before = month_end_after(NEWEST, -1)
    [file] = (tmp_path / "warnings" / month_folder_name(before)).glob("*.parquet")
    file.write_bytes(b"cut")
    found = flag_spells(repository_of(tmp_path), NEWEST)
    assert (found.rows["flagged_as_of"].to_list(), found.unreadable) == ([month_end_after(NEWEST, -2)], (before,))


def test_a_replaced_edition_whose_manifest_is_gone_is_passed_over(tmp_path: Path) -> None:
    write_month(tmp_path, NEWEST, {"L1": "red"}, "2026-01-05T08:00:00+00:00")
    write_month(tmp_path, NEWEST, {"L1": "red"}, "2026-02-20T08:00:00+00:00", edition=2)
    (tmp_path / "editions" / month_folder_name(NEWEST) / "edition-1" / "manifest.json").unlink()
    assert flag_spells(repository_of(tmp_path), NEWEST).rows["flagged_on"].to_list() == [date(2026, 2, 20)]
