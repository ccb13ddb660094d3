"""The repository of published months. Readers need no lock: an edition is whole before it is published."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import date

from features.messages import UserError
from serving.months.data_folder import DataFolder
from serving.months.edition import EDITION_PREFIX, PublishedMonth, edition_numbers
from serving.months.manifest import DamagedMonthError
from serving.months.published_editions import published_editions
from serving.schemas.basis import DamagedMonth


class MonthRepository:
    """The published months of a data folder, each restricted to the folder's scope.

    Args:
        data_folder: where the months are published.

    Example:
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> repository = MonthRepository(DataFolder(data))
        >>> [str(day) for day in repository.months()][:1]
        ['2025-12-31']
        >>> newest = repository.month()
        >>> newest == repository.edition(newest.as_of, newest.edition) == repository.current_edition(newest.as_of)
        True
        >>> repository.previous_month(newest.as_of).as_of < newest.as_of
        True
    """

    def __init__(self, data_folder: DataFolder) -> None:
        self._data_folder = data_folder

    def months(self) -> list[date]:
        """The published month ends, the newest first."""
        return list(published_editions(self._data_folder.warnings))

    def month(self, as_of: date | None = None) -> PublishedMonth:
        """The published edition of a month; as_of: the month end, None for the newest.

        Where a file of the newest month is damaged, the newest one that is whole, which says so (`damaged`).

        Raises UserError where the month is not published, or every month is damaged.
        """
        editions = published_editions(self._data_folder.warnings)
        months = list(editions)
        if not months:
            raise UserError(
                "尚未发布任何月份；请先运行 lights score。", "No month is published; run lights score first."
            )
        if as_of is not None and as_of not in months:
            raise UserError(
                f"{as_of} 尚未发布；已发布：{', '.join(str(day) for day in months[:6])}",
                f"{as_of} is not published; published: {', '.join(str(day) for day in months[:6])}",
            )
        if as_of is not None:
            return PublishedMonth(as_of, editions[as_of], self._data_folder.scope)
        newest = PublishedMonth(months[0], editions[months[0]], self._data_folder.scope)
        fault = newest.fault
        if fault is None:
            return newest
        whole, _ = self.whole_months(months[1:], at_most=1)
        if not whole:
            raise DamagedMonthError(fault.zh, fault.en)
        return replace(whole[0], damaged=DamagedMonth(as_of=months[0], zh=fault.zh, en=fault.en))

    def whole_months(
        self, days: Iterable[date], at_most: int | None = None
    ) -> tuple[list[PublishedMonth], tuple[date, ...]]:
        """Published months whose files are all intact, in the order of their days, and the days of the others.

        days: month ends that are published. at_most: stop at so many; None for all.
        """
        whole, damaged = list[PublishedMonth](), list[date]()
        for day in days:
            month = self.month(day)
            if month.fault is None:
                whole.append(month)
            else:
                damaged.append(day)
            if len(whole) == at_most:
                break
        return whole, tuple(damaged)

    def edition(self, as_of: date, number: int) -> PublishedMonth:
        """An edition of a month by its number, also one that a newer edition has replaced.

        Raises UserError where there is none.
        """
        folder = self._data_folder.editions_of(as_of)
        if not (folder / f"{EDITION_PREFIX}{number}" / "manifest.json").exists():
            numbers = edition_numbers(folder)
            raise UserError(
                f"{as_of} 没有第 {number} 版；现有：{numbers}", f"{as_of} has no edition {number}; there are {numbers}."
            )
        return PublishedMonth(as_of, folder / f"{EDITION_PREFIX}{number}", self._data_folder.scope)

    def editions(self, as_of: date) -> tuple[PublishedMonth, ...]:
        """The editions of a published month that are still there, the oldest first.

        One whose manifest cannot be read is left out. Raises UserError where the month is not published.
        """
        readable = []
        for number in edition_numbers(self._data_folder.editions_of(as_of)):
            with suppress(UserError):
                edition = self.edition(as_of, number)
                _ = edition.manifest
                readable.append(edition)
        return tuple(readable) or (self.month(as_of),)

    def current_edition(self, as_of: date) -> PublishedMonth | None:
        """The published edition of a month end; None where the month is not published."""
        return self.month(as_of) if as_of in self.months() else None

    def previous_month(self, as_of: date) -> PublishedMonth | None:
        """The newest published month before as_of; None where there is none."""
        earlier = [day for day in self.months() if day < as_of]
        return self.month(earlier[0]) if earlier else None
