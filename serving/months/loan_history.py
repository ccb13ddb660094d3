"""The history of a loan: its light at each published month end, as it was published then."""

from __future__ import annotations

from datetime import date

import polars as pl

from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from serving.schemas.basis import Versions
from serving.schemas.loan_warning import LoanMonth

MAX_MONTHS = 60
_COLUMNS = [name for name in LoanMonth.model_fields if name not in Versions.model_fields]


def loan_months(data_folder: DataFolder, loan_id: str, as_of: date) -> list[LoanMonth]:
    """The lights of a loan up to a day, a month at a time.

    Args:
        data_folder: with the published months; its scope decides whether the loan exists for the reader.
        loan_id: the loan.
        as_of: the last month end to include.

    Returns:
        The months that list the loan, of the last MAX_MONTHS that are published, the oldest first.

    Raises:
        UserError: where a month cannot be read.

    Example:
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.loan_history import loan_months
        >>> from serving.months.repository import MonthRepository
        >>> month = MonthRepository(DataFolder(data)).month()
        >>> loan_id = month.scan("warnings").select("loan_id").head(1).collect().item()
        >>> loan_months(DataFolder(data), loan_id, month.as_of)[-1].as_of == month.as_of
        True
    """
    repository = MonthRepository(data_folder)
    days = [day for day in repository.months() if day <= as_of][:MAX_MONTHS]
    months: list[LoanMonth] = []
    for day in reversed(days):
        month = repository.month(day)
        rows = month.scan("warnings").filter(pl.col("loan_id") == loan_id).select(_COLUMNS).collect()
        months.extend(LoanMonth(**month.versions, **row) for row in rows.to_dicts())
    return months
