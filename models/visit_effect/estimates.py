"""The effect of visits with its interval: by a comparison at the yellow threshold, and by visits that were drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import polars as pl

from models.raw_score import Floats

Counts = npt.NDArray[np.int64]
LevelsOf = Callable[[Floats], Floats]
_DRAWS, _DRAWS_AT_ONCE, _SEED = 1000, 50, 20260101
_PERCENTILES = (2.5, 97.5)
_Z = 1.959964
"""Standard deviations to both ends of 95% of a normal distribution."""


@dataclass(frozen=True)
class Interval:
    """A value with its 95% interval; None where the data do not bound it."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Verdict(StrEnum):
    """What an estimate says."""

    FEW = "few"
    OPEN = "open"
    FEWER_BAD = "fewer_bad"
    MORE_BAD = "more_bad"


@dataclass(frozen=True)
class VisitEstimate:
    """What visits do, by two groups that differ in how often they were visited, and by chance alone in all else.

    loans, bad: loan-months compared, and those gone bad. visited: visits in the group sent to, and in the other.
    change: its rate gone bad less that of the other, for all whom a light or a draw sent an officer to (intention to
    treat). visit_rate: the same of the rate visited. per_visit: change for each loan visited for that reason.
    averted: of such loans that would have gone bad, the share that did not.
    """

    loans: int
    households: int
    bad: int
    visited: tuple[int, int]
    change: Interval
    visit_rate: Interval
    per_visit: Interval
    averted: Interval
    verdict: Verdict


def margin_estimate(rows: pl.DataFrame, least_bad: int) -> VisitEstimate:
    """The effect by loans just above and just below the yellow threshold (fuzzy regression discontinuity).

    On each side, within `width` ranks, a line in the probability is fitted with triangular weights by rank; what
    differs at the threshold is the effect of being lit. Divided by the difference in visits it is that of a visit.
    Intervals: bootstrap over households; of quotients, Fieller's from its covariances, which may have no bound.

    Sources: Imbens, Lemieux 2008, Regression discontinuity designs: a guide to practice; Abadie 2003 (compliers);
    Fieller 1954.

    rows: of matured months, in the columns of `VISITED_LOANS_SCHEMA`. least_bad: bad loans from which it is told.
    """
    compared = rows.filter((pl.col("rank").abs() <= pl.col("width")).fill_null(False))
    kernel = (1 - (compared["rank"].abs() - 0.5) / compared["width"]).to_numpy()
    is_above, offset = (compared["rank"] > 0).to_numpy(), compared["above"].to_numpy()
    columns = []
    for side in (~is_above, is_above):
        weight = kernel * side
        columns += [weight, weight * offset, weight * offset**2]
        columns += [weight * power * outcome for outcome in _outcomes(compared) for power in (1.0, offset)]

    def levels(sums: Floats) -> Floats:
        """The height of each line at the threshold, by side and outcome."""
        side = sums.reshape(-1, 2, 9)
        w, wx, wxx = (side[..., number, None] for number in range(3))
        return np.asarray((wxx * side[..., 3::2] - wx * side[..., 4::2]) / (w * wxx - wx**2))

    return _estimate(compared, is_above, np.column_stack(columns), levels, least_bad)


def trial_estimate(rows: pl.DataFrame, least_bad: int) -> VisitEstimate:
    """The effect by loans that were drawn for a visit and those that might have been: a difference of two shares.

    A loan counts once a draw, in the first month in which it was near the threshold, and only where it was not visited
    before: what comes later may be the work of the draw. Where the share drawn differs between months, each loan counts
    by the inverse of the chance of its arm.

    rows: of matured months, in the columns of `VISITED_LOANS_SCHEMA`. least_bad: bad loans from which it is told.
    """
    near = rows.filter(pl.col("drawn").is_not_null()).sort("as_of", "loan_id")
    compared = near.unique(["loan_id", "draw"], keep="first", maintain_order=True).filter(~pl.col("visited_before"))
    is_drawn, weight = compared["drawn"].to_numpy(), compared["weight"].to_numpy()
    columns = []
    for arm in (~is_drawn, is_drawn):
        columns += [weight * arm, *(weight * arm * outcome for outcome in _outcomes(compared))]

    def levels(sums: Floats) -> Floats:
        arm = sums.reshape(-1, 2, 4)
        return np.asarray(arm[..., 1:] / arm[..., :1])

    return _estimate(compared, is_drawn, np.column_stack(columns), levels, least_bad)


def _outcomes(rows: pl.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Whether each loan went bad, was visited, and went bad without a visit."""
    bad, visited = rows["bad"].to_numpy().astype(np.float64), rows["visited"].to_numpy().astype(np.float64)
    return bad, visited, bad * (1 - visited)


def _estimate(
    rows: pl.DataFrame, is_treated: npt.NDArray[np.bool_], columns: Floats, levels_of: LevelsOf, least_bad: int
) -> VisitEstimate:
    """The estimate from sums by household; levels_of: from sums, the rates of the untreated and treated group."""
    bad, visited = int(rows["bad"].sum()), rows["visited"].to_numpy()
    counts = (int(visited[is_treated].sum()), int(visited[~is_treated].sum()))
    households = rows["household_id"].rank("dense").to_numpy().astype(np.int64) - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        levels = levels_of(_drawn_sums(columns, households))
    change, visit_rate, untreated = (levels[:, 1] - levels[:, 0]).T
    intervals = {
        "change": _percentile_interval(change),
        "visit_rate": _percentile_interval(visit_rate),
        "per_visit": _fieller_interval(change, visit_rate),
        "averted": _fieller_interval(-change, -untreated),
    }
    told, number = intervals["change"], int(households.max(initial=-1)) + 1
    if bad < least_bad or intervals["per_visit"].low is None or told.low is None or told.high is None:
        verdict = Verdict.FEW if bad < least_bad else Verdict.OPEN
    elif told.low <= 0 <= told.high:
        verdict = Verdict.OPEN
    else:
        verdict = Verdict.FEWER_BAD if told.high < 0 else Verdict.MORE_BAD
    return VisitEstimate(rows.height, number, bad, counts, **intervals, verdict=verdict)


def _drawn_sums(columns: Floats, households: Counts) -> Floats:
    """The sums of the columns over all households, of the sample itself first and then of each bootstrap draw."""
    number = int(households.max(initial=-1)) + 1
    by_household = np.column_stack([np.bincount(households, column, number) for column in columns.T])
    generator, sums = np.random.default_rng(_SEED), [by_household.sum(axis=0)[None]]
    for _ in range(_DRAWS // _DRAWS_AT_ONCE if number else 0):
        cells = generator.integers(0, number, (_DRAWS_AT_ONCE, number)) + number * np.arange(_DRAWS_AT_ONCE)[:, None]
        drawn = np.bincount(cells.ravel(), minlength=number * _DRAWS_AT_ONCE).reshape(_DRAWS_AT_ONCE, number)
        sums.append(drawn.astype(np.float64) @ by_household)
    return np.concatenate(sums)


def _percentile_interval(drawn: Floats) -> Interval:
    """The sample's own value, the first, with the middle 95% of the others."""
    sound = drawn[1:][np.isfinite(drawn[1:])]
    if not np.isfinite(drawn[0]) or not len(sound):
        return Interval(None)
    low, high = np.percentile(sound, _PERCENTILES)
    return Interval(float(drawn[0]), float(low), float(high))


def _fieller_interval(numerator: Floats, denominator: Floats) -> Interval:
    """The quotient of two drawn values; without ends where the denominator may be 0."""
    sound = np.isfinite(numerator) & np.isfinite(denominator)
    if not sound[0] or sound.sum() <= 2 or denominator[0] == 0:
        return Interval(None)
    n, d = float(numerator[0]), float(denominator[0])
    (nn, nd), (_, dd) = np.cov(numerator[1:][sound[1:]], denominator[1:][sound[1:]]) * _Z**2
    a, b, c = d * d - dd, n * d - nd, n * n - nn
    if a <= 0:
        return Interval(n / d)
    root = float(np.sqrt(max(b * b - a * c, 0.0)))
    return Interval(n / d, float((b - root) / a), float((b + root) / a))
