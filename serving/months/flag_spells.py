"""Since when each loan has been yellow or red: the first of the published months with that light, without a break."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.light import Light
from models.traffic_light.evaluate import as_levels
from serving.concurrency.single_flight import single_flight
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository

MAX_MONTHS = 36
"""Months to look back: a loan runs three years."""
_SPELLS_IN_MEMORY = 4
"""Newest months whose spells are in memory; about 60 bytes for each yellow or red loan."""
FLAG_SPELLS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        "level": FrameColumn(pl.Int8(), "Its light in the newest month: 1 yellow, 2 red."),
        "flagged_as_of": FrameColumn(pl.Date(), "Month end of the first month with this light or a worse one."),
        "flagged_on": FrameColumn(pl.Date(), "Day on which that month was first published."),
    }
)


@returns(FLAG_SPELLS_SCHEMA)
def flag_spells(repository: MonthRepository, as_of: date) -> pl.DataFrame:
    """The yellow and red loans of a month, each with the beginning of its spell.

    A red loan's spell goes back while it was red, a yellow loan's while it was yellow or red; a month that does not
    list the loan ends it. Months that were not published are passed over.

    Args:
        repository: the published months.
        as_of: month end of a published month; later months are not looked at.

    Returns:
        One row for each yellow or red loan, in the columns of FLAG_SPELLS_SCHEMA, sorted by loan_id.

    Raises:
        UserError: a month cannot be read.

    Example:
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.flag_spells import flag_spells
        >>> from serving.months.repository import MonthRepository
        >>> repository = MonthRepository(DataFolder(data))
        >>> spells = flag_spells(repository, repository.month().as_of)
        >>> bool((spells["flagged_as_of"] <= repository.month().as_of).all())
        True
    """
    days = [day for day in repository.months() if day <= as_of][:MAX_MONTHS]
    return _spells(tuple((repository.month(day), repository.first_edition(day).published_on) for day in days))


@single_flight(_SPELLS_IN_MEMORY)
def _spells(months: tuple[tuple[PublishedMonth, date], ...]) -> pl.DataFrame:
    """The spells up to the first of the months, which are given newest first, each with its day of publication."""
    newest, *earlier = months
    going_on = spells = _levels(newest[0]).filter(pl.col("level") > Light.GREEN).with_columns(_beginning(*newest))
    for month, published_on in earlier:
        before = _levels(month).rename({"level": "level_before"})
        going_on = (
            going_on.join(before, on="loan_id")
            .filter(pl.col("level_before") >= pl.col("level"))
            .drop("level_before")
            .with_columns(_beginning(month, published_on))
        )
        if going_on.is_empty():
            break
        spells = spells.update(going_on, on="loan_id")
    return spells.sort("loan_id")


def _beginning(month: PublishedMonth, published_on: date) -> list[pl.Expr]:
    return [pl.lit(month.as_of).alias("flagged_as_of"), pl.lit(published_on).alias("flagged_on")]


def _levels(month: PublishedMonth) -> pl.DataFrame:
    return month.scan("warnings").select("loan_id", as_levels(pl.col("light")).cast(pl.Int8).alias("level")).collect()
