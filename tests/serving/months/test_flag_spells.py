"""Since when a loan has been yellow or red: without a break, in the months that were published."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from features.months import month_end_after
from serving.months.flag_spells import FLAG_SPELLS_SCHEMA, flag_spells
from tests.serving.months.written_months import repository_of, write_month

NEWEST = date(2025, 12, 31)


def spells_of(folder: Path, *lights: str) -> list[tuple[object, ...]]:
    """The spell of one loan whose lights are given from the oldest month to the newest; "" where it is not listed."""
    for back, light in enumerate(reversed(lights)):
        as_of = month_end_after(NEWEST, -back)
        loans = {"L1": light} if light else {}
        write_month(folder, as_of, {**loans, "other": "green"}, f"{month_end_after(as_of, 1):%Y-%m}-05T08:00:00+00:00")
    return flag_spells(repository_of(folder), NEWEST).rows()


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
    assert flag_spells(repository_of(tmp_path), NEWEST)["flagged_as_of"].to_list() == [date(2025, 10, 31)]


def test_later_months_are_not_looked_at(tmp_path: Path) -> None:
    spells_of(tmp_path, "red", "green")
    before = month_end_after(NEWEST, -1)
    assert flag_spells(repository_of(tmp_path), before)["loan_id"].to_list() == ["L1"]


def test_the_day_is_that_of_the_first_edition_in_the_countys_time_zone(tmp_path: Path) -> None:
    write_month(tmp_path, NEWEST, {"L1": "red"}, "2026-01-05T17:00:00+00:00")
    write_month(tmp_path, NEWEST, {"L1": "red"}, "2026-02-20T08:00:00+00:00", edition=2)
    found = flag_spells(repository_of(tmp_path), NEWEST)
    assert found.schema == FLAG_SPELLS_SCHEMA.dtypes
    assert found["flagged_on"].to_list() == [date(2026, 1, 6)]
