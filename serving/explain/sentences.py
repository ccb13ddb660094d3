"""From a published row to what a person is told: values in their units, sentences from the declarations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import polars as pl

from features.catalog import FAMILY_WORDS, FEATURES, SHOWN
from features.messages import Words
from features.units import Value
from models.county_policy.sections import Actions, Classes
from models.five_classes import CLASS_WORDS, MATRICES
from models.light import Light
from models.traffic_light.rule import SaidRule
from serving.months.repository import Month
from serving.schemas.household_sheet import Family, FiveClass, ShownFeature
from serving.schemas.loan_warning import Change, FiredRule, LoanWarning, OpenRule, Reason

LIKELIHOOD = Words(
    "与此相似的 100 笔贷款中, {count} 笔在 {horizon_months} 个月内变坏 (逾期 {bad_after_days} 天、代偿或核销)。",
    "Of 100 loans like this one, {count} go bad within {horizon_months} months ({bad_after_days} days past due, "
    "compensated or written off).",
)
GONE_BAD = Words("该笔贷款已经变坏, 不再预测。", "This loan has already gone bad; nothing is predicted any more.")
NO_MODEL_USED = Words("没有可用模型, 灯色只按规则。", "There was no usable model; the light is by the rules alone.")
USUAL_IN_TOWNSHIP = Words("本乡镇一般为 {typical}", "usual in the township: {typical}")
_ANOTHER = {
    "model": Words("模型已更换, 同样情况评分不同", "another model judges: it scores the same facts differently"),
    "policy": Words(
        "评分未变, 只是亮灯界限不同或上月灯已熄",
        "the score has not moved; only the thresholds differ, or a light kept on has gone out",
    ),
}
Row = Mapping[str, Any]
_VALUES_KEPT = 65_536
"""Values with their words: a page of a list has a thousand of them, most of them medians, counts and days."""


def told(warnings: pl.DataFrame, features: pl.DataFrame, month: Month) -> list[LoanWarning]:
    """Published warnings with their sentences as of their month; `features` holds at least the same loans."""
    facts = {row["loan_id"]: row for row in features.to_dicts()}
    rules, actions = month.manifest.rules, month.policy.actions
    return [_warning(row, facts[row["loan_id"]], rules, actions) for row in warnings.to_dicts()]


def needed_to_tell(month: Month) -> list[str]:
    """The columns of features that `told` reads."""
    of_rules = {name for rule in month.manifest.rules.values() for name in rule["features"]}
    return ["loan_id", *sorted(of_rules - {"loan_id"})]


def _warning(row: Row, facts: Row, rules: Mapping[str, SaidRule], actions: Actions) -> LoanWarning:
    action = actions.of(Light[row["light"].upper()])
    return LoanWarning(
        **{
            **row,
            "rules": [_rule(fired, facts, rules[fired["id"]]) for fired in row["rules"]],
            "open_rules": [_open_rule(name, facts, rules[name]) for name in row["not_assessable"]],
            "reasons": [reason_told(reason, USUAL_IN_TOWNSHIP) for reason in row["reasons"]],
            "changes": [change_told(change) for change in row["changes"]],
            "action_zh": action.zh,
            "action_en": action.en,
        }
    )


def _rule(fired: Row, facts: Row, rule: SaidRule) -> FiredRule:
    written = {name: _written(name, facts[name]) for name in rule["features"]}
    zh = rule["zh"].format(**{name: words.zh for name, words in written.items()})
    en = rule["en"].format(**{name: words.en for name, words in written.items()})
    return FiredRule(**fired, zh=zh, en=en)


def _open_rule(identifier: str, facts: Row, rule: SaidRule) -> OpenRule:
    """Which of its values are missing, by name: what a visit has to find out."""
    lacking = [FEATURES[name].label for name in rule["features"] if facts[name] is None]
    zh, en = "、".join(label.zh for label in lacking), ", ".join(label.en for label in lacking)
    return OpenRule(id=identifier, zh=f"缺少: {zh}", en=f"missing: {en}")


def reason_told(reason: Row, usual: Words) -> Reason:
    """usual: how the typical value is spoken of, around {typical}."""
    value, typical = _cell(reason, "value"), _cell(reason, "typical")
    words = reason_words(reason["feature"], value, typical, usual)
    return Reason(
        feature=reason["feature"],
        value=value,
        typical=typical,
        contribution=reason["contribution"],
        zh=words.zh,
        en=words.en,
    )


@lru_cache(_VALUES_KEPT)
def _written(name: str, value: Value) -> Words:
    """A feature's value as a person reads it."""
    return FEATURES[name].unit.words(value)


def _cell(row: Row, name: str) -> Value:
    """A number or a code, whichever it is."""
    value: Value = row[name] if row[f"{name}_code"] is None else row[f"{name}_code"]
    return value


def reason_words(name: str, value: Value, typical: Value, usual: Words) -> Words:
    """`Days past due: 6 days (usual in the township: 0 days)`."""
    feature, is_now, other = FEATURES[name], _written(name, value), _written(name, typical)
    zh, en = usual.zh.format(typical=other.zh), usual.en.format(typical=other.en)
    return Words(f"{feature.label.zh}: {is_now.zh} ({zh})", f"{feature.label.en}: {is_now.en} ({en})")


def change_told(change: Row) -> Change:
    """`Days past due: 0 days → 6 days`; a change of model or policy has a sentence of its own."""
    before, after = _cell(change, "before"), _cell(change, "after")
    said = _ANOTHER[change["kind"]] if change["feature"] is None else _moved(change["feature"], before, after)
    return Change(
        kind=change["kind"],
        feature=change["feature"],
        before=before,
        after=after,
        contribution=change["contribution"],
        zh=said.zh,
        en=said.en,
    )


def _moved(name: str, before: Value, after: Value) -> Words:
    feature, was, is_now = FEATURES[name], _written(name, before), _written(name, after)
    if was == is_now:
        return Words(f"{feature.label.zh}: {is_now.zh} (未变)", f"{feature.label.en}: {is_now.en} (unchanged)")
    return Words(f"{feature.label.zh}: {was.zh} → {is_now.zh}", f"{feature.label.en}: {was.en} → {is_now.en}")


def likelihood(probability: float | None, has_gone_bad: bool, label: Mapping[str, int] | None) -> Words:
    """The probability as a count of a hundred loans, or why there is none."""
    if has_gone_bad:
        return GONE_BAD
    if probability is None or label is None:
        return NO_MODEL_USED
    count = _of_a_hundred(probability)
    return Words(LIKELIHOOD.zh.format(count=count.zh, **label), LIKELIHOOD.en.format(count=count.en, **label))


def _of_a_hundred(probability: float) -> Words:
    count = round(probability * 100)
    return Words(f"约 {count}", f"about {count}") if count else Words("不到 1", "fewer than 1")


def families(facts: Row, typical: Row, contributions: Mapping[str, float]) -> list[Family]:
    """All facts about one loan by family, each beside the township's median; what raises the risk comes first.

    contributions: of the model's columns, in log-odds; empty where no model judged.
    """
    return [_family(family, words, facts, typical, contributions) for family, words in FAMILY_WORDS.items()]


def _family(family: str, words: Words, facts: Row, typical: Row, contributions: Mapping[str, float]) -> Family:
    names = [feature.name for feature in SHOWN if feature.family == family]
    mine = [contributions[name] for name in names if name in contributions]
    return Family(
        family=family,
        zh=words.zh,
        en=words.en,
        contribution=math.fsum(mine) if mine else None,
        features=[
            _one_shown(name, facts[name], typical.get(name), contributions.get(name))
            for name in sorted(names, key=lambda name: _raising_first(contributions.get(name)))
        ],
    )


def _raising_first(contribution: float | None) -> tuple[int, float]:
    """What raises the risk, the most first; then what lowers it, the most first; then what adds nothing."""
    if not contribution:
        return 2, 0.0
    return (0, -contribution) if contribution > 0 else (1, contribution)


def _one_shown(name: str, value: Value, typical: Value, contribution: float | None) -> ShownFeature:
    feature = FEATURES[name]
    is_now, usual = feature.unit.words(value), feature.unit.words(typical)
    return ShownFeature(
        feature=name,
        label_zh=feature.label.zh,
        label_en=feature.label.en,
        value=value,
        value_zh=is_now.zh,
        value_en=is_now.en,
        typical=typical,
        typical_zh=usual.zh,
        typical_en=usual.en,
        contribution=contribution,
        why=feature.why,
    )


def five_classes(days_past_due: int, as_of: date, classes: Classes) -> list[FiveClass]:
    """`special mention (Risk classification of financial assets (2023))`, by each matrix the county goes by."""
    found = []
    for name in classes.matrices:
        matrix = MATRICES[name]
        if matrix.since <= as_of:
            code = matrix.class_of(days_past_due)
            words = CLASS_WORDS[code]
            zh, en = f"{words.zh} ({matrix.words.zh})", f"{words.en} ({matrix.words.en})"
            found.append(FiveClass.model_validate({"matrix": name, "code": code, "zh": zh, "en": en}))
    return found
