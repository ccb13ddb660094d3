"""Sentences in Chinese and English for published warnings: values in their units, rules, reasons and changes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import polars as pl

from features.catalog import FAMILY_LABELS, FEATURES, SHOWN_FEATURES
from features.loan_checks import LOAN_CHECKS
from features.messages import Bilingual
from features.units import Value
from models.county_policy.sections import Classes
from models.disclosure import LEAST_OTHERS
from models.five_classes.floors import ClassFacts, loan_class
from models.five_classes.matrices import MATRICES
from models.light import LACKS, Light
from models.traffic_light.rule import RuleSentences
from serving.explain.missing_facts import missing_fact
from serving.explain.reason_comparison import comparison_agrees
from serving.explain.status_sentences import status_sentence
from serving.months.edition import PublishedMonth
from serving.schemas.household_sheet import ExplainedFeature, FeatureFamily, FiveClassGrade
from serving.schemas.loan_warning import (
    ChangeReason,
    FailedCheck,
    FiredRule,
    Lacked,
    LoanWarning,
    Reason,
    UnassessedRule,
)

Row = Mapping[str, Any]
"""A row of a frame, by column name."""
LIKELIHOOD = Bilingual(
    "与此相似的 100 笔贷款中，{count}在 {horizon_months} 个月内变坏（逾期 {bad_after_days} 天、代偿或核销）。",
    "Of 100 loans like this one, {count} go bad within {horizon_months} months ({bad_after_days} days past due, "
    "compensated or written off).",
)
GONE_BAD = Bilingual("该笔贷款已是不良，不作预测。", "This loan is bad; nothing is predicted.")
NO_MODEL_USED = Bilingual("没有可用模型，灯色只按规则。", "There was no usable model; the light is by the rules alone.")
LOAN_CLOSED = Bilingual("这笔贷款就此结清。", "The loan is closed by it.")
USUAL_IN_TOWNSHIP = Bilingual("本乡镇一般为 {typical}", "usual in the township: {typical}")
_CHANGES_WITHOUT_FEATURE = {
    "model": Bilingual("模型已更换，同样情况评分不同", "another model judges: it scores the same facts differently"),
    "policy": Bilingual(
        "评分未变，只是亮灯界限不同或上月灯已熄",
        "the score has not moved; only the thresholds differ, or a light kept on has gone out",
    ),
}
_NO_FIGURE = Bilingual(
    "全县{zh}（其他户不足 {least} 户，不公布）",
    "the county's {en} (not told: too few other households, {least} are needed)",
)
_CHECK_MESSAGES = {check.id: check.message for check in LOAN_CHECKS}
_TEXTS_IN_MEMORY = 16_384
"""Values with their texts: a page of a list has a thousand of them, most of them medians, counts and days."""


def render_warnings(warnings: pl.DataFrame, features: pl.DataFrame, month: PublishedMonth) -> list[LoanWarning]:
    """The warnings of a published month with their sentences in both languages.

    Args:
        warnings: rows of the month's warnings, with all their columns.
        features: features of at least these loans; of their columns, those of `columns_to_render`.
        month: the month, whose rules and policy the sentences come from.

    Returns:
        One warning for each row of `warnings`, in their order.

    Raises:
        KeyError: where `features` lacks one of the loans.

    Example:
        >>> from serving.explain.sentences import columns_to_render, render_warnings
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> month = MonthRepository(DataFolder(data)).month()
        >>> warnings = month.scan("warnings").head(2).collect()
        >>> features = month.scan("features").select(columns_to_render(month)).collect()
        >>> rendered = render_warnings(warnings, features, month)
        >>> [warning.loan_id for warning in rendered] == warnings["loan_id"].to_list()
        True
        >>> all(reason.zh and reason.en for warning in rendered for reason in warning.reasons)
        True
    """
    facts_by_loan = {row["loan_id"]: row for row in features.to_dicts()}
    rules, actions, drawn_action = month.manifest.rules, month.policy.actions, month.policy.visit_study.drawn_action
    rendered = []
    for row in warnings.to_dicts():
        is_drawn, facts = row["action"] == drawn_action.code, facts_by_loan[row["loan_id"]]
        action = drawn_action if is_drawn else actions.of(Light[row["light"].upper()])
        status, figures = status_sentence(row), month.manifest.county_figures.get(row["county_code"], {})
        sentences = {
            "rules": [_fired_rule(fired, facts, rules[fired["id"]], figures) for fired in row["rules"]],
            "open_rules": [_open_rule(name, facts, rules[name], figures) for name in row["not_assessable"]],
            "reasons": [render_reason(reason, USUAL_IN_TOWNSHIP) for reason in row["reasons"]],
            "changes": [render_change(change) for change in row["changes"]],
            "loan_checks": [
                FailedCheck(
                    **failed,
                    zh=f"{_CHECK_MESSAGES[failed['check']].zh}：{failed['first']} / {failed['second']}",
                    en=f"{_CHECK_MESSAGES[failed['check']].en}: {failed['first']} / {failed['second']}",
                )
                for failed in row.get("loan_checks") or ()
            ],
            "status_zh": status.zh if status else None,
            "status_en": status.en if status else None,
            "incomplete": [Lacked(code=code, zh=LACKS[code].zh, en=LACKS[code].en) for code in row["incomplete"] or ()],
            "action_zh": action.zh,
            "action_en": action.en,
            "shadow": bool(row["shadow"]),
        }
        rendered.append(LoanWarning(**{**row, **sentences}))
    return rendered


def columns_to_render(month: PublishedMonth) -> list[str]:
    """The columns of features that `render_warnings` reads: `loan_id` and the features of the month's rules."""
    rule_features = {name for rule in month.manifest.rules.values() for name in rule["features"]}
    return ["loan_id", *sorted(rule_features - {"loan_id"})]


def _fired_rule(fired: Row, facts: Row, rule: RuleSentences, figures: Mapping[str, float]) -> FiredRule:
    texts = {name: _value_text(name, facts[name]) for name in rule["features"]}
    for name, figure in rule.get("county_figures", {}).items():
        texts[f"county_{name}"] = _value_text(name, figures[figure])
    zh = rule["zh"].format(**{name: text.zh for name, text in texts.items()})
    en = rule["en"].format(**{name: text.en for name, text in texts.items()})
    return FiredRule(**fired, zh=zh, en=en)


def _open_rule(identifier: str, facts: Row, rule: RuleSentences, figures: Mapping[str, float]) -> UnassessedRule:
    """The rule with the names of its missing values: a visit has to find them out, but not the county's own figure."""
    missing = [FEATURES[name].label for name in rule["features"] if facts[name] is None]
    for name, figure in rule.get("county_figures", {}).items():
        if figure not in figures:
            label = FEATURES[name].label
            missing.append(_NO_FIGURE.format(zh=label.zh, en=label.en, least=LEAST_OTHERS))
    zh, en = "、".join(label.zh for label in missing), ", ".join(label.en for label in missing)
    return UnassessedRule(id=identifier, zh=f"缺少：{zh}", en=f"missing: {en}")


def render_reason(reason: Row, comparison: Bilingual) -> Reason:
    """A published reason with its sentence.

    A missing value is told with what to bring. The usual value is named only where it agrees with the contribution.

    Args:
        reason: a row of `models.explain.REASON`; numbers are in `value` and `typical`, codes in `value_code` and
            `typical_code`, the contribution in log-odds.
        comparison: how the value to compare with is introduced, around `{typical}`; `USUAL_IN_TOWNSHIP` for the
            township's median.

    Returns:
        The reason with `zh` and `en`.

    Raises:
        KeyError: where the feature is not in the catalogue.

    Example:
        >>> from serving.explain.sentences import USUAL_IN_TOWNSHIP, render_reason
        >>> values = {"value": 6.0, "value_code": None, "typical": 0.0, "typical_code": None}
        >>> render_reason({"feature": "days_past_due", "contribution": 0.5, **values}, USUAL_IN_TOWNSHIP).en
        'Days past due: 6 days (usual in the township: 0 days)'
        >>> render_reason({"feature": "days_past_due", "contribution": -0.5, **values}, USUAL_IN_TOWNSHIP).en
        'Days past due: 6 days'
    """
    name, value, typical = reason["feature"], _number_or_code(reason, "value"), _number_or_code(reason, "typical")
    label, contribution = FEATURES[name].label, reason["contribution"]
    text = missing_fact(name) if value is None else _value_text(name, value)
    zh, en = f"{label.zh}：{text.zh}", f"{label.en}: {text.en}"
    if comparison_agrees(name, value, typical, contribution):
        usual = _value_text(name, typical)
        zh = f"{zh}（{comparison.zh.format(typical=usual.zh)}）"
        en = f"{en} ({comparison.en.format(typical=usual.en)})"
    return Reason(feature=name, value=value, typical=typical, contribution=contribution, zh=zh, en=en)


def render_change(change: Row) -> ChangeReason:
    """A published change with its sentence, as `Days past due: 0 days → 6 days`.

    A change of model or policy has a sentence of its own.
    """
    name, value_before, value_after = (
        change["feature"],
        _number_or_code(change, "before"),
        _number_or_code(change, "after"),
    )
    if name is None:
        sentence = _CHANGES_WITHOUT_FEATURE[change["kind"]]
    else:
        label, was, now = FEATURES[name].label, _value_text(name, value_before), _value_text(name, value_after)
        zh, en = (
            (f"{now.zh}（未变）", f"{now.en} (unchanged)")
            if was == now
            else (
                f"{was.zh} → {now.zh}",
                f"{was.en} → {now.en}",
            )
        )
        sentence = Bilingual(f"{label.zh}：{zh}", f"{label.en}: {en}")
    return ChangeReason(
        kind=change["kind"],
        feature=name,
        before=value_before,
        after=value_after,
        contribution=change["contribution"],
        zh=sentence.zh,
        en=sentence.en,
    )


@lru_cache(_TEXTS_IN_MEMORY)
def _value_text(name: str, value: Value) -> Bilingual:
    """A feature's value as a person reads it."""
    return FEATURES[name].unit.text(value)


def _number_or_code(row: Row, name: str) -> Value:
    """The value of a pair of columns `name` (a number) and `name_code` (a code), of which one is missing."""
    value: Value = row[name] if row[f"{name}_code"] is None else row[f"{name}_code"]
    return value


def likelihood_sentence(
    probability: float | None,
    has_gone_bad: bool,
    label: Mapping[str, int] | None,
    ends: tuple[float | None, float | None] = (None, None),
) -> Bilingual:
    """The probability as a count of a hundred loans with its range, or why there is none.

    label: the event that the probability is of, `horizon_months` and `bad_after_days`; None without a model. ends: of
    the probability's range, where it is known.
    """
    if has_gone_bad:
        return GONE_BAD
    if probability is None or label is None:
        return NO_MODEL_USED
    loans = round(probability * 100)
    count = Bilingual(f"约 {loans} 笔", f"about {loans}") if loans else Bilingual("不到 1 笔", "fewer than 1")
    low, high = ends
    if low is not None and high is not None:
        least, most = round(low * 100), max(1, round(high * 100))
        zh, en = f"按现有数据 {least} 至 {most} 笔", f"{least} to {most} by the data at hand"
        count = Bilingual(f"{count.zh}（{zh}）", f"{count.en} ({en})")
    return Bilingual(LIKELIHOOD.zh.format(count=count.zh, **label), LIKELIHOOD.en.format(count=count.en, **label))


def warning_likelihood(warning: LoanWarning, has_gone_bad: bool, label: Mapping[str, int] | None) -> Bilingual:
    """The likelihood of a warning, with the range of its probability; label: as of `likelihood_sentence`."""
    ends = warning.probability_low, warning.probability_high
    return likelihood_sentence(warning.probability, has_gone_bad, label, ends)


def fact_families(facts: Row, township_medians: Row, contributions: Mapping[str, float]) -> list[FeatureFamily]:
    """All facts about one loan by family, each with the township's median; first those that raise the risk most.

    contributions: of the model's columns, in log-odds; empty where no model judged.
    """

    def risk_order(name: str) -> tuple[int, float]:
        """Facts that raise the risk, then those that lower it, each by size; then those that add nothing."""
        contribution = contributions.get(name)
        if not contribution:
            return 2, 0.0
        return (0, -contribution) if contribution > 0 else (1, contribution)

    families = []
    for family, words in FAMILY_LABELS.items():
        names = [feature.name for feature in SHOWN_FEATURES if feature.family == family]
        of_family = [contributions[name] for name in names if name in contributions]
        shown = [
            _shown_feature(name, facts[name], township_medians.get(name), contributions.get(name))
            for name in sorted(names, key=risk_order)
        ]
        total = math.fsum(of_family) if of_family else None
        families.append(FeatureFamily(family=family, zh=words.zh, en=words.en, contribution=total, features=shown))
    return families


def _shown_feature(name: str, value: Value, median: Value, contribution: float | None) -> ExplainedFeature:
    feature = FEATURES[name]
    text, median_text = feature.unit.text(value), feature.unit.text(median)
    return ExplainedFeature(
        feature=name,
        label_zh=feature.label.zh,
        label_en=feature.label.en,
        value=value,
        value_zh=text.zh,
        value_en=text.en,
        typical=median,
        typical_zh=median_text.zh,
        typical_en=median_text.en,
        contribution=contribution,
        why=feature.why,
    )


def five_classes(facts: ClassFacts, as_of: date, classes: Classes) -> list[FiveClassGrade]:
    """The loan's class, as `special mention (Risk classification of financial assets (2023))`, by each matrix, and why.

    classes: the county's policy, which names the matrices that it goes by; those in force on `as_of` are used.
    """
    by_matrix = []
    for name in classes.matrices:
        matrix = MATRICES[name]
        if matrix.since <= as_of:
            judged = loan_class(facts, matrix)
            grade = {
                "matrix": name,
                "code": judged.code,
                "zh": f"{judged.words.zh}（{matrix.words.zh}）",
                "en": f"{judged.words.en} ({matrix.words.en})",
                "reason_zh": "；".join(reason.zh for reason in judged.reasons),
                "reason_en": "; ".join(reason.en for reason in judged.reasons),
            }
            by_matrix.append(FiveClassGrade.model_validate(grade))
    return by_matrix
