"""Evaluation of the rules: those that fired for each loan, those not assessable, and the rule light."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.light import CODES, Light
from models.list_columns import as_lists
from models.traffic_light.county_figures import county_figures, figures_by_county, with_county_figures
from models.traffic_light.rule import Colour, Rule

Levels = npt.NDArray[np.int8]

FIRED = pl.List(pl.Struct({"id": pl.String, "light": pl.String, "hard": pl.Boolean}))
RULE_LIGHTS_SCHEMA = FrameSchema(
    {
        "rules": FrameColumn(FIRED, "The rules that fired: id, light, and whether they are hard."),
        "not_assessable": FrameColumn(pl.List(pl.String()), "Ids of rules that a missing value leaves undecided."),
        "rule_light": FrameColumn(pl.String(), "The worst light of the rules that fired; green where none did."),
        "hard_light": FrameColumn(pl.String(), "The worst light of the hard rules that fired; green where none did."),
    }
)
_TABLES_CACHED = 8
_FIRED, _NOT_ASSESSABLE = 1, -1
_CODES = pl.Series(CODES)
_LIGHTS = {Colour.NOTE: Light.GREEN, Colour.YELLOW: Light.YELLOW, Colour.RED: Light.RED}


@returns(RULE_LIGHTS_SCHEMA)
def evaluate_county_rules(features: pl.DataFrame, rules: tuple[Rule, ...]) -> pl.DataFrame:
    """`evaluate_rules` of all loans of whole counties, whose figures are taken from these very rows.

    features: with the columns `figure_columns`, too, where rules compare with their county.
    """
    figures = figures_by_county(county_figures(features, rules))
    return evaluate_rules(with_county_figures(features, figures, rules), rules)


@returns(RULE_LIGHTS_SCHEMA)
def evaluate_rules(features: pl.DataFrame, rules: tuple[Rule, ...]) -> pl.DataFrame:
    """Apply the rules to each loan.

    Args:
        features: with the features that the rules compare, and the county's figures (`with_county_figures`).
        rules: those in force on the day (`RuleTable.in_force`).

    Returns:
        One row for each of `features`, in their order: `rules` (a list of FIRED), `not_assessable`, `rule_light`,
        `hard_light`. A rule whose outcome depends on a missing value has not fired; it is in `not_assessable`.

    Example:
        >>> from datetime import date
        >>> from features.compute import features_at
        >>> from features.ledger.ledger import Ledger
        >>> from models.traffic_light.evaluate import evaluate_rules
        >>> from models.traffic_light.rule_table import rule_table_of
        >>> day = date(2025, 12, 31)
        >>> loans = features_at(day, Ledger(data / "ledger").tables())
        >>> lights = evaluate_rules(loans, rule_table_of(data).in_force(day))
        >>> lights.columns
        ['rules', 'not_assessable', 'rule_light', 'hard_light']
        >>> set(lights["rule_light"]) <= {"green", "yellow", "red"}
        True
    """
    table = _CompiledRules.of(rules)
    states = features.select(table.states).to_numpy()
    fired = states == _FIRED
    return pl.DataFrame(
        [
            _names_where(fired, table.fired_entries).alias("rules"),
            _names_where(states == _NOT_ASSESSABLE, table.ids).alias("not_assessable"),
            _worst_light(fired, table.levels).alias("rule_light"),
            _worst_light(fired, table.hard_levels).alias("hard_light"),
        ]
    )


class _CompiledRules(NamedTuple):
    """A rule table as columns, a position for each rule.

    states: 1 where the rule fires, 0 where not, -1 where a missing value leaves it undecided. fired_entries: the struct
    that stands for a rule that fired. levels, hard_levels: of the rules' lights; 0 for notes, and for rules not hard.
    """

    states: tuple[pl.Expr, ...]
    fired_entries: pl.Series
    ids: pl.Series
    levels: Levels
    hard_levels: Levels

    @staticmethod
    @lru_cache(_TABLES_CACHED)
    def of(rules: tuple[Rule, ...]) -> _CompiledRules:
        """The rules as columns. Cached: for a few rows building the expressions takes longest."""
        entries = [{"id": rule.id, "light": rule.colour.value, "hard": rule.hard} for rule in rules]
        levels = np.array([_LIGHTS[rule.colour] for rule in rules], dtype=np.int8)
        return _CompiledRules(
            tuple(rule.holds.cast(pl.Int8).fill_null(_NOT_ASSESSABLE).alias(rule.id) for rule in rules),
            pl.Series(entries, dtype=FIRED.inner),
            pl.Series([rule.id for rule in rules]),
            levels,
            levels * np.array([rule.hard for rule in rules]),
        )


def _names_where(which: npt.NDArray[np.bool_], names: pl.Series) -> pl.Series:
    """For each row of `which` (rows x rules) the names of those that are true, in the rules' order."""
    return as_lists(names.gather(pl.Series(np.nonzero(which)[1])), which.sum(axis=1))


def _worst_light(fired: npt.NDArray[np.bool_], levels: Levels) -> pl.Series:
    return _CODES.gather(pl.Series((fired * levels).max(axis=1, initial=0)))


def as_codes(level: pl.Expr) -> pl.Expr:
    """Levels 0, 1, 2 as green, yellow, red; missing stays missing."""
    return level.replace_strict(dict(enumerate(CODES)), default=None, return_dtype=pl.String)


def as_levels(code: pl.Expr) -> pl.Expr:
    """Green, yellow, red as 0, 1, 2, so that the worse light is the larger."""
    return code.replace_strict({name: level for level, name in enumerate(CODES)}, default=None, return_dtype=pl.Int8)
