"""Since when each loan has been yellow or red: the first of the published months with that light, without a break."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema
from features.messages import UserError
from models.light import Light
from models.traffic_light.evaluate import as_levels
from serving.concurrency.single_flight import single_flight
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository

_SPELLS_IN_MEMORY = 4
"""Newest months whose spells are in memory; about 60 bytes for each yellow or red loan."""
FLAG_SPELLS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        "level": FrameColumn(pl.Int8(), "Its light in the newest month: 1 yellow, 2 red."),
        "flagged_as_of": FrameColumn(pl.Date(), "Month end of the first month with this light or a worse one."),
        "flagged_on": FrameColumn(pl.Date(), "First day on which an edition with that light was published."),
    }
)


@dataclass(frozen=True)
class FlagSpells:
    """The yellow and red loans of a month with the beginning of their spells.

    rows: one for each of these loans, in the columns of FLAG_SPELLS_SCHEMA, sorted by loan_id. unreadable: month ends
    whose files cannot be read; the spells pass over them.
    """

    rows: pl.DataFrame
    unreadable: tuple[date, ...] = ()


def flag_spells(repository: MonthRepository, as_of: date) -> FlagSpells:
    """The yellow and red loans of a month, each with the beginning of its spell.

    A red loan's spell goes back while it was red, a yellow loan's while it was yellow or red; a month that does not
    list the loan ends it. Months that were not published are passed over. The day is that of the first edition, of
    all the months of the spell, in which the loan had that light or a worse one.

    Args:
        repository: the published months.
        as_of: month end of a published month; later months are not looked at.

    Returns:
        The spells, and the earlier months that cannot be read.

    Raises:
        UserError: the month itself cannot be read.

    Example:
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.flag_spells import flag_spells
        >>> from serving.months.repository import MonthRepository
        >>> repository = MonthRepository(DataFolder(data))
        >>> spells = flag_spells(repository, repository.month().as_of)
        >>> bool((spells.rows["flagged_as_of"] <= repository.month().as_of).all()), spells.unreadable
        (True, ())
    """
    days = [day for day in repository.months() if day <= as_of]
    return _spells(tuple(_MonthEditions(repository.month(day), repository.editions(day)) for day in days))


@dataclass(frozen=True)
class _MonthEditions:
    """A month, and all its editions that are still there, the oldest first."""

    month: PublishedMonth
    editions: tuple[PublishedMonth, ...]

    @property
    def levels(self) -> pl.DataFrame:
        return _levels(self.month)

    def first_days(self, loans: pl.DataFrame) -> pl.DataFrame:
        """For loans with a `level`, the day of the first edition with that light or a worse one, as `day`."""
        if len(self.editions) < 2:
            return loans.select("loan_id", pl.lit(self.month.published_on).alias("day"))
        frames = [
            _levels(edition)
            .rename({"level": "level_then"})
            .join(loans.select("loan_id", "level"), on="loan_id")
            .filter(pl.col("level_then") >= pl.col("level"))
            .select("loan_id", pl.lit(edition.published_on).alias("day"))
            for edition in self.editions
        ]
        return pl.concat(frames).group_by("loan_id").agg(pl.col("day").min())


@single_flight(_SPELLS_IN_MEMORY)
def _spells(months: tuple[_MonthEditions, ...]) -> FlagSpells:
    """The spells up to the first of the months, which are given newest first."""
    newest, *earlier = months
    flagged = newest.levels.filter(pl.col("level") > Light.GREEN)
    going_on = spells = _beginning(flagged, newest)
    unreadable = []
    for month in earlier:
        if going_on.is_empty():
            break
        try:
            before = month.levels.rename({"level": "level_before"})
            still = going_on.join(before, on="loan_id").filter(pl.col("level_before") >= pl.col("level"))
            going_on = _beginning(still.select(going_on.columns), month)
        except (UserError, OSError, pl.exceptions.PolarsError):
            unreadable.append(month.month.as_of)
            continue
        spells = spells.update(going_on, on="loan_id")
    return FlagSpells(spells.sort("loan_id"), tuple(unreadable))


def _beginning(loans: pl.DataFrame, month: _MonthEditions) -> pl.DataFrame:
    """The loans with their spell beginning in a month; the day stays where that of a later month is earlier."""
    days = loans.select("loan_id", "level").join(month.first_days(loans), on="loan_id", how="left")
    known = loans["flagged_on"] if "flagged_on" in loans.columns else pl.Series([None] * loans.height, dtype=pl.Date)
    return days.select(
        "loan_id",
        "level",
        pl.lit(month.month.as_of).alias("flagged_as_of"),
        pl.min_horizontal(pl.col("day"), known).alias("flagged_on"),
    )


def _levels(month: PublishedMonth) -> pl.DataFrame:
    return month.scan("warnings").select("loan_id", as_levels(pl.col("light")).cast(pl.Int8).alias("level")).collect()
