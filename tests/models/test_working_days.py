"""Working days: the notice of each year, make-up days, and years whose notice is not out."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from features.messages import UserError
from models.working_days import WorkingDays, YearNotice
from tests.models.test_county_policy import policy_table_at, written

CALENDAR = WorkingDays()


@pytest.mark.parametrize("day", ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"])
def test_the_make_up_days_of_the_notice_of_2026_are_worked(day: str) -> None:
    assert date.fromisoformat(day).weekday() >= 5
    assert CALENDAR.is_working_day(date.fromisoformat(day))


@pytest.mark.parametrize(
    ("start", "count", "day"),
    [
        (date(2026, 1, 5), 0, date(2026, 1, 5)),
        (date(2026, 1, 5), 3, date(2026, 1, 8)),
        (date(2026, 1, 8), 2, date(2026, 1, 12)),
        (date(2025, 12, 31), 1, date(2026, 1, 4)),
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
    ],
)
def test_a_count_of_working_days_passes_over_weekends_and_holidays(start: date, count: int, day: date) -> None:
    assert CALENDAR.after(start, count) == (day, True)
    assert CALENDAR.between(start, day) == count


def test_a_year_without_a_notice_counts_by_weekends_and_says_that_it_is_not_certain() -> None:
    unknown = next(year for year in range(2026, 2100) if not CALENDAR.is_known(year))
    last = date(unknown - 1, 12, 31)
    day, is_certain = CALENDAR.after(last, 3)
    assert not is_certain
    assert sum((last + timedelta(ahead)).weekday() < 5 for ahead in range(1, (day - last).days + 1)) == 3
    assert CALENDAR.after(date(unknown - 1, 6, 1), 3).is_certain


def test_a_countys_own_notice_makes_a_year_known() -> None:
    unknown = next(year for year in range(2026, 2100) if not CALENDAR.is_known(year))
    new_year = date(unknown, 1, 1)
    first_days = [new_year + timedelta(days) for days in range(10)]
    weekday, weekend = (next(d for d in first_days if (d.weekday() >= 5) == is_weekend) for is_weekend in (False, True))
    calendar = WorkingDays({unknown: YearNotice(frozenset({weekday}), frozenset({weekend}))})
    assert calendar.is_known(unknown)
    assert not calendar.is_working_day(weekday)
    assert calendar.is_working_day(weekend)
    assert calendar.after(date(unknown - 1, 12, 31), 5).is_certain


def by_policy(folder: Path, *lines: str) -> WorkingDays:
    return policy_table_at(written(folder, *lines)).in_force(date(2026, 6, 1)).casework.working_days


def test_a_policy_row_adds_the_notice_of_a_year(tmp_path: Path) -> None:
    notice = ("[policy.casework.holidays.2040]", "days_off = [2040-01-02]", "make_up_days = [2040-01-07]")
    calendar = by_policy(tmp_path, *notice)
    assert not calendar.is_working_day(date(2040, 1, 2))
    assert calendar.is_working_day(date(2040, 1, 7))


def test_a_day_under_another_year_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="2041-01-02 stands under the holidays of 2040"):
        by_policy(tmp_path, "[policy.casework.holidays.2040]", "days_off = [2041-01-02]", "make_up_days = []")


def test_the_county_hears_no_sooner_than_the_township(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="county_after 2 is below township_after 5"):
        by_policy(tmp_path, "[policy.casework]", "county_after = 2")
