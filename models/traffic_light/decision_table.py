"""The document RULES.md: the decision table, generated from the rules."""

from __future__ import annotations

from models.county_policy.sections import LightActions
from models.light import LIGHT_WORDS, Light
from models.traffic_light.rule import Rule


def decision_table(rules: tuple[Rule, ...], actions: LightActions) -> str:
    """RULES.md: each rule with its bounds, its sentences and its source, and the measure that each light calls for."""
    lines = [
        "# 规则预警 / The rule light",
        "",
        "A rule fires when all its conditions hold. Where a missing value leaves it open it is listed as not",
        "assessable. The rule light is the worst that fired. Where a model is in force, the published light is at",
        "least that of each hard rule that fired, and the other rules do not change it.",
        "Written by `python -m training.studies.documents`; do not edit.",
        "",
        "| id | light | hard | fires when | 提示 | finding | source | in force |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for rule in rules:
        colour = LIGHT_WORDS[rule.colour.value]
        until = f" to {rule.until}" if rule.until else ""
        comparisons = (
            f"`{each.feature.name}` {each.sign} "
            + (
                each.feature.unit.text(each.bound).en
                if each.county_quantile is None
                else f"{each.bound:g} × the county's quantile {each.county_quantile:g}"
            )
            for each in rule.conditions
        )
        cells = (
            rule.id,
            f"{colour.zh} {colour.en}",
            "是 yes" if rule.hard else "否 no",
            " and ".join(comparisons),
            rule.words.zh,
            rule.words.en,
            rule.source,
            f"from {rule.since}{until}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| light | 措施 | what to do |", "|---|---|---|"]
    for light in reversed(Light):
        words = actions.of(light).words
        lines.append(f"| {light.words.zh} {light.words.en} | {words.zh} | {words.en} |")
    return "\n".join(lines) + "\n"
