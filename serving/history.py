"""A loan's lights over the published months, each as it was published then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from serving.published import Published
from serving.store import Store

MOST_MONTHS = 36
"""So many are looked back: a loan runs three years."""
_COLUMNS = (
    *("as_of", "loan_id", "light", "rule_light", "model_light", "probability", "outstanding_principal"),
    *("days_past_due", "model_version", "policy_version", "data_version"),
)


@dataclass(frozen=True)
class MonthLight:
    """A loan at one published month end; light: None where it was not in the list."""

    as_of: date
    light: str | None


def history(store: Store, until: date, whose: pl.Expr) -> pl.DataFrame:
    """A row a published month and loan that `whose` holds of, up to `until`, the oldest first.

    Raises Refused where a month cannot be read.
    """
    published = Published(store)
    days = [day for day in published.months() if day <= until][:MOST_MONTHS]
    scans = [published.month(day).scan("warnings").filter(whose).select(_COLUMNS) for day in days]
    text = pl.col("light", "rule_light", "model_light").cast(pl.String)
    return pl.concat(scan.with_columns(text) for scan in scans).sort("loan_id", "as_of").collect()


def lights_by_loan(store: Store, until: date, household: str) -> dict[str, list[MonthLight]]:
    """The lights of each loan of a household, with the published months between in which it was not listed."""
    rows = history(store, until, pl.col("household_id") == household)
    days = sorted(day for day in Published(store).months() if day <= until)[-MOST_MONTHS:]
    found: dict[str, list[MonthLight]] = {}
    for (loan,), part in rows.group_by("loan_id", maintain_order=True):
        lights = dict(part.select("as_of", "light").rows())
        begun = min(lights)
        found[str(loan)] = [MonthLight(day, lights.get(day)) for day in days if day >= begun]
    return found
