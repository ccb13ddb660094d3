"""The lights of a household's loans in each published month, as they were published then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository

MAX_MONTHS = 36
"""Months to look back: a loan runs three years."""


@dataclass(frozen=True)
class MonthLight:
    """A loan at one published month end; light: None where the month does not list it."""

    as_of: date
    light: str | None


def lights_by_loan(data_folder: DataFolder, as_of: date, household_id: str) -> dict[str, list[MonthLight]]:
    """The lights of each loan of a household, from the first month that lists it up to `as_of`, the oldest first.

    Months whose files are damaged are left out.
    """
    repository = MonthRepository(data_folder)
    months, _ = repository.whole_months([day for day in repository.months() if day <= as_of][:MAX_MONTHS])
    days = [month.as_of for month in months]
    scans = [
        month.scan("warnings")
        .filter(pl.col("household_id") == household_id)
        .select("as_of", "loan_id", pl.col("light").cast(pl.String))
        for month in months
    ]
    if not scans:
        return {}
    lights_of_loan: dict[str, dict[date, str]] = {}
    for day, loan_id, light in pl.concat(scans).sort("loan_id", "as_of").collect().rows():
        lights_of_loan.setdefault(loan_id, {})[day] = light
    return {
        loan_id: [MonthLight(day, lights.get(day)) for day in sorted(days) if day >= min(lights)]
        for loan_id, lights in lights_of_loan.items()
    }
