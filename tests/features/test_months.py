"""Calendar months: ends, offsets, and whole months with the day counted."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from features.months import month_end, month_end_after, month_ends, month_offset, whole_months_since


@pytest.mark.parametrize(
    ("day", "months", "end"),
    [
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 11, 30), 3, date(2024, 2, 29)),
        (date(2024, 3, 31), -1, date(2024, 2, 29)),
        (date(2024, 12, 31), 1, date(2025, 1, 31)),
        (date(2024, 1, 31), -1, date(2023, 12, 31)),
    ],
)
def test_months_are_counted_from_end_to_end(day: date, months: int, end: date) -> None:
    assert month_end_after(day, months) == end


def test_all_month_ends_between_two_days_are_listed() -> None:
    assert month_ends(date(2024, 1, 15), date(2024, 3, 30)) == [date(2024, 1, 31), date(2024, 2, 29)]
    assert month_end(date(2024, 2, 1)) == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("since", "as_of", "whole"),
    [
        (date(2024, 1, 15), date(2024, 2, 15), 1),
        (date(2024, 1, 15), date(2024, 2, 14), 0),
        (date(2024, 1, 31), date(2024, 2, 29), 0),
        (date(2023, 12, 31), date(2024, 1, 31), 1),
        (date(2024, 2, 29), date(2025, 2, 28), 11),
    ],
)
def test_a_month_is_whole_once_its_day_has_come_round(since: date, as_of: date, whole: int) -> None:
    frame = pl.DataFrame({"day": [since]})
    assert frame.select(whole_months_since("day", as_of)).item() == whole


def test_offsets_count_calendar_months_whatever_the_day() -> None:
    frame = pl.DataFrame({"day": [date(2023, 12, 31), date(2024, 1, 1), date(2024, 2, 29)]})
    assert frame.select(month_offset("day", date(2024, 1, 31))).to_series().to_list() == [-1, 0, 1]
