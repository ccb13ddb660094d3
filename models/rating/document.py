"""RATINGS.md: the score tables of 631 and 1531 in words, written from the items and the policy table."""

from __future__ import annotations

from collections.abc import Iterator

from features.units import PERCENT, YUAN
from models.county_policy.rating_sections import Points, RatingTable
from models.county_policy.sections import CountyPolicy
from models.rating.items import DEDUCTIONS, ITEMS


def rating_book(policy: CountyPolicy) -> str:
    """Items with their points and how they are earned, deductions, and grades."""
    return "\n".join(_lines(policy)) + "\n"


def _lines(policy: CountyPolicy) -> Iterator[str]:
    yield "# 村级评级 / The village ratings"
    yield ""
    least = PERCENT.words(policy.points.least_known).en
    yield f"As in force from {policy.since}. Weights and numbers are rows of the policy table (POLICY.md). Points are"
    yield "worked out to two decimals, halves up. Where a fact is missing its item is left out, and the points are"
    yield "those earned of the points that could be; a deduction whose fact is missing takes its share out of what is"
    yield f"known. Below {least} of the points known there is no grade. Facts of several open loans count together:"
    yield "late instalments are added, the worst use counts. No light and no model looks at a rating: health is in"
    yield "it. `lights evaluate` reports what it is worth."
    for name, table in policy.ratings.items():
        yield from _table(name, table, policy.points)
    yield from _deductions(policy.points)


def _table(name: str, table: RatingTable, points: Points) -> Iterator[str]:
    yield from ["", f"## {name}: {table.words.zh} {table.words.en}", ""]
    yield from ["| 项目 | item | points | fact | earned |", "|---|---|---|---|---|"]
    weights = table.weights.model_dump()
    for item in ITEMS:
        if weights[item.code]:
            earned = item.said.format(**points.model_dump())
            yield f"| {item.words.zh} | {item.words.en} | {weights[item.code]} | `{item.fact.name}` | {earned} |"
    yield from ["", "| grade | from points | limit | off the yearly rate |", "|---|---|---|---|"]
    for grade in table.grades:
        limit, discount = YUAN.words(grade.limit).en, PERCENT.words(grade.rate_discount).en
        yield f"| {grade.code} | {grade.from_points:g} | {limit} | {discount} |"


def _deductions(points: Points) -> Iterator[str]:
    yield from ["", "## 诚信度扣分 / Taken off integrity", ""]
    yield from ["| 情形 | when | fact | share of the points of integrity |", "|---|---|---|---|"]
    for each in DEDUCTIONS:
        taken = each.said.format(**points.model_dump())
        yield f"| {each.words.zh} | {each.words.en} | `{each.fact.name}` | {taken} |"
