"""What became known of households since a version of the ledger: the delivered rows, one for each fact."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.contract.tables import TABLES
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.ledger.ledger import Ledger

NEW_FACTS_SCHEMA = FrameSchema(
    {
        "household_id": FrameColumn(pl.String(), "The household."),
        "loan_id": FrameColumn(pl.String(), "The loan that it is about; missing for facts about the household."),
        "table": FrameColumn(pl.String(), "Table of the contract."),
        "happened_on": FrameColumn(pl.Date(), "Day of the fact; missing for tables that have none."),
        "known_on": FrameColumn(pl.Date(), "Day on which it became known."),
    }
)


@returns(NEW_FACTS_SCHEMA)
def new_facts(
    ledger: Ledger, data_version: str, after: date, until: date, household: str | None = None
) -> pl.DataFrame:
    """The facts about households that were loaded after a version of the ledger, or became known after a day.

    Args:
        ledger: as it is now.
        data_version: an earlier version of it.
        after: rows known later are new, whenever they were loaded.
        until: rows known later are left out.
        household: the facts of this household alone; None for all.

    Returns:
        One row for each household, loan, table and pair of days, sorted by these. Prices are of no household.

    Example:
        >>> from datetime import date
        >>> from features.ledger.ledger import Ledger
        >>> from features.ledger.new_facts import new_facts
        >>> ledger = Ledger(data / "ledger")
        >>> new_facts(ledger, ledger.data_version, date(2025, 12, 31), date(2025, 12, 31)).height
        0
    """
    since = int(data_version.partition("-")[0])
    later_parts = ledger.commits.part_files.filter(pl.col("sequence") > since)
    county = None if household is None else ledger.county_of(household)
    frames = []
    for name, table in TABLES.items():
        if name == "prices":
            continue
        paths = [ledger.folder / path for path in later_parts.filter(pl.col("table") == name)["path"]]
        stored = ledger.scan(name) if household is None else ledger.scan_household(name, county, household)
        happened_on = pl.col(table.event_day) if table.event_day else pl.lit(None, pl.Date)
        has_loan = "loan_id" in table.column_names
        columns = (
            pl.col("household_id"),
            (pl.col("loan_id") if has_loan else pl.lit(None, pl.String)).alias("loan_id"),
            pl.lit(name).alias("table"),
            happened_on.alias("happened_on"),
            pl.col("known_on"),
        )
        loaded_later = [pl.scan_parquet(paths, glob=False)] if paths else []
        known_later = stored.filter(pl.col("known_on") > after)
        frames += [rows.select(columns) for rows in (known_later, *loaded_later)]
    is_asked = pl.lit(True) if household is None else pl.col("household_id") == household
    is_known = (pl.col("known_on") <= until) & pl.col("household_id").is_not_null()
    return pl.concat(frames).filter(is_asked & is_known).unique().sort(list(NEW_FACTS_SCHEMA.columns)).collect()
