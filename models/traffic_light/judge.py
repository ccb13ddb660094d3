"""The judge: which rules fired for each loan, which could not be assessed, and the light that follows."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from models.light import CODES, Light
from models.traffic_light.declare import Colour, Rule

FIRED = pl.List(pl.Struct({"id": pl.String, "light": pl.String, "hard": pl.Boolean}))
_TABLES_KEPT = 8
_LIGHTS = {Colour.NOTE: Light.GREEN, Colour.YELLOW: Light.YELLOW, Colour.RED: Light.RED}


def judged(features: pl.DataFrame, rules: tuple[Rule, ...]) -> pl.DataFrame:
    """For each row of `features`: `rules` (FIRED), `not_assessable` (rule ids), `rule_light`, `hard_light`.

    A rule that a missing value leaves open did not fire and is named in `not_assessable`.
    """
    held, told = _formulas(rules)
    return features.select(held).select(told)


@lru_cache(_TABLES_KEPT)
def _formulas(rules: tuple[Rule, ...]) -> tuple[tuple[pl.Expr, ...], tuple[pl.Expr, ...]]:
    """Whether each rule holds, and what follows; built once a rule table, for a household alone waits longer for them
    than for their values.
    """
    held = tuple(rule.holds.alias(rule.id) for rule in rules)
    return held, (
        pl.concat_list(_when_fired(rule) for rule in rules).list.drop_nulls().cast(FIRED).alias("rules"),
        pl.concat_list(_when_open(rule) for rule in rules).list.drop_nulls().alias("not_assessable"),
        as_codes(_light_of(rules)).alias("rule_light"),
        as_codes(_light_of([rule for rule in rules if rule.hard])).alias("hard_light"),
    )


def as_codes(level: pl.Expr) -> pl.Expr:
    """Levels 0, 1, 2 as green, yellow, red; missing stays missing."""
    return level.replace_strict(dict(enumerate(CODES)), default=None, return_dtype=pl.String)


def as_levels(code: pl.Expr) -> pl.Expr:
    """Green, yellow, red as 0, 1, 2, so that the worse light is the larger."""
    return code.replace_strict({name: level for level, name in enumerate(CODES)}, default=None, return_dtype=pl.Int8)


def _when_fired(rule: Rule) -> pl.Expr:
    fired = pl.struct(
        pl.lit(rule.id).alias("id"), pl.lit(rule.colour.value).alias("light"), pl.lit(rule.hard).alias("hard")
    )
    return pl.when(pl.col(rule.id).fill_null(False)).then(fired)


def _when_open(rule: Rule) -> pl.Expr:
    return pl.when(pl.col(rule.id).is_null()).then(pl.lit(rule.id))


def _light_of(rules: tuple[Rule, ...] | list[Rule]) -> pl.Expr:
    levels = [pl.col(rule.id).fill_null(False).cast(pl.Int8) * int(_LIGHTS[rule.colour]) for rule in rules]
    return pl.max_horizontal(pl.lit(0, pl.Int8), *levels)
