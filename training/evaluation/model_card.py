"""The model card of a training run: purpose, data, label, figures, limits and gate, with fields left to its owner."""

from __future__ import annotations

from datetime import date
from typing import get_args

from features.catalog import FEATURES
from features.declare import FeatureRole
from features.messages import Bilingual
from models.bundle import Bundle
from models.evaluation_words import compared_model_words, group_words
from models.policy import NEVER
from training.evaluation.page import page_environment
from training.evaluation.report import Estimate, EvaluationReport, Lang
from training.gate import GateResult
from training.plan import Plan

MODEL_CARD_FILE = "MODEL_CARD.md"
_OWNER_FIELDS = (
    Bilingual("模型负责人（姓名、单位）", "Owner of the model (name, office)"),
    Bilingual("批准人和批准日期", "Approved by, and on which day"),
    Bilingual("适用的县和银行", "Counties and banks it is meant for"),
    Bilingual("已知不适用的情形", "Situations in which it is known not to hold"),
    Bilingual("下次复核日期", "Day of the next review"),
    Bilingual("异议和投诉的联系方式", "Where objections and complaints go"),
)


def model_card(bundle: Bundle, report: EvaluationReport, gate: GateResult, data_day: date) -> str:
    """The card as Markdown, in Chinese and then in English.

    Args:
        bundle: the fitted model, registered or not.
        report: its evaluation.
        gate: the gate's result for it.
        data_day: the last day that the banks have reported on.

    Example:
        >>> from models.registry import ModelStore
        >>> from training.evaluation.runs import load_report
        >>> from training.gate import load_gate
        >>> from training.gate_criteria import gate_result
        >>> report = load_report(data, 1)
        >>> bundle, result = ModelStore(data / "models").bundle(1), gate_result(report, load_gate())
        >>> card = model_card(bundle, report, result, date(2026, 1, 9))
        >>> card.splitlines()[0], "## Figures, with 95% intervals by household" in card
        ('# 模型卡', True)
    """
    return "\n".join(card_in_language(lang, bundle, report, gate, data_day) for lang in get_args(Lang))


def card_in_language(lang: Lang, bundle: Bundle, report: EvaluationReport, gate: GateResult, data_day: date) -> str:
    """The card in one language; its parameters are those of `model_card`."""

    def share(estimate: Estimate) -> str:
        if estimate.value is None or estimate.low is None or estimate.high is None:
            return "-"
        return f"{estimate.value:.3f} ({estimate.low:.3f} – {estimate.high:.3f})"

    # Markdown, not HTML: nothing is escaped
    template = page_environment().overlay(autoescape=False).get_template("model_card.md.jinja")
    return template.render(
        bundle=bundle,
        card=bundle.card,
        plan=Plan.model_validate(bundle.card["plan"]),
        report=report,
        gate=gate,
        data_day=data_day,
        barred=[feature for feature in FEATURES.values() if feature.role is FeatureRole.AUDIT],
        owner_fields=_OWNER_FIELDS,
        say=lambda zh, en: zh if lang == "zh" else en,
        text=lambda words: getattr(words, lang),
        model_name=lambda code: getattr(compared_model_words(code), lang),
        group_name=lambda code: getattr(group_words("", code), lang),
        share=share,
        number=lambda value: "-" if value is None else f"{value:.3f}",
        threshold=lambda value: "-" if value >= NEVER else f"{value:.4f}",
    )
