"""Loans that were bad and have paid up: how many are bad again within the horizon, by the months since."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import beta


@dataclass(frozen=True)
class CleanMonths:
    """A range of whole months since arrears ended: from `least` to below `below`.

    counted: the share that was bad again within six months, by a hand count of a real county.
    """

    least: int
    below: int | None
    counted: float

    @property
    def zh(self) -> str:
        """The range in Chinese: `不满3个月`, `3-6个月`, `12个月以上`."""
        if self.below is None:
            return f"{self.least}个月以上"
        return f"{self.least}-{self.below}个月" if self.least else f"不满{self.below}个月"

    @property
    def words(self) -> str:
        """The range in English: `under 3`, `3-6`, `over 12`."""
        if self.below is None:
            return f"over {self.least}"
        return f"{self.least}-{self.below}" if self.least else f"under {self.below}"


CLEAN_MONTHS = (
    CleanMonths(0, 3, 0.145),
    CleanMonths(3, 6, 0.150),
    CleanMonths(6, 12, 0.076),
    CleanMonths(12, None, 0.039),
)
"""The ranges by which re-falls are told."""


@dataclass(frozen=True)
class ReFalls:
    """The loan-months of a range, those of them that are bad within the horizon, and the 95% interval of the share."""

    months: CleanMonths
    loans: int
    bad: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share that is bad within the horizon; not a number where there are no loans."""
        return self.bad / self.loans if self.loans else float("nan")


def within_months(loans: pl.DataFrame, months: CleanMonths) -> pl.DataFrame:
    """The rows of loans whose `months_since_arrears` lie in a range; a loan that never was bad has none."""
    clean = pl.col("months_since_arrears")
    below = pl.lit(True) if months.below is None else clean < months.below
    return loans.filter((clean >= months.least) & below)


def re_falls(loans: pl.DataFrame) -> tuple[ReFalls, ...]:
    """How many loans that were bad before are bad again within the horizon, for each range of CLEAN_MONTHS.

    loans: loan-months with `household_id`, `months_since_arrears` and `bad` (0 or 1); none of them is bad on its day.
    """
    counts = []
    for months in CLEAN_MONTHS:
        rows = within_months(loans, months)
        by_household = rows.group_by("household_id").agg(pl.col("bad").sum(), pl.len())
        low, high = clustered_interval(by_household["bad"].to_numpy(), by_household["len"].to_numpy())
        counts.append(ReFalls(months, rows.height, int(rows["bad"].sum()), low, high))
    return tuple(counts)


def clustered_interval(bad: np.typing.ArrayLike, rows: np.typing.ArrayLike) -> tuple[float, float]:
    """The 95% interval of the share of bad rows where the rows of one household are no independent draws.

    Jeffreys' interval at the number of independent rows that has the variance of the ratio of two sums over
    households. bad, rows: numbers of each household. From 0 to 1 without rows.
    """
    bads, sizes = np.asarray(bad, dtype=np.float64), np.asarray(rows, dtype=np.float64)
    total = sizes.sum()
    if not total:
        return 0.0, 1.0
    share = bads.sum() / total
    variance = ((bads - share * sizes) ** 2).sum() / total**2
    independent = min(total, share * (1 - share) / variance) if variance > 0 else float(len(sizes))
    low, high = beta.ppf([0.025, 0.975], share * independent + 0.5, (1 - share) * independent + 0.5)
    return (0.0 if share == 0 else float(low)), (1.0 if share == 1 else float(high))
