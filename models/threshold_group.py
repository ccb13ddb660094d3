"""The threshold question: why this light and not the next, against the loans just on the other side of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from features.catalog import FEATURES
from models.boosting import Floats, matrix
from models.bundle import Bundle, Parts
from models.explain import typical_value
from models.light import Light

MOST_BESIDE = 200
LEAST_IN_COUNTY = 30
"""Loans on the other side it takes to look at the county alone."""
LEAST_BESIDE = 5
"""Fewer loans there are no company to be compared with."""
_SHARE_BESIDE = 0.1
"""Of the loans on the other side, the nearest that stand for it, where that is between the two."""
Value = float | str | None


@dataclass(frozen=True)
class Question:
    """Why `light` and not `instead`: what lies between is `threshold`; from_above: the other side is above it."""

    light: Light
    instead: Light
    threshold: str
    from_above: bool


QUESTIONS: Mapping[Light, Question] = {
    Light.RED: Question(Light.RED, Light.YELLOW, "red_from", from_above=False),
    Light.YELLOW: Question(Light.YELLOW, Light.GREEN, "yellow_from", from_above=False),
    Light.GREEN: Question(Light.GREEN, Light.YELLOW, "yellow_from", from_above=True),
}


@dataclass(frozen=True)
class Beside:
    """The loans nearest a threshold on its other side, taken together.

    county: whose they are; None for those of all counties. parts: the mean of theirs, by column, so that with the base
    they sum to log_odds, the mean of theirs. typical: the median of each column, of a code the most frequent.
    """

    question: Question
    county: str | None
    loans: int
    parts: Floats
    log_odds: float
    typical: Mapping[str, Value]

    @cached_property
    def cells(self) -> pl.DataFrame:
        """The typical values as one row of features; a code of which nothing is known stays a code."""
        kinds = {name: pl.String() if FEATURES[name].is_code else pl.Float64() for name in self.typical}
        return pl.DataFrame([dict(self.typical)], schema=kinds)


@dataclass(frozen=True)
class Chosen:
    """Which loans stand beside a threshold; county: whose they are, None for those of all counties."""

    loans: pl.Series
    county: str | None


def chosen_beside(published: pl.DataFrame, bundle: Bundle, question: Question, county: str | None) -> Chosen | None:
    """The loans just on the other side of a threshold: the county's where it has enough, else those of all.

    published: `loan_id`, `county_code`, `probability` of a month's loans, and what thresholds go by. None where there
    are too few to be compared with, as where no probability lies there.
    """
    near = _nearest(published.filter(pl.col("probability").is_not_null()), bundle, question)
    own = near.filter(pl.col("county_code") == county)
    of_county = own.height >= LEAST_IN_COUNTY
    there = own if of_county else near
    chosen = there.head(max(LEAST_IN_COUNTY, min(MOST_BESIDE, round(_SHARE_BESIDE * there.height))))
    return Chosen(chosen["loan_id"], county if of_county else None) if chosen.height >= LEAST_BESIDE else None


def _nearest(judged: pl.DataFrame, bundle: Bundle, question: Question) -> pl.DataFrame:
    """Those on the other side, the nearest to their own threshold first."""
    odds = pl.col("probability") / bundle.policy.threshold(question.threshold)
    there = odds >= 1 if question.from_above else odds < 1
    return judged.filter(there).sort(odds if question.from_above else -odds, "loan_id")


def together(facts: pl.DataFrame, bundle: Bundle, question: Question, county: str | None) -> Beside:
    """The loans beside, by their facts."""
    parts = bundle.parts(facts)
    names = [column.name for column in parts.columns]
    typical = facts.select(typical_value(name, facts.schema[name]).alias(name) for name in names).row(0, named=True)
    mean = parts.of_columns.mean(axis=0)
    return Beside(question, county, facts.height, mean, float(parts.base + mean.sum()), typical)


@dataclass(frozen=True)
class Against:
    """One loan against the loans beside: parts by column, in log-odds; they sum to the difference of their log-odds."""

    of_columns: Floats
    typical: Floats

    @property
    def total(self) -> float:
        return float(self.of_columns.sum())


def against(parts: Parts, row: int, other: Beside) -> Against:
    """The loan in `row` of `parts` against the loans beside."""
    return Against(parts.of_columns[row] - other.parts, matrix(other.cells, parts.columns)[0])


def in_answer(of_topics: Floats, question: Question) -> npt.NDArray[np.int64]:
    """The order in which parts answer: first what speaks for the light, the most first, then what speaks against it."""
    speaks_for = of_topics < 0 if question.from_above else of_topics > 0
    return np.lexsort((-np.abs(of_topics), ~speaks_for))
