"""The light policy of a model: the probabilities from which loans are yellow and red, and how they were chosen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.light import Light

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NEVER = 2.0
"""A threshold that no probability reaches."""
LEVELS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "Identifier of the loan."),
        "as_of": FrameColumn(None, "Month end."),
        "probability": FrameColumn(pl.Float64(), "Calibrated probability of going bad."),
        "level": FrameColumn(pl.Int8(), "0 green, 1 yellow, 2 red; missing without a probability."),
    },
    extra="the other columns of the rows that were passed in, in their order",
)


@dataclass(frozen=True)
class Thresholds:
    """The lowest probabilities that are yellow and red."""

    yellow_from: float
    red_from: float


@dataclass(frozen=True)
class Policy:
    """Thresholds on the calibrated probability. Its fields are the keys of a bundle's policy.json.

    Args:
        yellow_from: the lowest probability that is yellow.
        red_from: the lowest probability that is red.
        chosen_by: how the thresholds were chosen (`rules_visits`, `capacity`, `cost`).
        terms: the numbers they were chosen by.
        keeps: hysteresis. A loan stays yellow or red until its probability falls below this share of the threshold; 1
            for none.
        by: the column by whose values thresholds differ (`bank` or `township_code`); None where they do not.
        groups: the thresholds of each such value; other values have the general ones.

    Example:
        >>> import polars as pl
        >>> from models.policy import Policy
        >>> policy = Policy(yellow_from=0.1, red_from=0.4, chosen_by="capacity", keeps=0.8)
        >>> loans = pl.DataFrame({"probability": [0.09, 0.1, 0.5], "previous": [1, 0, 0]})
        >>> loans.select(policy.level(pl.col("probability"), pl.col("previous")).alias("level"))["level"].to_list()
        [1, 1, 2]
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
        """Eight hexadecimal digits of a hash of all fields."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:8]

    @property
    def group_columns(self) -> tuple[str, ...]:
        """The column that `level` needs beside the probability, if any."""
        return () if self.by is None else (self.by,)

    def level(self, probability: pl.Expr, previous_level: pl.Expr | None = None) -> pl.Expr:
        """The light of each row: 0, 1, 2 for green, yellow, red; null without a probability.

        A probability equal to a threshold reaches it. previous_level: the level of the month before, null for none;
        without it there is no hysteresis.
        """
        unsmoothed = self._level_at_share(probability, 1.0)
        if previous_level is None or self.keeps == 1.0:
            return unsmoothed
        retained = pl.min_horizontal(
            previous_level.fill_null(int(Light.GREEN)), self._level_at_share(probability, self.keeps)
        )
        return pl.when(probability.is_not_null()).then(pl.max_horizontal(unsmoothed, retained))

    @returns(LEVELS_SCHEMA)
    def levels_by_month(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of consecutive month ends with their `level`, with hysteresis from each month to the next.

        rows: sorted by `as_of`, with `loan_id`, `probability` and the column that the policy goes `by`.
        """
        months: list[pl.DataFrame] = []
        for (_,), month in rows.group_by("as_of", maintain_order=True):
            previous_month = months[-1] if months else month.clear().with_columns(pl.lit(None, pl.Int8).alias("level"))
            previous_levels = previous_month.select("loan_id", was="level")
            with_previous = month.join(previous_levels, on="loan_id", how="left", maintain_order="left")
            level = self.level(pl.col("probability"), pl.col("was")).cast(pl.Int8).alias("level")
            months.append(with_previous.with_columns(level).drop("was"))
        return pl.concat(months)

    def _level_at_share(self, probability: pl.Expr, share: float) -> pl.Expr:
        level = (
            pl.when(probability >= share * self.threshold("red_from"))
            .then(int(Light.RED))
            .when(probability >= share * self.threshold("yellow_from"))
            .then(int(Light.YELLOW))
            .otherwise(int(Light.GREEN))
        )
        return pl.when(probability.is_not_null()).then(level)

    def threshold(self, which: str) -> pl.Expr:
        """The threshold of each row; which: `yellow_from` or `red_from`."""
        general = getattr(self, which)
        if self.by is None:
            return pl.lit(general)
        own = {code: getattr(thresholds, which) for code, thresholds in self.groups.items()}
        return pl.col(self.by).replace_strict(own, default=general, return_dtype=pl.Float64)


def policy_of(stored: Mapping[str, Any]) -> Policy:
    """The policy whose `asdict` was stored. Raises KeyError or TypeError where it is none."""
    groups = {code: Thresholds(**each) for code, each in stored["groups"].items()}
    return Policy(**{**stored, "groups": groups})


class Panel:
    """Probabilities of loans over consecutive month ends, as a matrix of loans x months.

    row, month: the position of each probability. shape: of the matrix. A loan without a row in a month is not flagged.
    """

    def __init__(self, loans: pl.Series, month_ends: pl.Series, probability: Floats) -> None:
        self.row = loans.rank("dense").to_numpy().astype(np.int64) - 1
        self.month = month_ends.rank("dense").to_numpy().astype(np.int64) - 1
        self.shape = (int(self.row.max(initial=-1)) + 1, int(self.month.max(initial=-1)) + 1)
        self.probability = probability
        self._table = np.full(self.shape, -1.0)
        self._table[self.row, self.month] = probability

    def flagged_rows(self, threshold: float, keeps: float) -> Bools:
        """Whether each row is flagged (reaches the threshold), with hysteresis as `Policy.keeps` describes it."""
        flagged = np.zeros(self.shape, dtype=np.bool_)
        is_flagged = np.zeros(self.shape[0], dtype=np.bool_)
        for month in range(self.shape[1]):
            probability = self._table[:, month]
            is_flagged = (probability >= threshold) | (is_flagged & (probability >= keeps * threshold))
            flagged[:, month] = is_flagged
        return np.asarray(flagged[self.row, self.month], dtype=np.bool_)


def thresholds_at_capacity(panel: Panel, red_capacity: int, flagged_capacity: int, keeps: float = 1.0) -> Thresholds:
    """The lowest thresholds at which no more rows are red, and red or yellow, than can be visited.

    Rows of equal probability that would exceed the capacity together are not flagged.
    """
    return Thresholds(_lowest_threshold(panel, flagged_capacity, keeps), _lowest_threshold(panel, red_capacity, keeps))


def _lowest_threshold(panel: Panel, capacity: int, keeps: float) -> float:
    """The lowest probability of the panel that, as threshold, flags no more rows than the capacity; by bisection."""
    if capacity <= 0:
        return NEVER
    candidates = np.unique(panel.probability)
    low, high = 0, len(candidates)
    while low < high:
        middle = (low + high) // 2
        fits = int(panel.flagged_rows(float(candidates[middle]), keeps).sum()) <= capacity
        low, high = (low, middle) if fits else (middle + 1, high)
    return float(candidates[low]) if low < len(candidates) else NEVER
