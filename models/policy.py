"""The light policy of a model: the probabilities from which loans are yellow and red, and how they were chosen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.light import Light

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.int8]

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


class VisitBudget(NamedTuple):
    """How many loans can be red, and how many red or yellow."""

    red: int
    lit: int


def budget_within(rules: VisitBudget, loans: int, most_lit: float) -> VisitBudget:
    """The rules' visits, but at most a share of the loans.

    Args:
        rules: the loans that the rules light.
        loans: of which they light them.
        most_lit: share of the loans that may be lit.

    Returns:
        The rules' visits where they are within the share; else as many loans as it allows, with red ones in the
        rules' proportion.

    Example:
        >>> budget_within(VisitBudget(red=20, lit=60), loans=100, most_lit=0.3)
        VisitBudget(red=10, lit=30)
        >>> budget_within(VisitBudget(red=5, lit=20), loans=100, most_lit=0.3)
        VisitBudget(red=5, lit=20)
    """
    lit = min(rules.lit, loans_in_share(loans, most_lit))
    return VisitBudget(rules.red * lit // rules.lit if rules.lit else 0, lit)


def loans_in_share(loans: int, share: float) -> int:
    """The whole number of loans in a share of them; a share such as 0.29 of 100 is 29, not 28.999."""
    return int(round(loans * share, 6))


def thresholds_at_capacity(panel: Panel, red_capacity: int, flagged_capacity: int, keeps: float = 1.0) -> Thresholds:
    """The lowest thresholds at which no more rows are red, and red or yellow, than can be visited.

    Rows of equal probability that would exceed the capacity together are not flagged.
    """
    return Thresholds(_lowest_threshold(panel, flagged_capacity, keeps), _lowest_threshold(panel, red_capacity, keeps))


def thresholds_in_month(
    probability: Floats, previous_level: Levels, least_level: Levels, budget: VisitBudget, keeps: float = 1.0
) -> Thresholds:
    """The lowest thresholds at which no more loans of a month are red, and red or yellow, than the budget has.

    Args:
        probability: of each loan.
        previous_level: its light by probability in the month before, 0 to 2; 0 for none. A light that is on stays on
            down to `keeps` of its threshold.
        least_level: the light that it has whatever the thresholds are, 0 to 2; these visits are part of the budget.
        budget: the visits.
        keeps: as in `Policy`.

    Returns:
        Thresholds that use up the budget, but for loans of equal probability that would exceed it together.

    Example:
        >>> import numpy as np
        >>> probability = np.array([0.5, 0.2, 0.17, 0.1, 0.1])
        >>> previous_level, least_level = np.array([[2, 0, 1, 0, 0], [0, 0, 0, 0, 1]], dtype=np.int8)
        >>> found = thresholds_in_month(probability, previous_level, least_level, VisitBudget(red=1, lit=3), keeps=0.8)
        >>> round(found.yellow_from, 4), round(found.red_from, 4)
        (0.2125, 0.625)
    """
    yellow, red = (
        _lowest_in_month(
            probability[least_level < light],
            previous_level[least_level < light] >= light,
            visits - int((least_level >= light).sum()),
            keeps,
        )
        for light, visits in ((Light.YELLOW, budget.lit), (Light.RED, budget.red))
    )
    return Thresholds(yellow, max(yellow, red))


def _lowest_in_month(probability: Floats, was_flagged: Bools, capacity: int, keeps: float) -> float:
    """The lowest threshold that no more loans reach, or stay on below, than the capacity."""
    reached = np.where(was_flagged, probability / keeps, probability)
    # A quotient may be rounded up, so that its product with `keeps` lies beyond the probability.
    candidates = np.unique(np.where(was_flagged & (keeps * reached > probability), np.nextafter(reached, 0), reached))

    def flagged_loans(threshold: float) -> int:
        """Loans that reach the threshold, or stay on below it."""
        return int(((probability >= threshold) | (was_flagged & (probability >= keeps * threshold))).sum())

    return _lowest_candidate(candidates, flagged_loans, capacity)


def _lowest_threshold(panel: Panel, capacity: int, keeps: float) -> float:
    """The lowest probability of the panel that, as threshold, flags no more rows than the capacity."""
    candidates = np.unique(panel.probability)
    return _lowest_candidate(candidates, lambda each: int(panel.flagged_rows(each, keeps).sum()), capacity)


def _lowest_candidate(candidates: Floats, flagged_rows: Callable[[float], int], capacity: int) -> float:
    """The lowest of ascending thresholds that flags no more rows than the capacity, by bisection; NEVER where none."""
    if capacity <= 0:
        return NEVER
    low, high = 0, len(candidates)
    while low < high:
        middle = (low + high) // 2
        fits = flagged_rows(float(candidates[middle])) <= capacity
        low, high = (low, middle) if fits else (middle + 1, high)
    return float(candidates[low]) if low < len(candidates) else NEVER
