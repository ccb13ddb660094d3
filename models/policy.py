"""The policy: from which probability a loan is yellow and red, and how these thresholds were chosen."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from models.light import Light

NEVER = 2.0
"""A threshold that no probability reaches."""


@dataclass(frozen=True)
class Policy:
    """Thresholds on the published probability, and the visits they were set by.

    chosen_by: how. visits_red, visits_any: how many loans of the policy fold the rules lit red, and red or
    yellow; the model lights as many. rows: loans in that fold.
    """

    yellow_from: float
    red_from: float
    chosen_by: str
    visits_red: int
    visits_any: int
    rows: int

    @property
    def version(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:8]

    def level(self, probability: pl.Expr) -> pl.Expr:
        """0, 1, 2 for green, yellow, red; a probability on the threshold counts as above it."""
        level = (
            pl.when(probability >= self.red_from)
            .then(int(Light.RED))
            .when(probability >= self.yellow_from)
            .then(int(Light.YELLOW))
            .otherwise(int(Light.GREEN))
        )
        return pl.when(probability.is_not_null()).then(level)


def policy_at_visits(probability: npt.NDArray[np.float64], visits_red: int, visits_any: int) -> Policy:
    """Thresholds at which the model visits as many loans as the rules, never more: a tie too large is left out."""
    return Policy(
        yellow_from=_threshold(probability, visits_any),
        red_from=_threshold(probability, visits_red),
        chosen_by="rules_visits",
        visits_red=visits_red,
        visits_any=visits_any,
        rows=len(probability),
    )


def _threshold(probability: npt.NDArray[np.float64], visits: int) -> float:
    """The lowest published probability that at most `visits` rows reach."""
    ordered = np.sort(probability)[::-1]
    if visits <= 0 or not len(ordered):
        return NEVER
    if visits >= len(ordered):
        return float(ordered[-1])
    reached = ordered[ordered > ordered[visits]]
    return float(reached[-1]) if len(reached) else NEVER
