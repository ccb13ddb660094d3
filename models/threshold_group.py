"""The threshold question: why this light and not the next, by comparison with the loans across the threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from features.catalog import FEATURES
from models.boosting import matrix
from models.bundle import Bundle, Contributions
from models.disclosure import DisclosureRows, without_few_others
from models.explain import median_or_mode
from models.light import Light
from models.raw_score import Floats

MOST_COMPARED = 200
LEAST_IN_COUNTY = 30
"""Loans across the threshold from which the county's own are compared with; with fewer, those of all counties."""
_SHARE_COMPARED = 0.1
"""Share of the loans across the threshold that are compared with, within LEAST_IN_COUNTY and MOST_COMPARED."""
Value = float | str | None


@dataclass(frozen=True)
class ThresholdQuestion:
    """Why a loan has `light` and not `other_light`.

    threshold: the one between them, `yellow_from` or `red_from`. from_above: whether the other light is above it.
    """

    light: Light
    other_light: Light
    threshold: str
    from_above: bool


QUESTIONS: Mapping[Light, ThresholdQuestion] = {
    Light.RED: ThresholdQuestion(Light.RED, Light.YELLOW, "red_from", from_above=False),
    Light.YELLOW: ThresholdQuestion(Light.YELLOW, Light.GREEN, "yellow_from", from_above=False),
    Light.GREEN: ThresholdQuestion(Light.GREEN, Light.YELLOW, "yellow_from", from_above=True),
}


@dataclass(frozen=True)
class ComparisonGroup:
    """Aggregates of the loans nearest to a threshold on its other side.

    county: their county; None for all counties. loans: how many. contributions: their mean of each column; with the
    base value they sum to log_odds, their mean. medians: the median of each number, the most frequent of each code.
    """

    question: ThresholdQuestion
    county: str | None
    loans: int
    contributions: Floats
    log_odds: float
    medians: Mapping[str, Value]

    @cached_property
    def features(self) -> pl.DataFrame:
        """The medians as one row of features: `medians`' keys, a code as String even where its value is missing."""
        kinds = {name: pl.String() if FEATURES[name].is_code else pl.Float64() for name in self.medians}
        return pl.DataFrame([dict(self.medians)], schema=kinds)


@dataclass(frozen=True)
class ComparisonLoans:
    """The ids of the loans to compare with, and their county; None for all counties."""

    loan_ids: pl.Series
    county: str | None


def comparison_loans(
    month_loans: pl.DataFrame, bundle: Bundle, question: ThresholdQuestion, county: str | None
) -> ComparisonLoans | None:
    """The loans nearest to a threshold on its other side: the county's where it has enough, else those of all counties.

    month_loans: `loan_id`, `county_code`, `probability` and DISCLOSURE_COLUMNS of a month's loans, and the column that
    the policy goes by. None where too few households are there for their figures to be told (`models.disclosure`).
    """
    odds = pl.col("probability") / bundle.policy.threshold(question.threshold)
    is_across = odds >= 1 if question.from_above else odds < 1
    scored = month_loans.filter(pl.col("probability").is_not_null())
    nearest = scored.filter(is_across).sort(odds if question.from_above else -odds, "loan_id")
    own = nearest.filter(pl.col("county_code") == county)
    of_county = own.height >= LEAST_IN_COUNTY
    candidates = own if of_county else nearest
    nearby = candidates.head(max(LEAST_IN_COUNTY, min(MOST_COMPARED, round(_SHARE_COMPARED * candidates.height))))
    compared = without_few_others(nearby)
    if compared.is_empty():
        return None
    return ComparisonLoans(compared["loan_id"], county if of_county else None)


def comparison_group(
    features: pl.DataFrame, bundle: Bundle, question: ThresholdQuestion, county: str | None
) -> ComparisonGroup:
    """Aggregate the loans to compare with. features: theirs; a median that may not be told is missing."""
    contributions = bundle.explain(features)
    names = [column.name for column in contributions.columns]
    of_columns = (median_or_mode(name, features.schema[name]).alias(name) for name in names)
    disclosure = DisclosureRows(features, pl.lit(0))
    medians = {
        name: None if disclosure.tellable(features[name]).is_empty() else median
        for name, median in features.select(of_columns).row(0, named=True).items()
    }
    mean = contributions.by_column.mean(axis=0)
    return ComparisonGroup(question, county, features.height, mean, float(contributions.base + mean.sum()), medians)


@dataclass(frozen=True)
class GroupDifference:
    """The difference between one loan and the comparison group, in calibrated log-odds.

    by_column: of each column's contributions; they sum to the difference of their log-odds. medians: the group's, as
    the trees read them.
    """

    by_column: Floats
    medians: Floats

    @property
    def total(self) -> float:
        """The difference of log-odds."""
        return float(self.by_column.sum())


def difference_from_group(contributions: Contributions, row: int, group: ComparisonGroup) -> GroupDifference:
    """The difference between the loan in `row` of `contributions` and the comparison group."""
    return GroupDifference(
        contributions.by_column[row] - group.contributions, matrix(group.features, contributions.columns)[0]
    )


def answer_order(by_topic: Floats, question: ThresholdQuestion) -> npt.NDArray[np.int64]:
    """The order in which to show contributions: those for the loan's light first, then those against, each by size."""
    speaks_for = by_topic < 0 if question.from_above else by_topic > 0
    return np.lexsort((-np.abs(by_topic), ~speaks_for))
