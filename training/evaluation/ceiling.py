"""The ceiling: how well anybody could rank the loans of a simulated county, judged from its true hazards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import binom

from models.boosting import Floats

_LEVELS = np.concatenate(([0.0], np.geomspace(1e-4, 0.999, 80)))
_ENOUGH_ROUNDS = 3000
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ceiling:
    """What ranking by the true hazard h reaches, where loan i goes bad with chance h_i.

    hazard, share: the distribution of hazards, ascending: share of the loans with that hazard.
    """

    hazard: Floats
    share: Floats

    @cached_property
    def auc(self) -> float:
        """sum over i, j of h_i (1 - h_j) ([h_i > h_j] + [h_i = h_j] / 2) / sum over i, j of h_i (1 - h_j)."""
        bad, good = self.share * self.hazard, self.share * (1 - self.hazard)
        below = np.cumsum(good) - good
        return float((bad * (below + good / 2)).sum() / (bad.sum() * good.sum()))

    @property
    def mean(self) -> float:
        return float(self.share @ self.hazard)

    def recall(self, visited: float) -> float:
        """The share of all that goes bad that is met by visiting the riskiest share `visited` of the loans."""
        riskier = np.cumsum(self.share[::-1])[::-1] - self.share
        taken = np.clip(visited - riskier, 0, self.share)
        return float(taken @ self.hazard / self.mean)


def hazards(inbox: Path) -> pl.DataFrame:
    """The truth of a simulated inbox: `loan_id`, `as_of`, `replicates`, `went_bad`, `hazard` (their quotient)."""
    return pl.read_parquet(inbox / "truth" / "hazards" / "*.parquet")


def ceiling(month: pl.DataFrame) -> Ceiling:
    """The best reachable ranking of loans whose hazards were each counted in the same number of futures.

    A single hazard is only known as k of R futures, and ranking by noisy counts flatters itself on its own noise. The
    distribution of hazards is what AUC and recall hang on, and all counts together do tell it: the one under which
    they are likeliest, over a grid of hazards, found by expectation maximisation.
    Source: Laird 1978, Nonparametric maximum likelihood estimation of a mixing distribution.
    """
    tries = int(month["replicates"].unique().item())
    counted = np.bincount(month["went_bad"].to_numpy(), minlength=tries + 1) / month.height
    return Ceiling(_LEVELS, _likeliest(counted, tries))


def _likeliest(counted: Floats, tries: int) -> Floats:
    """Shares of the grid's hazards; counted: share of the loans that went bad in 0, 1, ... of the tries."""
    likelihood = binom.pmf(np.arange(tries + 1)[:, None], tries, _LEVELS[None, :])
    shares = np.full(len(_LEVELS), 1 / len(_LEVELS))
    for _ in range(_ENOUGH_ROUNDS):
        shares *= likelihood.T @ (counted / (likelihood @ shares))
    return np.asarray(shares, dtype=np.float64)
