"""The watch of a restructured loan, from its first day of repayment until it was paid as due for long enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from features.months import same_day_after


@dataclass(frozen=True)
class WatchRules:
    """How long a restructured loan is watched: months, and dues paid on time in that while; the longer counts."""

    months: int
    instalments: int


@dataclass(frozen=True)
class WatchedDue:
    """A due that asks something of the household. covered_on: None where it is not covered."""

    due_on: date
    covered_on: date | None


def watch_ended_on(
    dues: Sequence[WatchedDue],
    restructured_on: date,
    until: date,
    rules: WatchRules,
    in_difficulty: Callable[[date], bool],
) -> date | None:
    """The day on which the watch ended, None where it had not by `until` (article 20 of the measures of 2023).

    It begins on the first due day after the restructuring. A late due begins it anew on its due day; so does its end
    where the household is still in difficulty on that day.

    Args:
        dues: those of the schedule in force, in the order of their days.
        restructured_on: the day of the extension or renewal.
        until: the day from which one looks back.
        rules: how long it lasts.
        in_difficulty: whether the household has an unresolved difficulty on a day.

    Example:
        >>> from datetime import date
        >>> paid = [WatchedDue(day, day) for day in (date(2024, 6, 20), date(2024, 12, 20), date(2025, 6, 20))]
        >>> watch_ended_on(paid, date(2024, 3, 1), date(2025, 6, 30), WatchRules(12, 2), lambda _: False)
        datetime.date(2025, 6, 20)
        >>> watch_ended_on(paid, date(2024, 3, 1), date(2025, 6, 19), WatchRules(12, 2), lambda _: False)
    """
    begins: date | None = None
    on_time: list[date] = []
    to_come = [due for due in dues if restructured_on < due.due_on <= until]
    for due in (*to_come, None):
        day = due.due_on if due else until + timedelta(days=1)
        if begins is not None and len(on_time) >= rules.instalments:
            last = on_time[rules.instalments - 1 : rules.instalments]
            ends = max([same_day_after(begins, rules.months), *last])
            if ends < day and not in_difficulty(ends):
                return ends
            if ends < day:
                begins, on_time = ends, []
        if due:
            is_late = due.covered_on is None or due.covered_on > due.due_on
            begins = due.due_on if begins is None or is_late else begins
            on_time = [] if is_late else [*on_time, due.due_on]
    return None
