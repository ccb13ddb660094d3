"""The document RATINGS.md: the score tables of 631 and 1531, generated from the items and the policy table."""

from __future__ import annotations

from features.units import PERCENT, YUAN
from models.county_policy.sections import CountyPolicy
from models.rating.items import DEDUCTIONS, ITEMS


def rating_document(policy: CountyPolicy) -> str:
    """RATINGS.md: items with their points and how they are earned, deductions, and grades."""
    least = PERCENT.text(policy.points.least_known).en
    lines = [
        "# 村级评级 / The village ratings",
        "",
        f"As in force from {policy.since}. Weights and numbers are rows of the policy table (POLICY.md). Points are",
        "worked out to two decimals, halves up. Where a fact is missing its item is left out, and the points are",
        "those earned of the points that could be; a deduction whose fact is missing takes its share out of what is",
        f"known. Below {least} of the points known there is no grade. Facts of several open loans count together:",
        "late instalments are added, the worst use counts. No light and no model looks at a rating: health is in",
        "it. `lights evaluate` reports what it is worth.",
    ]
    for name, table in policy.ratings.items():
        lines += ["", f"## {name}: {table.words.zh} {table.words.en}", ""]
        lines += ["| 项目 | item | points | fact | earned |", "|---|---|---|---|---|"]
        weights = table.weights.model_dump()
        for item in ITEMS:
            if weights[item.code]:
                words, earns = item.words, item.explanation.format(**policy.points.model_dump())
                lines.append(f"| {words.zh} | {words.en} | {weights[item.code]} | `{item.fact.name}` | {earns} |")
        lines += ["", "| grade | from points | limit | off the yearly rate |", "|---|---|---|---|"]
        for grade in table.grades:
            limit, discount = YUAN.text(grade.limit).en, PERCENT.text(grade.rate_discount).en
            lines.append(f"| {grade.code} | {grade.from_points:g} | {limit} | {discount} |")
    lines += ["", "## 诚信度扣分 / Taken off integrity", ""]
    lines += ["| 情形 | when | fact | share of the points of integrity |", "|---|---|---|---|"]
    for each in DEDUCTIONS:
        share = each.explanation.format(**policy.points.model_dump())
        lines.append(f"| {each.words.zh} | {each.words.en} | `{each.fact.name}` | {share} |")
    return "\n".join(lines) + "\n"
