"""Conclusions of an evaluation report as sentences in two languages; none claims more than the intervals support."""

from __future__ import annotations

from collections.abc import Iterator

from features.messages import Bilingual
from models.evaluation_words import SIMPLER_BASELINES, compared_model_words, group_words
from training.evaluation.report import EvaluationReport, ModelAtCapacity, PopulationAtCapacity

_CAUGHT = Bilingual(
    "{whom}: 走访 {visits} 笔, 模型找到 {bad} 笔变坏贷款中的 {model} 笔, 规则找到 {rules} 笔; {verdict}",
    "{whom}: at {visits} visits the model finds {model} of {bad}, the rules {rules}; {verdict}",
)
_VERDICT = {
    "open": Bilingual("差距的区间含 0, 分不出高下。", "the interval of the difference includes 0."),
    "better": Bilingual("模型找到的更多, 区间不含 0。", "the model finds more, the interval does not include 0."),
    "worse": Bilingual("模型找到的更少, 区间不含 0。", "the model finds fewer, the interval does not include 0."),
}
_BASELINE_AS_GOOD = Bilingual(
    "{whom}: {name} 与模型分不出高下 (召回之差 {low} 至 {high}, 含 0); 更简单的办法可能就够了。",
    "{whom}: {name}: not told apart from the model (difference of recall {low} to {high}, includes 0);"
    " the simpler may be enough.",
)
_BASELINE_BETTER = Bilingual(
    "{whom}: {name} 比模型找到的更多 (召回之差 {low} 至 {high})。",
    "{whom}: {name}: finds more than the model (difference of recall {low} to {high}).",
)
_LEAD_TIME = Bilingual(
    "{whom}: 变坏的 {bad} 笔贷款, 模型在变坏前亮灯 {caught} 笔, {early} 笔提前 90 天以上; 中位 {days} 天。",
    "{whom}: of {bad} loans that went bad the model lit {caught} before, {early} of them 90 days ahead or more;"
    " the median is {days} days.",
)
_CALIBRATION = Bilingual(
    "概率与实际平均相差 {ece} 个百分点; 杰弗里斯区间成立的月份: {lights}。",
    "Probabilities are off by {ece} points on average; months in which the Jeffreys interval holds: {lights}.",
)
_ALL_LOANS = Bilingual("全部贷款", "All loans")
_NOT_IN_ARREARS = Bilingual("未拖欠的贷款", "Loans not in arrears")


def conclusions(report: EvaluationReport) -> tuple[Bilingual, ...]:
    """Sentences on the model and the rules, baselines as good as the model, lead time, and calibration.

    The comparisons come once for all loans and once for those not in arrears.
    """
    calibration = report.calibration
    lights = [
        (group_words("", code), f"{calibration.months_hold[code]}/{months}")
        for code, months in calibration.months.items()
    ]
    light_words = Bilingual(
        ", ".join(f"{words.zh} {months}" for words, months in lights),
        ", ".join(f"{words.en} {months}" for words, months in lights),
    )
    return (
        *_population_conclusions(_ALL_LOANS, report.everyone),
        *_population_conclusions(_NOT_IN_ARREARS, report.not_in_arrears),
        _fill(_CALIBRATION, ece=f"{100 * calibration.ece:.2f}", lights=light_words),
    )


def _population_conclusions(title: Bilingual, population: PopulationAtCapacity) -> Iterator[Bilingual]:
    if not population.bad:
        zh, en = f"{title.zh}: 没有变坏的贷款, 无从比较。", f"{title.en}: none went bad, nothing can be compared."
        yield Bilingual(zh, en)
        return
    model, rules = population.contenders["model"], population.contenders["rules"]
    counts = {
        "visits": population.visits,
        "bad": population.bad,
        "model": _caught_count(model),
        "rules": _caught_count(rules),
    }
    if model.less_rules.includes_zero:
        verdict = _VERDICT["open"]
    else:
        verdict = _VERDICT["better" if (model.less_rules.value or 0) > 0 else "worse"]
    yield _fill(_CAUGHT, whom=title, verdict=verdict, **counts)
    yield from _baseline_conclusions(title, population)
    lead = population.lead["model"]
    if lead.median_days is not None:
        days = f"{lead.median_days:.0f}"
        yield _fill(_LEAD_TIME, whom=title, bad=lead.bad, caught=lead.caught, early=lead.ahead["90"], days=days)


def _baseline_conclusions(title: Bilingual, population: PopulationAtCapacity) -> Iterator[Bilingual]:
    """A sentence on each simpler baseline that is better than the model, or whose difference includes zero."""
    for name in SIMPLER_BASELINES:
        baseline = population.contenders.get(name)
        if baseline is None or baseline.less_model.low is None or baseline.less_model.high is None:
            continue
        bounds = {"low": f"{baseline.less_model.low:+.3f}", "high": f"{baseline.less_model.high:+.3f}"}
        if baseline.less_model.includes_zero:
            yield _fill(_BASELINE_AS_GOOD, whom=title, name=compared_model_words(name), **bounds)
        elif baseline.less_model.low > 0:
            yield _fill(_BASELINE_BETTER, whom=title, name=compared_model_words(name), **bounds)


def _caught_count(model: ModelAtCapacity) -> str:
    """Bad loans visited: a whole number, or one decimal where a tie lies at the edge of the visits."""
    return "-" if model.found is None else f"{model.found:.1f}".removesuffix(".0")


def _fill(sentence: Bilingual, **values: object) -> Bilingual:
    """The sentence with its values, each in the sentence's language."""

    def in_language(lang: str) -> dict[str, object]:
        return {name: getattr(value, lang) if isinstance(value, Bilingual) else value for name, value in values.items()}

    return Bilingual(sentence.zh.format(**in_language("zh")), sentence.en.format(**in_language("en")))
