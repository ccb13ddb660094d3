"""What truly is, beside the tables and never in them: hazards, ends of loans, the purse of some households."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from features.atomic_files import write_parquet
from training.simulate.days import END, NEVER, first_day, last_day
from training.simulate.delivery import identifiers
from training.simulate.hazards import Futures
from training.simulate.industries import INDUSTRIES
from training.simulate.loan_book import FINDINGS, OUTCOMES
from training.simulate.world import World

_WATCHED = 200
"""Households of a county whose purse is written down."""


@dataclass(slots=True)
class Truth:
    """The frames of one county's truth, as they come about month by month."""

    hazards: list[pl.DataFrame] = field(default_factory=list)
    households: list[pl.DataFrame] = field(default_factory=list)

    def watch(self, world: World, month: int) -> None:
        """A month end of the watched households: yuan of cash and debt, animals or mu or stock held."""
        homes = world.homes
        who = np.unique(np.linspace(0, len(homes) - 1, min(_WATCHED, len(homes))).astype(np.int64))
        self.households.append(
            pl.DataFrame(
                {
                    "household_id": identifiers("household_id", pl.Series(who), world.places.number),
                    "month": _day(first_day(month), len(who)),
                    "industry": np.array([each.code for each in INDUSTRIES])[homes.industry[who]],
                    "units": homes.units[who].round(1),
                    "cash": homes.cash[who].round(2),
                    "debt": homes.debt[who].round(2),
                }
            )
        )

    def try_futures(self, world: World, month: int, seed: int, replicates: int) -> Iterator[int]:
        """Find the hazards at the end of that month; yields the number of each future once it is lived."""
        futures = Futures(world, month, seed)
        went_bad = np.zeros(len(futures.loans), dtype=np.int64)
        for replicate in range(replicates):
            went_bad += futures.bad_in(replicate)
            yield replicate
        self.hazards.append(
            pl.DataFrame(
                {
                    "loan_id": identifiers("loan_id", pl.Series(futures.loans), world.places.number),
                    "as_of": _day(last_day(month), len(went_bad)),
                    "replicates": np.full(len(went_bad), replicates),
                    "went_bad": went_bad,
                    "hazard": went_bad / replicates,
                }
            )
        )

    def write(self, world: World, delivered: list[str], folder: Path) -> None:
        """`truth/<what>/<county>.parquet`; of loans, only those that the tables know."""
        loans = _loans(world)
        frames = {"loans": [loans], "households": self.households, "hazards": self.hazards}
        for name, parts in frames.items():
            if parts:
                frame = pl.concat(parts)
                kept = frame.filter(pl.col("loan_id").is_in(delivered)) if "loan_id" in frame.columns else frame
                write_parquet(kept, folder / "truth" / name / f"{world.places.county_code}.parquet")


def _loans(world: World) -> pl.DataFrame:
    """How each loan ended by the last day, and the day on which it went bad by the contract."""
    book = world.book
    return pl.DataFrame(
        {
            "loan_id": identifiers("loan_id", pl.Series(np.arange(len(book))), world.places.number),
            "outcome": pl.Series(np.array(OUTCOMES)[np.where(book.closed > END, 0, book.outcome)]),
            "extended": pl.Series(book.schedule > 1),
            "true_use": pl.Series(np.array(FINDINGS)[book.true_use]),
            "bad_on": pl.Series(book.bad_on).set(pl.Series(book.bad_on == NEVER), None).cast(pl.Int32).cast(pl.Date),
        }
    )


def _day(day: int, size: int) -> pl.Series:
    return pl.Series(np.full(size, day, dtype=np.int32)).cast(pl.Date)
