"""The news between month ends: for each day the loans whose light has moved, and all open loans of the newest day.

`news/day=D` is a link to the news of an edition below `news_days/`, which is not deleted. All warnings and features of
the newest days lie below `judged_days/`, so that a household can be explained as of today.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import UserError
from serving.months.data_folder import DataFolder
from serving.months.edition import DAY_PREFIX, EDITION_PREFIX, PublishedMonth
from serving.months.published_frames import NEWS_SCHEMA, WARNINGS_SCHEMA

_KEPT_COLUMNS = (
    *("loan_id", "household_id", "bank", "county_code", "township_code", "village_code"),
    *("light", "model_light", "status", "probability", "rules", "incomplete"),
)
LIGHTS_BEFORE_SCHEMA = FrameSchema({name: NEWS_SCHEMA.columns[name] for name in _KEPT_COLUMNS})
LATER_LIGHTS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        "later_model_light": FrameColumn(pl.String(), "Its light by probability in the newest news about it."),
    }
)


def day_folder_name(day: date) -> str:
    """The name of a day's folder, `day=YYYY-MM-DD`."""
    return f"{DAY_PREFIX}{day}"


class NewsRepository:
    """The days of news of a data folder, each restricted to the folder's scope.

    data_folder: where `lights watch` writes them.

    >>> from serving.months.data_folder import DataFolder
    >>> from serving.months.news_days import NewsRepository
    >>> NewsRepository(DataFolder(tmp)).days()
    []
    """

    def __init__(self, data_folder: DataFolder) -> None:
        self._data_folder = data_folder

    def days(self) -> list[date]:
        """The days with news, the newest first; what is no link of a day is passed over."""
        return sorted(self._folders(), reverse=True)

    def day(self, day: date) -> PublishedMonth:
        """The news of a day, with the frames `news` and `news_features`.

        Raises UserError where the day was not watched.
        """
        folder = self._folders().get(day)
        if folder is None:
            raise UserError(
                f"{day} 没有预警动态；请先运行 lights watch --as-of {day}。",
                f"There are no news of {day}; run lights watch --as-of {day} first.",
            )
        return PublishedMonth(day, folder, self._data_folder.scope)

    def edition(self, day: date, number: int) -> PublishedMonth:
        """An edition of a day's news by its number, also one that a newer edition has replaced."""
        folder = self._data_folder.news_days / day_folder_name(day) / f"{EDITION_PREFIX}{number}"
        return PublishedMonth(day, folder, self._data_folder.scope)

    def days_since(self, month: PublishedMonth) -> list[PublishedMonth]:
        """The news that follow one edition of a month, the oldest first."""
        news = (self.day(day) for day in reversed(self.days()) if day > month.as_of)
        return [each for each in news if follows(each) == (month.as_of.isoformat(), month.edition)]

    def whole_days_since(self, month: PublishedMonth) -> tuple[list[PublishedMonth], tuple[date, ...]]:
        """The news that follow one edition of a month, the oldest first, and the days whose files are damaged."""
        whole, damaged = list[PublishedMonth](), list[date]()
        for day in reversed(self.days()):
            news = self.day(day)
            if day <= month.as_of:
                continue
            with suppress(UserError):  # a manifest that cannot be read: it is unknown which month the day follows
                if follows(news) != (month.as_of.isoformat(), month.edition):
                    continue
            if news.is_whole:
                whole.append(news)
            else:
                damaged.append(day)
        return whole, tuple(damaged)

    def judged_day(self, news: PublishedMonth) -> PublishedMonth | None:
        """All open loans as of a day of news, with their features; None where they are gone or damaged."""
        folder = self._data_folder.judged_days / news.folder.parent.name / news.folder.name
        judged = PublishedMonth(news.as_of, folder, self._data_folder.scope)
        return judged if judged.is_whole else None

    def _folders(self) -> Mapping[date, Path]:
        """The folder of each day's edition."""
        folders = dict[date, Path]()
        for link in self._data_folder.news.glob(f"{DAY_PREFIX}*"):
            with suppress(ValueError):
                if link.is_symlink():
                    folders[date.fromisoformat(link.name.removeprefix(DAY_PREFIX))] = link.resolve().parent
        return folders


def follows(day: PublishedMonth) -> tuple[str, int] | None:
    """The month end and edition that the news of a day follow."""
    before = day.manifest.before
    return (before[0], before[1]) if before else None


@returns(LIGHTS_BEFORE_SCHEMA)
def lights_before(month: PublishedMonth, days: Iterable[PublishedMonth]) -> pl.DataFrame:
    """The light of each open loan after some days of news: of the newest news about it, else of the month.

    Args:
        month: the published month.
        days: of news that follow it, the oldest first.

    Returns:
        One row for each loan that is open then, sorted by `loan_id`.
    """
    dtypes = LIGHTS_BEFORE_SCHEMA.dtypes
    columns = [pl.col(name).cast(dtype) for name, dtype in dtypes.items()]
    published = month.scan("warnings").select(columns).collect()
    news = [day.scan("news").select(columns).collect() for day in days]
    newest = pl.concat([published, *news]).unique("loan_id", keep="last", maintain_order=True)
    return newest.filter(pl.col("light").is_not_null()).sort("loan_id")


@returns(LATER_LIGHTS_SCHEMA)
def later_model_lights(days: Iterable[PublishedMonth]) -> pl.DataFrame:
    """The light by probability of each loan that the news of some days, the oldest first, are about."""
    news = [day.scan("news").select("loan_id", pl.col("model_light").alias("later_model_light")) for day in days]
    if not news:
        return LATER_LIGHTS_SCHEMA.empty()
    return pl.concat(news).collect().unique("loan_id", keep="last", maintain_order=True)


def as_warnings(news: pl.DataFrame) -> pl.DataFrame:
    """The columns of WARNINGS_SCHEMA of news about loans that are open."""
    return news.filter(pl.col("light").is_not_null()).select(list(WARNINGS_SCHEMA.columns))
