"""The policy: from which probability a loan is yellow and red, when a light is given up, and how that was chosen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from models.light import Light

NEVER = 2.0
"""A threshold that no probability reaches."""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Thresholds:
    """The lowest probabilities that are yellow, and red."""

    yellow_from: float
    red_from: float


@dataclass(frozen=True)
class Policy:
    """Thresholds on the published probability.

    keeps: a light once lit stays until the probability falls below this share of its threshold; 1 lets go at once.
    chosen_by: how, with `terms` the numbers it was chosen by. by, groups: where each bank or township has thresholds
    of its own, the column and they.
    """

    yellow_from: float
    red_from: float
    chosen_by: str
    terms: Mapping[str, Any] = field(default_factory=dict)
    keeps: float = 1.0
    by: str | None = None
    groups: Mapping[str, Thresholds] = field(default_factory=dict)

    @cached_property
    def version(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:8]

    @property
    def goes_by(self) -> tuple[str, ...]:
        """The columns that `level` looks at besides."""
        return () if self.by is None else (self.by,)

    def level(self, probability: pl.Expr, was: pl.Expr | None = None) -> pl.Expr:
        """0, 1, 2 for green, yellow, red; null without a probability. On a threshold counts as above it.

        was: the level of the month before, null for none: without it nothing is kept lit.
        """
        fresh = self._level(probability, 1.0)
        if was is None or self.keeps == 1.0:
            return fresh
        kept = pl.min_horizontal(was.fill_null(int(Light.GREEN)), self._level(probability, self.keeps))
        return pl.when(probability.is_not_null()).then(pl.max_horizontal(fresh, kept))

    def lit_month_by_month(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of consecutive month ends with `level`, each month's lights kept from the one before.

        rows: `loan_id`, `as_of`, `probability`, by as_of; and the column the policy goes `by`.
        """
        lit: list[pl.DataFrame] = []
        for (_,), month in rows.group_by("as_of", maintain_order=True):
            before = lit[-1] if lit else month.clear().with_columns(pl.lit(None, pl.Int8).alias("level"))
            was = before.select("loan_id", was="level")
            told = month.join(was, on="loan_id", how="left", maintain_order="left")
            level = self.level(pl.col("probability"), pl.col("was")).cast(pl.Int8).alias("level")
            lit.append(told.with_columns(level).drop("was"))
        return pl.concat(lit)

    def _level(self, probability: pl.Expr, share: float) -> pl.Expr:
        level = (
            pl.when(probability >= share * self.threshold("red_from"))
            .then(int(Light.RED))
            .when(probability >= share * self.threshold("yellow_from"))
            .then(int(Light.YELLOW))
            .otherwise(int(Light.GREEN))
        )
        return pl.when(probability.is_not_null()).then(level)

    def threshold(self, which: str) -> pl.Expr:
        general = getattr(self, which)
        if self.by is None:
            return pl.lit(general)
        own = {code: getattr(thresholds, which) for code, thresholds in self.groups.items()}
        return pl.col(self.by).replace_strict(own, default=general, return_dtype=pl.Float64)


def policy_of(stored: Mapping[str, Any]) -> Policy:
    """What `asdict` of a policy gave."""
    groups = {code: Thresholds(**each) for code, each in stored["groups"].items()}
    return Policy(**{**stored, "groups": groups})


class Panel:
    """Probabilities of loans over consecutive month ends; what is not there is not lit."""

    def __init__(self, loans: pl.Series, month_ends: pl.Series, probability: Floats) -> None:
        self.row = loans.rank("dense").to_numpy().astype(np.int64) - 1
        self.month = month_ends.rank("dense").to_numpy().astype(np.int64) - 1
        self.shape = (int(self.row.max(initial=-1)) + 1, int(self.month.max(initial=-1)) + 1)
        self.probability = probability
        self._table = np.full(self.shape, -1.0)
        self._table[self.row, self.month] = probability

    def lit(self, threshold: float, keeps: float) -> Bools:
        """Which rows are lit from a threshold on, a light once lit staying while `keeps` allows."""
        lit = np.zeros(self.shape, dtype=np.bool_)
        before = np.zeros(self.shape[0], dtype=np.bool_)
        for month in range(self.shape[1]):
            now = self._table[:, month]
            before = (now >= threshold) | (before & (now >= keeps * threshold))
            lit[:, month] = before
        return np.asarray(lit[self.row, self.month], dtype=np.bool_)


def thresholds_at_visits(panel: Panel, visits_red: int, visits_any: int, keeps: float = 1.0) -> Thresholds:
    """The lowest thresholds with which no more rows are lit than that; a tie too large is left out."""
    return Thresholds(_lowest(panel, visits_any, keeps), _lowest(panel, visits_red, keeps))


def _lowest(panel: Panel, visits: int, keeps: float) -> float:
    """Of the probabilities there are: fewer rows are lit by a higher one, so halving finds it."""
    candidates = np.unique(panel.probability)
    if visits <= 0:
        return NEVER
    return _first(candidates, lambda threshold: int(panel.lit(threshold, keeps).sum()) <= visits)


def _first(candidates: Floats, fits: Callable[[float], bool]) -> float:
    low, high = 0, len(candidates)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(float(candidates[middle])) else (middle + 1, high)
    return float(candidates[low]) if low < len(candidates) else NEVER
