"""Ratings worked out: points line by line, their sum, and the grade they reach, for the household of each loan."""

from __future__ import annotations

from itertools import accumulate, pairwise

import polars as pl

from models.county_policy.rating_sections import Points, RatingTable
from models.rating.items import DEDUCTIONS, ITEMS, Deduction, Item

_DECIMALS = 2


def rated(features: pl.DataFrame, table: RatingTable, points: Points) -> pl.DataFrame:
    """For each row of `features` (all loans of a household in it together): `points`, `known`, `grade`, and lines.

    points: of 100; where facts are missing, the points earned out of those that could be. known: the share of the
    points whose facts are known; a deduction that is not takes its share out of it. grade: missing where fewer are
    known than the policy wants for one.
    A column by the code of each item and deduction: the points it earned or took off; missing where its fact is.
    """
    lines = features.with_columns(_facts()).select(*_earned(table, points), *_taken_off(table, points))
    lines = lines.with_columns(_no_more_than_there_is())
    weights = {item.code: weight for item in ITEMS if (weight := _weight(table, item))}
    known = pl.sum_horizontal(pl.col(code).is_not_null() * weight for code, weight in weights.items())
    total = pl.sum_horizontal(*weights, *(deduction.code for deduction in DEDUCTIONS))
    return lines.with_columns(
        pl.when(known > 0).then(_rounded(100 * total / known)).alias("points"),
        ((known - _open(table, points)) / 100).alias("known"),
    ).with_columns(_grade(table, points).alias("grade"))


def _rounded(points: pl.Expr) -> pl.Expr:
    """Halves up, as a credit department rounds."""
    return points.round(_DECIMALS, mode="half_away_from_zero")


def _open(table: RatingTable, points: Points) -> pl.Expr:
    """Points of integrity that nobody can say are not to be taken off, since the fact is missing."""
    reviewed, whole = pl.col("integrity").is_not_null(), table.weights.integrity
    missing = (pl.col(each.code).is_null() * each.at_most(points) * whole for each in DEDUCTIONS)
    return pl.when(reviewed).then(pl.min_horizontal(pl.sum_horizontal(*missing), pl.lit(float(whole)))).otherwise(0)


def _weight(table: RatingTable, item: Item) -> int:
    return int(getattr(table.weights, item.code))


def _facts() -> list[pl.Expr]:
    """Facts of single loans put together to facts of the household."""
    return [
        each.of_household(pl.col(each.fact.name).cast(pl.Float64)).over("household_id").alias(each.code)
        for each in DEDUCTIONS
    ]


def _earned(table: RatingTable, points: Points) -> list[pl.Expr]:
    return [
        (item.share(pl.col(item.fact.name), points).clip(0, 1) * _weight(table, item)).pipe(_rounded).alias(item.code)
        for item in ITEMS
        if _weight(table, item)
    ]


def _taken_off(table: RatingTable, points: Points) -> list[pl.Expr]:
    """Below zero; missing where integrity itself is not known."""
    whole = table.weights.integrity
    reviewed = pl.col("integrity_points").is_not_null()
    return [
        pl.when(reviewed).then(-_rounded(each.share(pl.col(each.code), points) * whole)).alias(each.code)
        for each in DEDUCTIONS
    ]


def _no_more_than_there_is() -> list[pl.Expr]:
    """Deductions in their order, each of what those before have left of integrity."""
    asked = [pl.col(each.code).fill_null(0) for each in DEDUCTIONS]
    sums = list(accumulate(asked, initial=pl.col("integrity")))
    left = [total.clip(lower_bound=0) for total in sums]
    return [_taken(each, before, after) for each, (before, after) in zip(DEDUCTIONS, pairwise(left), strict=True)]


def _taken(each: Deduction, before: pl.Expr, after: pl.Expr) -> pl.Expr:
    taken = _rounded(after - before) + 0.0  # no minus zero
    return pl.when(pl.col(each.code).is_not_null()).then(taken).alias(each.code)


def _grade(table: RatingTable, points: Points) -> pl.Expr:
    reached = [pl.when(pl.col("points") >= each.from_points).then(pl.lit(each.code)) for each in table.grades]
    return pl.when(pl.col("known") >= points.least_known).then(pl.coalesce(reached))
