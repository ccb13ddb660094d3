"""A rule as a value: conditions on features, all of which must hold, and the sentence for a loan that meets them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from string import Formatter
from typing import NotRequired, TypedDict

import polars as pl

from features.declare import Feature, FeatureRole
from features.messages import Bilingual, did_you_mean

Comparison = Callable[[pl.Expr, pl.Expr | float], pl.Expr]


class Colour(Enum):
    """The light of a rule; a NOTE has none and is shown beside any light."""

    NOTE = "note"
    YELLOW = "yellow"
    RED = "red"


_COMPARISONS: dict[str, Comparison] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
SIGNS: tuple[str, ...] = tuple(_COMPARISONS)


@dataclass(frozen=True)
class Condition:
    """A feature compared with a bound; unknown where the feature is missing.

    county_quantile: where it is given, the bound is a multiple of the county's own figure: this quantile (0.5 the
    median) of the feature among the loans of the month. Unknown where the county has too few households for one.
    """

    feature: Feature
    sign: str
    bound: float
    county_quantile: float | None = None

    @property
    def county_figure(self) -> str | None:
        """The name of the county's figure, and of its column beside the features; None for a bound of its own."""
        return None if self.county_quantile is None else f"county {self.feature.name} {self.county_quantile:g}"

    @property
    def holds(self) -> pl.Expr:
        """True or False; null where the feature, or the county's figure, is missing."""
        bound = self.bound if self.county_figure is None else pl.col(self.county_figure) * self.bound
        return _COMPARISONS[self.sign](pl.col(self.feature.name), bound)


def at_least(feature: Feature, bound: float) -> Condition:
    """The condition feature >= bound."""
    return Condition(feature, ">=", bound)


def more_than(feature: Feature, bound: float) -> Condition:
    """The condition feature > bound."""
    return Condition(feature, ">", bound)


def at_most(feature: Feature, bound: float) -> Condition:
    """The condition feature <= bound."""
    return Condition(feature, "<=", bound)


def less_than(feature: Feature, bound: float) -> Condition:
    """The condition feature < bound."""
    return Condition(feature, "<", bound)


class RuleSentences(TypedDict):
    """A rule's sentences with their placeholders, and the features it compares, as a published month stores them.

    county_figures: by feature, the name of the county's figure that it is compared with, where the rule has any.
    """

    zh: str
    en: str
    features: list[str]
    county_figures: NotRequired[dict[str, str]]


@dataclass(frozen=True)
class Rule:
    """One row of the rule table; its id is permanent. A changed limit is a new row, and the old one gets `until`.

    words: the sentence, with features in braces, and as {county_<feature>} the county's figure that one is compared
    with, which it has to name. source: the notice or table it comes from. since, until: the first day
    it holds and the first it no longer does. hard: whether the published light is at least this one whatever the model
    says. Raises TypeError where it compares a feature that no light may depend on, or with two figures of the county,
    ends before it begins, names in its sentence another feature than it compares, or leaves out the county's figure.
    """

    id: str
    colour: Colour
    conditions: tuple[Condition, ...]
    words: Bilingual
    source: str
    since: date
    until: date | None = None
    hard: bool = False

    def __post_init__(self) -> None:
        for feature in (condition.feature for condition in self.conditions):
            if feature.role in (FeatureRole.STEP, FeatureRole.AUDIT):
                raise TypeError(f"Rule {self.id} looks at {feature.name}, which no light may hang on.")
        if self.until is not None and self.until <= self.since:
            raise TypeError(f"Rule {self.id} ends on {self.until}, before it begins on {self.since}.")
        figures = {condition.county_figure for condition in self.conditions if condition.county_figure}
        if len(figures) > len(self.county_figures):
            raise TypeError(f"Rule {self.id} compares a feature with two figures of the county; one is possible.")
        for text in (self.words.zh, self.words.en):
            self.check_sentence(text)

    def check_sentence(self, text: str) -> None:
        """Raise TypeError where a sentence names what the rule does not compare, or leaves out the county's figure."""
        of_county = {f"county_{name}" for name in self.county_figures}
        named = {condition.feature.name for condition in self.conditions} | of_county
        fields = [part[1:] for part in Formatter().parse(text) if part[1] is not None]
        for field, form, conversion in fields:
            if form or conversion:
                raise TypeError(f"Rule {self.id} says how to write {field!r}; its unit does: write {{{field}}}.")
            if field not in named:
                raise TypeError(f"Rule {self.id} speaks of {field!r}. {did_you_mean(str(field), named)}")
        if left_out := of_county - {field for field, *_ in fields}:
            raise TypeError(f"Rule {self.id} does not say the county's figure: write {{{min(left_out)}}}.")

    def is_in_force(self, day: date) -> bool:
        """Whether the rule holds on a day."""
        return self.since <= day and (self.until is None or day < self.until)

    @property
    def sentences(self) -> RuleSentences:
        """The rule as a published month stores it."""
        names = sorted({condition.feature.name for condition in self.conditions})
        sentences: RuleSentences = {"zh": self.words.zh, "en": self.words.en, "features": names}
        return {**sentences, "county_figures": self.county_figures} if self.county_figures else sentences

    @property
    def county_figures(self) -> dict[str, str]:
        """By feature, the name of the county's figure that it is compared with."""
        return {each.feature.name: each.county_figure for each in self.conditions if each.county_figure}

    @property
    def holds(self) -> pl.Expr:
        """Whether all conditions hold; null where that depends on a missing value."""
        return pl.all_horizontal(condition.holds for condition in self.conditions)
