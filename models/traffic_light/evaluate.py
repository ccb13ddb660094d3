"""The judge: which rules fired for each loan, which could not be assessed, and the light that follows."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from models.light import CODES, Light
from models.list_columns import as_lists
from models.traffic_light.rule import Colour, Rule

FIRED = pl.List(pl.Struct({"id": pl.String, "light": pl.String, "hard": pl.Boolean}))
Levels = npt.NDArray[np.int8]
_TABLES_KEPT = 8
_FIRED, _OPEN = 1, -1
_CODES = pl.Series(CODES)
_LIGHTS = {Colour.NOTE: Light.GREEN, Colour.YELLOW: Light.YELLOW, Colour.RED: Light.RED}


def judged(features: pl.DataFrame, rules: tuple[Rule, ...]) -> pl.DataFrame:
    """For each row of `features`: `rules` (FIRED), `not_assessable` (rule ids), `rule_light`, `hard_light`.

    A rule that a missing value leaves open did not fire and is named in `not_assessable`.
    """
    table = _laid_out(rules)
    states = features.select(table.states).to_numpy()
    fired = states == _FIRED
    return pl.DataFrame(
        [
            _named(fired, table.told).alias("rules"),
            _named(states == _OPEN, table.ids).alias("not_assessable"),
            _worst(fired, table.levels).alias("rule_light"),
            _worst(fired, table.hard_levels).alias("hard_light"),
        ]
    )


class _LaidOut(NamedTuple):
    """A rule table by columns. states: whether a rule fired or was left open. told: what is said of one that fired."""

    states: tuple[pl.Expr, ...]
    told: pl.Series
    ids: pl.Series
    levels: Levels
    hard_levels: Levels


@lru_cache(_TABLES_KEPT)
def _laid_out(rules: tuple[Rule, ...]) -> _LaidOut:
    """Built once a rule table: a household alone waits longer for it than for its values."""
    told = [{"id": rule.id, "light": rule.colour.value, "hard": rule.hard} for rule in rules]
    levels = np.array([_LIGHTS[rule.colour] for rule in rules], dtype=np.int8)
    return _LaidOut(
        tuple(rule.holds.cast(pl.Int8).fill_null(_OPEN).alias(rule.id) for rule in rules),
        pl.Series(told, dtype=FIRED.inner),
        pl.Series([rule.id for rule in rules]),
        levels,
        levels * np.array([rule.hard for rule in rules]),
    )


def _named(which: npt.NDArray[np.bool_], names: pl.Series) -> pl.Series:
    """For each row of `which` (rows x rules) the names of those that are true, in the rules' order."""
    return as_lists(names.gather(pl.Series(np.nonzero(which)[1])), which.sum(axis=1))


def _worst(fired: npt.NDArray[np.bool_], levels: Levels) -> pl.Series:
    return _CODES.gather(pl.Series((fired * levels).max(axis=1, initial=0)))


def as_codes(level: pl.Expr) -> pl.Expr:
    """Levels 0, 1, 2 as green, yellow, red; missing stays missing."""
    return level.replace_strict(dict(enumerate(CODES)), default=None, return_dtype=pl.String)


def as_levels(code: pl.Expr) -> pl.Expr:
    """Green, yellow, red as 0, 1, 2, so that the worse light is the larger."""
    return code.replace_strict({name: level for level, name in enumerate(CODES)}, default=None, return_dtype=pl.Int8)
