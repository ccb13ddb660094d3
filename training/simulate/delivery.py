"""From the diary to files: what the county knew by the end, with gaps and corrections, sorted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from features.atomic_files import write_parquet
from features.contract.declarations import Table
from features.contract.tables import TABLES
from training.simulate.days import END, LAST_MONTH, NEVER, first_day
from training.simulate.diary import Chunk
from training.simulate.prices import Prices, quoted
from training.simulate.world import World

COUNTY_TABLES = tuple(name for name in TABLES if name != "prices")
_ID = {
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
_BACKLOG = 12  # months before the first delivered one whose surveys, reviews and events are handed over too
_AGED_BY = {
    "income_statements": "known_on",
    "assets": "known_on",
    "credit_events": "known_on",
    "policies": "insured_to",
    "hardships": "known_on",
    "village_reviews": "known_on",
}
"""The day by which a row is too old; the other tables are handed over whole, or with their loan or policy."""
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
"""Share of cells left empty; assumed."""
_LEAST_GAP = 0.004  # of every other cell that may be empty
_MEANS_NONE = {
    *("schedule_no", "new_matures_on", "renews_loan_id", "closed_on", "resolved_on", "paid_amount", "settled_on"),
    *("registered_on", "wage_income", "business_income", "production_cost"),
}
"""Columns in which an empty cell says that there is none, or without which a survey is none."""
_FILLED = {name: {*table.required, *_MEANS_NONE, "known_on"} for name, table in TABLES.items()}
_FIRST_WRONG = {
    "income_statements": ("business_income", 1.0),
    "assets": ("savings", 1.0),
    "policies": ("sum_insured", 1.0),
    "payments": ("interest_paid", 0.1),
}
"""Columns whose first delivery was sometimes wrong and is corrected weeks later, and how often against the
parameter `corrected`; assumed."""


def deliver(world: World, start: int, folder: Path) -> list[str]:
    """The county's file of each of the fourteen tables that are its own; the loans that are in them."""
    loans = _kept(world, start)
    frames = {name: _handed_over(world, TABLES[name], start, loans) for name in COUNTY_TABLES}
    frames["claims"] = frames["claims"].join(frames["policies"], on="policy_id", how="semi")
    for name, rows in frames.items():
        frame = _finished(world, TABLES[name], rows)
        write_parquet(frame, folder / name / f"{world.places.county_code}.parquet")
    return loans


def deliver_prices(prices: Prices, start: int, folder: Path) -> None:
    """One list for all counties."""
    rows = frame_of(TABLES["prices"], [quoted(prices, start - _BACKLOG, LAST_MONTH)], county=1)
    write_parquet(rows.sort(*TABLES["prices"].key), folder / "prices" / "all.parquet")


def _handed_over(world: World, table: Table, start: int, loans: list[str]) -> pl.DataFrame:
    """Rows known by the last day, without those too old to matter."""
    written = frame_of(table, world.diary.chunks.get(table.name, []), world.places.number)
    frame = written.filter(pl.col("known_on").cast(pl.Int32) <= END)
    if "loan_id" in table.names:
        return frame.filter(pl.col("loan_id").is_in(loans))
    aged = _AGED_BY.get(table.name)
    oldest = first_day(start - _BACKLOG)
    return frame if aged is None else frame.filter(pl.col(aged).cast(pl.Int32) >= oldest)


def _finished(world: World, table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Corrections and gaps added, one row a version, sorted."""
    key = [*table.key, "known_on"]
    frame = _with_gaps(world, table.name, _with_corrections(world, table.name, frame))
    return frame.unique(key, keep="last", maintain_order=True).sort(key)


def _kept(world: World, start: int) -> list[str]:
    """Loans known by the end that were still open when the first month began, or that such a loan renewed."""
    book = world.book
    current = (book.known <= END) & ((book.closed == NEVER) | (book.closed >= first_day(start)))
    renewed = book.renews[current & (book.renews >= 0)]
    current[renewed] = True
    return identifiers("loan_id", pl.Series(np.flatnonzero(current)), world.places.number).to_list()


def identifiers(column: str, numbers: pl.Series, county: int) -> pl.Series:
    """Numbers as identifiers that begin with the county's number; below zero is none."""
    text = _ID[column] + f"{county:02d}" + numbers.cast(pl.String).str.zfill(7)
    return text.set(numbers < 0, None)


def frame_of(table: Table, chunks: list[Chunk], county: int) -> pl.DataFrame:
    """The chunks of one table as typed columns."""
    if not chunks:
        return pl.DataFrame(schema=table.schema)
    return pl.DataFrame([_column(table, name, [chunk[name] for chunk in chunks], county) for name in table.names])


def _column(table: Table, name: str, parts: list[np.ndarray], county: int) -> pl.Series:
    values = pl.Series(name, np.concatenate(parts))
    dtype = table.schema[name]
    if name in _ID:
        return identifiers(name, values, county).alias(name)
    if dtype == pl.Date:
        return values.set(values == NEVER, None).cast(pl.Int32).cast(pl.Date)
    if dtype == pl.Float64:
        return values.cast(pl.Float64).fill_nan(None).round(4 if name == "annual_rate" else 2)
    return values.cast(dtype)


def _with_corrections(world: World, name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Some first rows carry a wrong amount; the right one comes ten to sixty days later."""
    if name not in _FIRST_WRONG:
        return frame
    (column, often), rng = _FIRST_WRONG[name], world.chance.records
    hit = pl.Series(rng.random(frame.height) < world.p.corrected * often)
    days = pl.Series("days", rng.integers(10, 61, frame.height))
    later = frame.with_columns(days).filter(hit).with_columns(pl.col("known_on") + pl.duration(days="days"))
    less = (pl.col(column) * 0.8).round(2)
    wrong = frame.with_columns(pl.when(hit).then(less).otherwise(pl.col(column)).alias(column))
    return pl.concat([wrong, later.select(frame.columns).filter(pl.col("known_on").cast(pl.Int32) <= END)])


def _with_gaps(world: World, name: str, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(_gaps(world, TABLES[name], frame.height))


def _gaps(world: World, table: Table, height: int) -> Iterator[pl.Expr]:
    """Every cell that may be empty is so now and then."""
    shares = _GAPS.get(table.name, {})
    for column in table.names:
        share = shares.get(column, 0.0 if column in _FILLED[table.name] else _LEAST_GAP)
        if share:
            empty = pl.Series(world.chance.records.random(height) < share)
            yield pl.when(~empty).then(pl.col(column)).alias(column)
