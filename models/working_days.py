"""The working days of China: weekends, the holidays of each year's notice, and the make-up days that it sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

import chinese_calendar

_SATURDAY = 5


@dataclass(frozen=True)
class YearNotice:
    """The notice of one year's holidays. days_off: holidays on weekdays; make_up_days: weekend days that are worked."""

    days_off: frozenset[date]
    make_up_days: frozenset[date]


class WorkingDay(NamedTuple):
    """A working day that was counted to. is_certain: False where a year on the way has no notice yet."""

    day: date
    is_certain: bool


@dataclass(frozen=True)
class WorkingDays:
    """The working days by the notices that are known; in a year without a notice, weekends alone are days off.

    own_notices: notices of years that the package chinesecalendar does not have yet, by year; they replace its own.

    Example:
        >>> from datetime import date
        >>> calendar = WorkingDays()
        >>> calendar.is_working_day(date(2026, 2, 14)), calendar.is_working_day(date(2026, 10, 5))
        (True, False)
        >>> calendar.after(date(2026, 9, 30), 3)
        WorkingDay(day=datetime.date(2026, 10, 10), is_certain=True)
        >>> calendar.is_known(2099)
        False
    """

    own_notices: Mapping[int, YearNotice] = field(default_factory=dict)

    def is_known(self, year: int) -> bool:
        """Whether the notice of a year's holidays is known."""
        return year in self.own_notices or _is_known_to_package(year)

    def is_working_day(self, day: date) -> bool:
        """Whether a day is worked, by its year's notice; without one, whether it is no weekend day."""
        notice = self.own_notices.get(day.year)
        if notice is not None:
            is_weekday = day.weekday() < _SATURDAY
            return day in notice.make_up_days or (is_weekday and day not in notice.days_off)
        return _is_worked_by_package(day)

    def on_or_after(self, day: date) -> date:
        """The day itself where it is worked, else the next working day."""
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day

    def after(self, start: date, count: int) -> WorkingDay:
        """The working day that is `count` working days after a day; for 0 the day itself."""
        day, is_certain = start, self.is_known(start.year)
        for _ in range(count):
            day += timedelta(days=1)
            while not self.is_working_day(day):
                day += timedelta(days=1)
            is_certain = is_certain and self.is_known(day.year)
        return WorkingDay(day, is_certain)

    def between(self, start: date, end: date) -> int:
        """The working days after `start` up to `end`; 0 where `end` is not later."""
        return sum(self.is_working_day(start + timedelta(days=ahead)) for ahead in range(1, (end - start).days + 1))


@lru_cache(maxsize=256)
def _is_known_to_package(year: int) -> bool:
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:  # the package's answer for a year whose notice is not out
        return False
    return True


@lru_cache(maxsize=8192)
def _is_worked_by_package(day: date) -> bool:
    """Whether a day is worked by the package's notices; in a year that it does not know, whether it is a weekday."""
    return bool(chinese_calendar.is_workday(day)) if _is_known_to_package(day.year) else day.weekday() < _SATURDAY
