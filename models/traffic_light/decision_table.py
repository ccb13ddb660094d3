"""The decision table RULES.md, written from the rules alone."""

from __future__ import annotations

from collections.abc import Iterator

from models.county_policy.sections import Actions
from models.light import LIGHT_WORDS, Light
from models.traffic_light.rule import Condition, Rule


def decision_table(rules: tuple[Rule, ...], actions: Actions) -> str:
    """RULES.md: each rule with its bounds, its sentences and its source; then what each light asks for."""
    return "\n".join(_lines(rules, actions)) + "\n"


def _lines(rules: tuple[Rule, ...], actions: Actions) -> Iterator[str]:
    yield "# 规则灯 / The rule light"
    yield ""
    yield "A rule fires when all its conditions hold. Where a missing value leaves it open it is listed as not"
    yield "assessable. The light is the worst that fired; hard rules bind the published light whatever the model says."
    yield "Written by `python -m training.studies.documents`; do not edit."
    yield ""
    yield "| id | light | hard | fires when | 提示 | finding | source | in force |"
    yield "|---|---|---|---|---|---|---|---|"
    yield from (_row(rule) for rule in rules)
    yield ""
    yield "| light | 措施 | what to do |"
    yield "|---|---|---|"
    for light in reversed(Light):
        words = actions.of(light).words
        yield f"| {light.words.zh} {light.words.en} | {words.zh} | {words.en} |"


def _row(rule: Rule) -> str:
    colour = LIGHT_WORDS[rule.colour.value]
    until = f" to {rule.until}" if rule.until else ""
    cells = (
        rule.id,
        f"{colour.zh} {colour.en}",
        "是 yes" if rule.hard else "否 no",
        " and ".join(_condition(condition) for condition in rule.conditions),
        rule.words.zh,
        rule.words.en,
        rule.source,
        f"from {rule.since}{until}",
    )
    return f"| {' | '.join(cells)} |"


def _condition(condition: Condition) -> str:
    return f"`{condition.feature.name}` {condition.sign} {condition.feature.unit.words(condition.bound).en}"
