"""The village ratings of households: points of each item and deduction, their sum, and the grade."""

from __future__ import annotations

from itertools import accumulate, pairwise

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.county_policy.rating_sections import Points, RatingTable
from models.rating.items import DEDUCTIONS, ITEMS

RATINGS_SCHEMA = FrameSchema(
    {
        "points": FrameColumn(pl.Float64(), "Points of 100, two decimals; out of those whose facts are there."),
        "known": FrameColumn(pl.Float64(), "Share of the points whose facts are there."),
        "grade": FrameColumn(pl.String(), "Code of the grade; missing where too few facts are there."),
    },
    extra="for each item with a weight, and each deduction, its code: points earned, or deducted (below zero)",
)
_DECIMALS = 2


@returns(RATINGS_SCHEMA)
def household_ratings(features: pl.DataFrame, table: RatingTable, points: Points) -> pl.DataFrame:
    """The rating of each loan's household.

    Args:
        features: of all loans of each household, with `household_id` and the facts of ITEMS and DEDUCTIONS.
        table: the weights and grades of the rating 631 or 1531.
        points: how facts become points (the policy's section `points`).

    Returns:
        One row for each of `features`, in their order: `points`, `known`, `grade`, and the points of each item and
        deduction in a column of its code; missing where the fact is missing.

    Example:
        >>> from datetime import date
        >>> from features.compute import features_at
        >>> from features.ledger.ledger import Ledger
        >>> from models.county_policy.policy_table import policy_table_of
        >>> from models.rating.rate import household_ratings
        >>> loans = features_at(date(2025, 12, 31), Ledger(data / "ledger").tables())
        >>> policy = policy_table_of(data).in_force(date(2025, 12, 31))
        >>> ratings = household_ratings(loans, policy.ratings["631"], policy.points)
        >>> ratings.height == loans.height, ratings["points"].drop_nulls().is_between(0, 100).all()
        (True, True)
    """
    of_household = [
        each.combine_loans(pl.col(each.fact.name).cast(pl.Float64)).over("household_id").alias(each.code)
        for each in DEDUCTIONS
    ]
    weights = {item.code: weight for item in ITEMS if (weight := int(getattr(table.weights, item.code)))}
    points_earned = [
        _round_points(item.share(pl.col(item.fact.name), points).clip(0, 1) * weights[item.code]).alias(item.code)
        for item in ITEMS
        if item.code in weights
    ]
    has_review = pl.col("integrity_points").is_not_null()
    points_deducted = [
        pl.when(has_review)
        .then(-_round_points(each.share(pl.col(each.code), points) * table.weights.integrity))
        .alias(each.code)
        for each in DEDUCTIONS
    ]
    lines = features.with_columns(of_household).select(*points_earned, *points_deducted)
    lines = lines.with_columns(_deductions_within_integrity())
    points_with_facts = pl.sum_horizontal(pl.col(code).is_not_null() * weight for code, weight in weights.items())
    total = pl.sum_horizontal(*weights, *(deduction.code for deduction in DEDUCTIONS))
    grades = [pl.when(pl.col("points") >= each.from_points).then(pl.lit(each.code)) for each in table.grades]
    return lines.with_columns(
        pl.when(points_with_facts > 0).then(_round_points(100 * total / points_with_facts)).alias("points"),
        ((points_with_facts - _unknown_deductions(table, points)) / 100).alias("known"),
    ).with_columns(pl.when(pl.col("known") >= points.least_known).then(pl.coalesce(grades)).alias("grade"))


def _round_points(points: pl.Expr) -> pl.Expr:
    """Round halves up, as a credit department does."""
    return points.round(_DECIMALS, mode="half_away_from_zero")


def _unknown_deductions(table: RatingTable, points: Points) -> pl.Expr:
    """The most that deductions whose fact is missing could take off integrity, in points."""
    reviewed, whole = pl.col("integrity").is_not_null(), table.weights.integrity
    missing = (pl.col(each.code).is_null() * each.at_most(points) * whole for each in DEDUCTIONS)
    return pl.when(reviewed).then(pl.min_horizontal(pl.sum_horizontal(*missing), pl.lit(float(whole)))).otherwise(0)


def _deductions_within_integrity() -> list[pl.Expr]:
    """Deductions in their order, each at most what the earlier ones leave of the points of integrity."""
    deductions = [pl.col(each.code).fill_null(0) for each in DEDUCTIONS]
    sums = accumulate(deductions, initial=pl.col("integrity"))
    integrity = [total.clip(lower_bound=0) for total in sums]
    return [
        pl.when(pl.col(each.code).is_not_null())
        .then(_round_points(after - earlier) + 0.0)  # + 0.0 turns minus zero into zero
        .alias(each.code)
        for each, (earlier, after) in zip(DEDUCTIONS, pairwise(integrity), strict=True)
    ]
