"""A household's loans over the published months: the light of each, as it was published then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from serving.months.data_folder import Store
from serving.months.repository import Published

MOST_MONTHS = 36
"""So many are looked back: a loan runs three years."""


@dataclass(frozen=True)
class MonthLight:
    """A loan at one published month end; light: None where it was not in the list."""

    as_of: date
    light: str | None


def lights_by_loan(store: Store, until: date, household: str) -> dict[str, list[MonthLight]]:
    """The lights of each loan from the first month that listed it, the oldest first, up to `until`.

    Raises Refused where a month cannot be read.
    """
    published = Published(store)
    days = [day for day in published.months() if day <= until][:MOST_MONTHS]
    mine = pl.col("household_id") == household
    scans = [published.month(day).scan("warnings").filter(mine).select("as_of", "loan_id", "light") for day in days]
    rows = pl.concat(scans).sort("loan_id", "as_of").collect()
    return {str(loan): _months(part, sorted(days)) for (loan,), part in rows.group_by("loan_id", maintain_order=True)}


def _months(rows: pl.DataFrame, days: list[date]) -> list[MonthLight]:
    lights = dict(rows.select("as_of", pl.col("light").cast(pl.String)).rows())
    return [MonthLight(day, lights.get(day)) for day in days if day >= min(lights)]
