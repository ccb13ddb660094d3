"""A rule as a value: conditions on features, all of which must hold, and what is said when they do."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from string import Formatter
from typing import TypedDict

import polars as pl

from features.declare import Feature, Role
from features.messages import Words, did_you_mean

Comparison = Callable[[pl.Expr, float], pl.Expr]


class Colour(Enum):
    """What a rule lights. NOTE lights nothing: it is shown whatever the light."""

    NOTE = "note"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True)
class Condition:
    """A feature compared with a bound; unknown where the feature is missing."""

    feature: Feature
    sign: str
    bound: float

    @property
    def holds(self) -> pl.Expr:
        return _COMPARISONS[self.sign](pl.col(self.feature.name), self.bound)


_COMPARISONS: dict[str, Comparison] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
SIGNS: tuple[str, ...] = tuple(_COMPARISONS)


def at_least(feature: Feature, bound: float) -> Condition:
    return Condition(feature, ">=", bound)


def more_than(feature: Feature, bound: float) -> Condition:
    return Condition(feature, ">", bound)


def at_most(feature: Feature, bound: float) -> Condition:
    return Condition(feature, "<=", bound)


def less_than(feature: Feature, bound: float) -> Condition:
    return Condition(feature, "<", bound)


class SaidRule(TypedDict):
    """A rule's sentences with their placeholders, and the features it looks at."""

    zh: str
    en: str
    features: list[str]


@dataclass(frozen=True)
class Rule:
    """One row of the rule table. Its id is permanent; a changed limit is a new row, and the old one gets `until`.

    hard: binds the published light whatever the model says. source: the notice or table it comes from.
    """

    id: str
    colour: Colour
    conditions: tuple[Condition, ...]
    words: Words
    source: str
    since: date
    until: date | None = None
    hard: bool = False

    def __post_init__(self) -> None:
        for feature in (condition.feature for condition in self.conditions):
            if feature.role in (Role.STEP, Role.AUDIT):
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
        return self.since <= day and (self.until is None or day < self.until)

    @property
    def said(self) -> SaidRule:
        """What a published month keeps of the rule to tell what it found."""
        names = sorted({condition.feature.name for condition in self.conditions})
        return {"zh": self.words.zh, "en": self.words.en, "features": names}

    @property
    def holds(self) -> pl.Expr:
        """True, False, or null where a missing value leaves it open."""
        return pl.all_horizontal(condition.holds for condition in self.conditions)
