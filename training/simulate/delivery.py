"""Delivered files: the diary's rows as tables of the contract, with gaps and corrections, sorted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from features.atomic_files import write_parquet
from features.contract.declarations import ContractTable
from features.contract.tables import TABLES
from training.simulate.days import END, LAST_MONTH, NEVER, first_day
from training.simulate.diary import Chunk
from training.simulate.prices import Prices, price_list
from training.simulate.world import World

COUNTY_TABLES = tuple(name for name in TABLES if name != "prices")
_ID_PREFIXES = {
    "household_id": "H",
    "member_id": "M",
    "borrower_member_id": "M",
    "loan_id": "L",
    "renews_loan_id": "L",
    "payment_id": "P",
    "event_id": "E",
    "policy_id": "Y",
    "claim_id": "C",
}
BACKLOG = 12  # months before the first delivered one whose surveys, reviews and events are delivered, too
_AGE_COLUMNS = {
    "income_statements": "known_on",
    "assets": "known_on",
    "credit_events": "known_on",
    "policies": "insured_to",
    "hardships": "known_on",
    "village_reviews": "known_on",
}
"""Column with the day that decides whether a row is too old to deliver, by table.

The other tables are delivered whole, or with their loan or policy.
"""
_GAPS = {
    "households": {"registered_on": 0.02},
    "members": {"birth_date": 0.02, "education": 0.03, "health": 0.03, "labour": 0.03},
    "income_statements": {
        "property_income": 0.03,
        "transfer_income": 0.02,
        "medical_cost": 0.03,
        "education_cost": 0.03,
    },
    "assets": {"savings": 0.06, "outside_debt": 0.08, "farmland_mu": 0.02},
    "loans": {"borrower_member_id": 0.02, "declared_use": 0.03, "subsidy_share": 0.02},
    "loan_events": {"amount": 0.05},
    "payments": {"payer": 0.005},
    "credit_events": {"amount": 0.05},
    "policies": {"sum_insured": 0.03},
    "claims": {"claimed_amount": 0.03},
    "hardships": {"loss_amount": 0.10},
    "village_reviews": {"civility_points": 0.03},
}
"""Share of cells that are empty; assumed."""
_OTHER_GAPS = 0.004  # share of every other cell that may be empty; assumed
_EMPTY_HAS_MEANING = {
    *("schedule_no", "new_matures_on", "renews_loan_id", "closed_on", "resolved_on", "paid_amount", "settled_on"),
    *("registered_on", "wage_income", "business_income", "production_cost", "subsidy_manner", "withdrawn"),
}
"""Columns in which an empty cell says that there is none, or without which a survey is worthless."""
_NEVER_FILLED = {"hardships": {"member_id"}}
"""Columns that no office of the simulated counties fills."""
_WITHOUT_GAPS = {name: {*table.required_columns, *_EMPTY_HAS_MEANING, "known_on"} for name, table in TABLES.items()}
_CORRECTED = {
    "income_statements": ("business_income", 1.0),
    "assets": ("savings", 1.0),
    "policies": ("sum_insured", 1.0),
    "payments": ("interest_paid", 0.1),
}
"""Column of a table whose first delivery is sometimes wrong and corrected weeks later, and how often against the
parameter `corrected`; assumed."""


def deliver_tables(world: World, start: int, folder: Path) -> list[str]:
    """Write a county's file of each of its fourteen tables; returns the ids of the loans in them.

    A loan is delivered if it is known by the last day and was open when month `start` began, or if such a loan renews
    it. Rows not known by the last day, or too old to matter, are left out.
    """
    book, county_number = world.book, world.villages.county_number
    delivered = (book.known_on <= END) & ((book.closed_on == NEVER) | (book.closed_on >= first_day(start)))
    delivered[book.renews[delivered & (book.renews >= 0)]] = True
    loans = identifiers("loan_id", pl.Series(np.flatnonzero(delivered)), county_number).to_list()
    frames = {}
    for name in COUNTY_TABLES:
        table = TABLES[name]
        rows = _typed_frame(table, world.diary.chunks.get(name, []), county_number)
        rows = rows.filter(pl.col("known_on").cast(pl.Int32) <= END)
        if "loan_id" in table.column_names:
            rows = rows.filter(pl.col("loan_id").is_in(loans))
        elif name in _AGE_COLUMNS:
            rows = rows.filter(pl.col(_AGE_COLUMNS[name]).cast(pl.Int32) >= first_day(start - BACKLOG))
        frames[name] = rows
    frames["claims"] = frames["claims"].join(frames["policies"], on="policy_id", how="semi")
    for name, rows in frames.items():
        rows = add_gaps(world, TABLES[name], add_corrections(world, name, rows))
        version_key = [*TABLES[name].key, "known_on"]
        rows = rows.unique(version_key, keep="last", maintain_order=True).sort(version_key)
        write_parquet(rows, folder / name / f"{world.villages.county_code}.parquet")
    return loans


def deliver_prices(prices: Prices, start: int, folder: Path) -> None:
    """Write the price list, which is one for all counties."""
    rows = _typed_frame(TABLES["prices"], [price_list(prices, start - BACKLOG, LAST_MONTH)], county_number=1)
    write_parquet(rows.sort(*TABLES["prices"].key), folder / "prices" / "all.parquet")


def identifiers(column: str, numbers: pl.Series, county_number: int) -> pl.Series:
    """Numbers as identifiers of a column, such as `L010000012` for `loan_id`; null where a number is below 0."""
    text = _ID_PREFIXES[column] + f"{county_number:02d}" + numbers.cast(pl.String).str.zfill(7)
    return text.set(numbers < 0, None)


def _typed_frame(table: ContractTable, chunks: list[Chunk], county_number: int) -> pl.DataFrame:
    """Rows of a table in the contract's columns and types."""
    if not chunks:
        return pl.DataFrame(schema=table.schema)
    columns = []
    for name in table.column_names:
        dtype = table.schema[name]
        if name in _NEVER_FILLED.get(table.name, ()):
            columns.append(pl.Series(name, [None] * sum(len(chunk[table.key[0]]) for chunk in chunks), dtype))
            continue
        values = pl.Series(name, np.concatenate([chunk[name] for chunk in chunks]))
        if name in _ID_PREFIXES:
            values = identifiers(name, values, county_number).alias(name)
        elif dtype == pl.Date:
            values = values.set(values == NEVER, None).cast(pl.Int32).cast(pl.Date)
        elif dtype == pl.Float64:
            values = values.cast(pl.Float64).fill_nan(None).round(4 if name == "annual_rate" else 2)
        else:
            values = values.cast(dtype)
        if dtype == pl.String:
            values = values.set(values == "", None)
        columns.append(values)
    return pl.DataFrame(columns)


def add_corrections(world: World, table_name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Give some rows a wrong amount, and add versions with the right one, known ten to sixty days later.

    Returns the columns of `rows`, those of the contract's table.
    """
    if table_name not in _CORRECTED:
        return rows
    (column, often), rng = _CORRECTED[table_name], world.chance.records
    is_wrong = pl.Series(rng.random(rows.height) < world.parameters.corrected * often)
    days = pl.Series("days", rng.integers(10, 61, rows.height))
    corrections = rows.with_columns(days).filter(is_wrong).with_columns(pl.col("known_on") + pl.duration(days="days"))
    wrong_amount = (pl.col(column) * 0.8).round(2)
    first = rows.with_columns(pl.when(is_wrong).then(wrong_amount).otherwise(pl.col(column)).alias(column))
    return pl.concat([first, corrections.select(rows.columns).filter(pl.col("known_on").cast(pl.Int32) <= END)])


def add_gaps(world: World, table: ContractTable, rows: pl.DataFrame) -> pl.DataFrame:
    """Empty some of the cells that may be empty; returns the columns of `rows`, those of the contract's `table`."""
    shares, gaps = _GAPS.get(table.name, {}), []
    for column in table.column_names:
        share = shares.get(column, 0.0 if column in _WITHOUT_GAPS[table.name] else _OTHER_GAPS)
        if share:
            empty = pl.Series(world.chance.records.random(rows.height) < share)
            if column == "subsidy_share":  # a missing share is 0: where there is a subsidy, the bank says so
                empty &= rows[column].fill_null(0) == 0
            if column == "payer":  # without one it would count as the household's
                empty &= rows[column] != "subsidy"
            gaps.append(pl.when(~empty).then(pl.col(column)).alias(column))
    return rows.with_columns(gaps)
