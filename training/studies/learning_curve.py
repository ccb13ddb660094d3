"""How the model's lead over the rules grows with the number of bad loans that it learns from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from models.raw_score import Floats, ModelColumn
from training.candidates import ModelSpec
from training.evaluation.at_capacity import population_at_capacity
from training.evaluation.evaluated_loans import EvaluatedLoans
from training.evaluation.report import EvaluationSettings, PopulationAtCapacity
from training.folds import split_households
from training.plan import Plan
from training.studies.bar_rows import pooled_difference

_HALVINGS = 6
_RIVALS = ("rules", "tuned_rules")


@dataclass(frozen=True)
class CurvePoint:
    """One county whose fit fold was cut down: bad loan-months left to learn from, and the judgement of that model."""

    bad: int
    population: PopulationAtCapacity


def curve_points(
    fit: pl.DataFrame, loans: EvaluatedLoans, columns: Sequence[ModelColumn], spec: ModelSpec, plan: Plan
) -> list[CurvePoint]:
    """The model as specified, fitted on half the households of the fit fold, a quarter and so on, the fewest first.

    loans: the judgement fold with the scores of all compared models. The strength of the additive model is the one that
    suited the whole fold.
    """
    points = []
    for halvings in range(_HALVINGS + 1):
        part = split_households(fit, 0, 2**halvings, plan)[1]
        bad = int(part["bad"].sum())
        if 0 < bad < part.height:
            points.append(CurvePoint(bad, _judged(loans, spec.fit(part, columns).log_odds(loans.frame))))
    return points[::-1]


def _judged(loans: EvaluatedLoans, score: Floats) -> PopulationAtCapacity:
    rivals = {name: loans.scores[name] for name in _RIVALS}
    return population_at_capacity(EvaluatedLoans(loans.frame, {"model": score, **rivals}), EvaluationSettings())


def curve_lines(counties: Mapping[int, Sequence[CurvePoint]]) -> Iterator[str]:
    """The curve of all counties pooled as lines of Markdown: a row a share of the fit fold, the smallest first."""
    yield "| bad loan-months, mean | model less the rules | 95% interval | less the tuned rules | 95% interval |"
    yield "|---|---|---|---|---|"
    for points in zip(*counties.values(), strict=False):
        populations = [point.population for point in points]
        cells = []
        for name in _RIVALS:
            difference = pooled_difference(populations, name)
            cells += [f"{difference.value or 0:+.3f}", f"{difference.low or 0:+.3f} to {difference.high or 0:+.3f}"]
        yield f"| {sum(point.bad for point in points) / len(points):,.0f} | {' | '.join(cells)} |"


def least_bad_to_learn_from(counties: Mapping[int, Sequence[CurvePoint]]) -> float | None:
    """The mean number of bad loan-months from which on the pooled model beats the rules beyond the interval, if any."""
    least = None
    for points in reversed(list(zip(*counties.values(), strict=False))):
        low = pooled_difference([point.population for point in points], "rules").low
        if low is None or low <= 0:
            break
        least = sum(point.bad for point in points) / len(points)
    return least
