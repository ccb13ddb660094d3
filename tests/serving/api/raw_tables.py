"""The county's delivered tables as pandas reads them: a referee that knows nothing of the ledger."""

from __future__ import annotations

from datetime import date

import pandas as pd

from tests.conftest import County


def raw_table(county: County, table: str, key: str) -> pd.DataFrame:
    """The newest version of each row of a table that was known by the county's newest month; days as dates."""
    files = sorted((county.inbox / table).glob("*.parquet"))
    rows = pd.concat([pd.read_parquet(path) for path in files])
    rows = rows[rows["known_on"] <= county.newest]
    return rows.sort_values("known_on", kind="stable").drop_duplicates(key.split(), keep="last")


def households_of(county: County) -> pd.DataFrame:
    return raw_table(county, "households", "household_id")


def loans_of(county: County) -> pd.DataFrame:
    loans = raw_table(county, "loans", "loan_id")
    return loans[loans["originated_on"] <= county.newest]


def yuan(values: pd.Series) -> float:
    return float(values.sum())


def twelve_months_before(day: date) -> date:
    """The month end twelve months before a month end."""
    return (pd.Timestamp(day) - pd.DateOffset(years=1) + pd.offsets.MonthEnd(0)).date()
