"""A rule as a value: conditions on features, all of which must hold, and the sentence for a loan that meets them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from string import Formatter
from typing import TypedDict

import polars as pl

from features.declare import Feature, FeatureRole
from features.messages import Bilingual, did_you_mean

Comparison = Callable[[pl.Expr, float], pl.Expr]


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
    """A feature compared with a bound; unknown where the feature is missing."""

    feature: Feature
    sign: str
    bound: float

    @property
    def holds(self) -> pl.Expr:
        """True or False; null where the feature is missing."""
        return _COMPARISONS[self.sign](pl.col(self.feature.name), self.bound)


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
    """A rule's sentences with their placeholders, and the features it compares, as a published month stores them."""

    zh: str
    en: str
    features: list[str]


@dataclass(frozen=True)
class Rule:
    """One row of the rule table; its id is permanent. A changed limit is a new row, and the old one gets `until`.

    words: the sentence, with features in braces. source: the notice or table it comes from. since, until: the first day
    it holds and the first it no longer does. hard: whether the published light is at least this one whatever the model
    says. Raises TypeError where it compares a feature that no light may depend on, ends before it begins, or names in
    its sentence another feature than it compares.
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
        named = {condition.feature.name for condition in self.conditions}
        for text in (self.words.zh, self.words.en):
            for _, field, form, conversion in Formatter().parse(text):
                if field is None:
                    continue
                if form or conversion:
                    raise TypeError(f"Rule {self.id} says how to write {field!r}; its unit does: write {{{field}}}.")
                if field not in named:
                    raise TypeError(f"Rule {self.id} speaks of {field!r}. {did_you_mean(field, named)}")

    def is_in_force(self, day: date) -> bool:
        """Whether the rule holds on a day."""
        return self.since <= day and (self.until is None or day < self.until)

    @property
    def sentences(self) -> RuleSentences:
        """The rule as a published month stores it."""
        names = sorted({condition.feature.name for condition in self.conditions})
        return {"zh": self.words.zh, "en": self.words.en, "features": names}

    @property
    def holds(self) -> pl.Expr:
        """Whether all conditions hold; null where that depends on a missing value."""
        return pl.all_horizontal(condition.holds for condition in self.conditions)
