"""From the diary to files: what the county knew by the end, with gaps and corrections, sorted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from features.sources.table import Table
from features.sources.tables import TABLES
from training.simulate.book import FINDINGS, OUTCOMES
from training.simulate.days import END, NEVER, first_day
from training.simulate.diary import Chunk
from training.simulate.world import World

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
    "prices": "known_on",
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
_FIRST_WRONG = {"income_statements": "business_income", "assets": "savings", "policies": "sum_insured"}
"""Columns whose first delivery was sometimes wrong and is corrected weeks later; assumed."""


def deliver(world: World, start: int, out: Path) -> None:
    """All fifteen tables of the contract, and the truth beside them where nothing else looks."""
    (out / "truth").mkdir(parents=True, exist_ok=True)
    loans = _kept(world, start)
    frames = {name: _handed_over(world, table, start, loans) for name, table in TABLES.items()}
    frames["claims"] = frames["claims"].join(frames["policies"], on="policy_id", how="semi")
    for name, frame in frames.items():
        _finished(world, TABLES[name], frame).write_parquet(out / f"{name}.parquet")
    _truth(world).filter(pl.col("loan_id").is_in(loans)).write_parquet(out / "truth" / "loans.parquet")


def _handed_over(world: World, table: Table, start: int, loans: list[str]) -> pl.DataFrame:
    """Rows known by the last day, without those too old to matter."""
    frame = _frame(table, world.diary.chunks.get(table.name, [])).filter(pl.col("known_on").cast(pl.Int32) <= END)
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
    return _named("loan_id", pl.Series(np.flatnonzero(current))).to_list()


def _named(column: str, numbers: pl.Series) -> pl.Series:
    """Numbers as identifiers; below zero is none."""
    text = _ID[column] + numbers.cast(pl.String).str.zfill(7)
    return text.set(numbers < 0, None)


def _frame(table: Table, chunks: list[Chunk]) -> pl.DataFrame:
    """The chunks of one table as typed columns."""
    if not chunks:
        return pl.DataFrame(schema=table.schema)
    return pl.DataFrame([_column(table, name, [chunk[name] for chunk in chunks]) for name in table.names])


def _column(table: Table, name: str, parts: list[np.ndarray]) -> pl.Series:
    values = pl.Series(name, np.concatenate(parts))
    dtype = table.schema[name]
    if name in _ID:
        return _named(name, values).alias(name)
    if dtype == pl.Date:
        return values.set(values == NEVER, None).cast(pl.Int32).cast(pl.Date)
    if dtype == pl.Float64:
        return values.cast(pl.Float64).fill_nan(None).round(4 if name == "annual_rate" else 2)
    return values.cast(dtype)


def _with_corrections(world: World, name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Some first rows carry a wrong amount; the right one comes ten to sixty days later."""
    column = _FIRST_WRONG.get(name)
    if column is None:
        return frame
    rng = world.chance.records
    hit = pl.Series(rng.random(frame.height) < world.p.corrected)
    days = pl.Series("days", rng.integers(10, 61, frame.height))
    later = frame.with_columns(days).filter(hit).with_columns(pl.col("known_on") + pl.duration(days="days"))
    less = (pl.col(column) * 0.8).round(2)
    wrong = frame.with_columns(pl.when(hit).then(less).otherwise(pl.col(column)).alias(column))
    return pl.concat([wrong, later.select(frame.columns).filter(pl.col("known_on").cast(pl.Int32) <= END)])


def _with_gaps(world: World, name: str, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(_gaps(world, name, frame.height))


def _gaps(world: World, name: str, height: int) -> Iterator[pl.Expr]:
    for column, share in _GAPS.get(name, {}).items():
        empty = pl.Series(world.chance.records.random(height) < share)
        yield pl.when(~empty).then(pl.col(column)).alias(column)


def _truth(world: World) -> pl.DataFrame:
    """How each loan ended by the last day, and its highest chance of a payment not being made when due."""
    book = world.book
    return pl.DataFrame(
        {
            "loan_id": _named("loan_id", pl.Series(np.arange(len(book)))),
            "outcome": pl.Series(np.array(OUTCOMES)[np.where(book.closed > END, 0, book.outcome)]),
            "extended": pl.Series(book.schedule > 1),
            "true_use": pl.Series(np.array(FINDINGS)[book.true_use]),
            "hazard": pl.Series(book.hazard),
        }
    )
