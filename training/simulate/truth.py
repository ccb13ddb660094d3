"""Truth files, which no table shows: hazards, ends of loans, and monthly cash of some households."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from features.atomic_files import write_parquet
from training.simulate.days import END, NEVER, Ints, first_day, last_day
from training.simulate.delivery import identifiers
from training.simulate.hazards import TrialFutures
from training.simulate.industries import INDUSTRIES
from training.simulate.loan_book import FINDINGS, OUTCOMES
from training.simulate.world import World

_RECORDED_HOUSEHOLDS = 200
"""Households of a county whose cash is written by month."""


@dataclass(slots=True)
class Truth:
    """Frames of one county's truth, one each month they are recorded in.

    hazards: of each loan open and not bad, `loan_id`, `as_of`, `replicates`, `went_bad`, `hazard`. households:
    `household_id`, `month`, `industry`, `units`, `cash`, `debt`.
    """

    hazards: list[pl.DataFrame] = field(default_factory=list)
    households: list[pl.DataFrame] = field(default_factory=list)

    def record_households(self, world: World, month: int) -> None:
        """Record units (heads, mu, stock), cash and debt in yuan of some households at a month's end."""
        households, n = world.households, len(world.households)
        household = np.unique(np.linspace(0, n - 1, min(_RECORDED_HOUSEHOLDS, n)).astype(np.int64))
        self.households.append(
            pl.DataFrame(
                {
                    "household_id": identifiers("household_id", pl.Series(household), world.villages.county_number),
                    "month": _date_column(first_day(month), len(household)),
                    "industry": np.array([each.code for each in INDUSTRIES])[households.industry[household]],
                    "units": households.units[household].round(1),
                    "cash": households.cash[household].round(2),
                    "debt": households.debt[household].round(2),
                }
            )
        )

    def record_hazards(self, world: World, month: int, seed: int, replicates: int) -> Iterator[int]:
        """Count how often each loan goes bad in futures from a month's end; yields the number of each future."""
        futures = TrialFutures(world, month, seed)
        went_bad = np.zeros(len(futures.loans), dtype=np.int64)
        for replicate in range(replicates):
            went_bad += futures.gone_bad(replicate)
            yield replicate
        self.hazards.append(
            pl.DataFrame(
                {
                    "loan_id": identifiers("loan_id", pl.Series(futures.loans), world.villages.county_number),
                    "as_of": _date_column(last_day(month), len(went_bad)),
                    "replicates": np.full(len(went_bad), replicates),
                    "went_bad": went_bad,
                    "hazard": went_bad / replicates,
                }
            )
        )

    def write(self, world: World, delivered: list[str], folder: Path) -> None:
        """Write `truth/<name>/<county>.parquet` of loans, spells, households and hazards.

        loans: how each ended by the last day, and the day on which it first went bad by the contract. spells: each time
        that a loan was bad. delivered: ids of the loans that are in the tables; others are left out.
        """
        book, spells = world.book, world.spells
        bad_on = np.full(len(book), NEVER)
        bad_on[spells.loan[::-1]] = spells.bad_on[::-1]  # in the order of days: the first stays
        loans = pl.DataFrame(
            {
                "loan_id": identifiers("loan_id", pl.Series(np.arange(len(book))), world.villages.county_number),
                "outcome": pl.Series(np.array(OUTCOMES)[np.where(book.closed_on > END, 0, book.outcome)]),
                "extended": pl.Series(book.schedule > 1),
                "true_use": pl.Series(np.array(FINDINGS)[book.true_use]),
                "bad_on": _days(bad_on),
            }
        )
        times_bad = pl.DataFrame(
            {
                "loan_id": identifiers("loan_id", pl.Series(spells.loan), world.villages.county_number),
                "bad_on": _days(spells.bad_on),
                "arrears_ended_on": _days(spells.arrears_ended_on),
            }
        )
        truths = {"loans": [loans], "spells": [times_bad], "households": self.households, "hazards": self.hazards}
        for name, frames in truths.items():
            if frames:
                frame = pl.concat(frames)
                if "loan_id" in frame.columns:
                    frame = frame.filter(pl.col("loan_id").is_in(delivered))
                write_parquet(frame, folder / "truth" / name / f"{world.villages.county_code}.parquet")


def _days(day: Ints) -> pl.Series:
    return pl.Series(day).set(pl.Series(day == NEVER), None).cast(pl.Int32).cast(pl.Date)


def _date_column(day: int, size: int) -> pl.Series:
    return pl.Series(np.full(size, day, dtype=np.int32)).cast(pl.Date)
