"""The best ranking of the loans of a simulated county that its true hazards allow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import binom

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.raw_score import Floats

_HAZARD_GRID = np.concatenate(([0.0], np.geomspace(1e-4, 0.999, 80)))
_EM_ROUNDS = 3000


@dataclass(frozen=True)
class Ceiling:
    """AUC and recall that ranking by the true hazard h reaches, where loan i goes bad with probability h_i.

    hazard, share: the distribution of hazards in ascending order: `share` of the loans have that hazard.
    """

    hazard: Floats
    share: Floats

    @cached_property
    def auc(self) -> float:
        """The expected AUC.

        sum over i, j of h_i (1 - h_j) ([h_i > h_j] + [h_i = h_j] / 2) / sum over i, j of h_i (1 - h_j).
        """
        bad, good = self.share * self.hazard, self.share * (1 - self.hazard)
        below = np.cumsum(good) - good
        return float((bad * (below + good / 2)).sum() / (bad.sum() * good.sum()))

    @property
    def mean(self) -> float:
        """The mean hazard: the expected share of loans that go bad."""
        return float(self.share @ self.hazard)

    def recall(self, capacity: float) -> float:
        """The expected share of bad loans that are visited, where the riskiest share `capacity` of the loans is."""
        riskier = np.cumsum(self.share[::-1])[::-1] - self.share
        visited = np.clip(capacity - riskier, 0, self.share)
        return float(visited @ self.hazard / self.mean)


HAZARDS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "Identifier of the loan."),
        "as_of": FrameColumn(pl.Date(), "Month end from which the futures were simulated."),
        "replicates": FrameColumn(pl.Int64(), "Number of futures simulated."),
        "went_bad": FrameColumn(pl.Int64(), "Number of futures in which the loan went bad within the horizon."),
        "hazard": FrameColumn(pl.Float64(), "`went_bad` / `replicates`."),
    }
)


@returns(HAZARDS_SCHEMA)
def true_hazards(inbox: Path) -> pl.DataFrame:
    """The true hazards in the folder of a simulated delivery, a row a loan and month end."""
    return pl.read_parquet(inbox / "truth" / "hazards" / "*.parquet")


def ranking_ceiling(hazard_counts: pl.DataFrame) -> Ceiling:
    """The ceiling over loans whose hazards were each estimated from the same number of simulated futures.

    A single hazard is only known as k of R futures, and ranking by such noisy counts would look better than any real
    ranking. AUC and recall need only the distribution of the hazards: the one on a grid under which all counts
    together are likeliest, found by expectation maximisation.
    Source: Laird 1978, Nonparametric maximum likelihood estimation of a mixing distribution.

    hazard_counts: `replicates` (futures, the same for all) and `went_bad` (number of them), as in `true_hazards`.
    """
    replicates = int(hazard_counts["replicates"].unique().item())
    counts = np.bincount(hazard_counts["went_bad"].to_numpy(), minlength=replicates + 1) / hazard_counts.height
    likelihood = binom.pmf(np.arange(replicates + 1)[:, None], replicates, _HAZARD_GRID[None, :])
    shares = np.full(len(_HAZARD_GRID), 1 / len(_HAZARD_GRID))
    for _ in range(_EM_ROUNDS):
        shares *= likelihood.T @ (counts / (likelihood @ shares))
    return Ceiling(_HAZARD_GRID, np.asarray(shares, dtype=np.float64))
