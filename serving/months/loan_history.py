"""One loan over time: its light at each published month end, each as it was published then."""

from __future__ import annotations

from datetime import date

import polars as pl

from serving.months.data_folder import Store
from serving.months.repository import Month, Published
from serving.schemas.basis import Versions
from serving.schemas.loan_warning import LoanHistory, MonthOfLoan

MOST_MONTHS = 60
_TOLD = (
    *("light", "rule_light", "model_light", "probability", "score_rank"),
    *("outstanding_principal", "days_past_due", "days_to_maturity"),
)


def history(store: Store, loan: str, as_of: date) -> LoanHistory | None:
    """The loan up to as_of, the oldest month first; None where no month lists it."""
    published = Published(store)
    days = [day for day in published.months() if day <= as_of][:MOST_MONTHS]
    months = [row for day in reversed(days) for row in _of(published.month(day), loan)]
    if not months:
        return None
    versions = months[-1].model_dump(include=set(Versions.model_fields))
    return LoanHistory(**versions, loan_id=loan, household_id=months[-1].household_id, months=months)


def _of(month: Month, loan: str) -> list[MonthOfLoan]:
    """None in a month in whose list the loan is not, one else."""
    found = month.scan("warnings").filter(pl.col("loan_id") == loan).select("household_id", *_TOLD).collect()
    return [MonthOfLoan(**month.versions, **row) for row in found.to_dicts()]
