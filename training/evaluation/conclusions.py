"""What the figures say, in sentences: each written from the data, none that the intervals do not bear."""

from __future__ import annotations

from collections.abc import Iterator

from features.messages import Words
from models.evaluation_words import SIMPLER, contender, part
from training.evaluation.report import AtVisits, Caught, Report

_FOUND = Words(
    "{whom}: 走访 {visits} 笔, 模型找到 {bad} 笔变坏贷款中的 {model} 笔, 规则找到 {rules} 笔; {verdict}",
    "{whom}: at {visits} visits the model finds {model} of {bad}, the rules {rules}; {verdict}",
)
_VERDICT = {
    "open": Words("差距的区间含 0, 分不出高下。", "the interval of the difference includes 0."),
    "better": Words("模型找到的更多, 区间不含 0。", "the model finds more, the interval does not include 0."),
    "worse": Words("模型找到的更少, 区间不含 0。", "the model finds fewer, the interval does not include 0."),
}
_SIMPLER = Words(
    "{whom}: {name} 与模型分不出高下 (召回之差 {low} 至 {high}, 含 0); 更简单的办法可能就够了。",
    "{whom}: {name}: not told apart from the model (difference of recall {low} to {high}, includes 0);"
    " the simpler may be enough.",
)
_SIMPLER_BETTER = Words(
    "{whom}: {name} 比模型找到的更多 (召回之差 {low} 至 {high})。",
    "{whom}: {name}: finds more than the model (difference of recall {low} to {high}).",
)
_LEAD = Words(
    "{whom}: 变坏的 {bad} 笔贷款, 模型在变坏前亮灯 {caught} 笔, {early} 笔提前 90 天以上; 中位 {days} 天。",
    "{whom}: of {bad} loans that went bad the model lit {caught} before, {early} of them 90 days ahead or more;"
    " the median is {days} days.",
)
_TRUE = Words(
    "概率与实际平均相差 {ece} 个百分点; 杰弗里斯区间成立的月份: {lights}。",
    "Probabilities are off by {ece} points on average; months in which the Jeffreys interval holds: {lights}.",
)
_EVERYONE = Words("全部贷款", "All loans")
_QUIET = Words("未拖欠的贷款", "Loans not in arrears")


def conclusions(report: Report) -> tuple[Words, ...]:
    """The model against the rules, simpler rungs that are as good, lead time, and how true the probabilities are."""
    populations = ((_EVERYONE, report.everyone), (_QUIET, report.not_in_arrears))
    said = (line for whom, of in populations for line in _of(whom, of))
    return (*said, _calibration(report))


def _of(whom: Words, of: AtVisits) -> Iterator[Words]:
    model, rules = of.contenders["model"], of.contenders["rules"]
    if not of.bad:
        yield Words(f"{whom.zh}: 没有变坏的贷款, 无从比较。", f"{whom.en}: none went bad, nothing can be compared.")
        return
    counts = {"visits": of.visits, "bad": of.bad, "model": _count(model), "rules": _count(rules)}
    yield _both(_FOUND, whom=whom, verdict=_verdict(model), **counts)
    yield from _simpler(whom, of)
    lead = of.lead["model"]
    if lead.median_days is not None:
        days = f"{lead.median_days:.0f}"
        yield _both(_LEAD, whom=whom, bad=lead.bad, caught=lead.caught, early=lead.ahead["90"], days=days)


def _simpler(whom: Words, of: AtVisits) -> Iterator[Words]:
    for name in SIMPLER:
        caught = of.contenders.get(name)
        if caught is None or caught.less_model.low is None or caught.less_model.high is None:
            continue
        bounds = {"low": f"{caught.less_model.low:+.3f}", "high": f"{caught.less_model.high:+.3f}"}
        if caught.less_model.tells_nothing:
            yield _both(_SIMPLER, whom=whom, name=contender(name), **bounds)
        elif caught.less_model.low > 0:
            yield _both(_SIMPLER_BETTER, whom=whom, name=contender(name), **bounds)


def _verdict(model: Caught) -> Words:
    if model.less_rules.tells_nothing:
        return _VERDICT["open"]
    return _VERDICT["better" if (model.less_rules.value or 0) > 0 else "worse"]


def _calibration(report: Report) -> Words:
    of = report.calibration
    lights = [(part("", code), f"{of.months_hold[code]}/{of.months[code]}") for code in of.months]
    zh = ", ".join(f"{words.zh} {held}" for words, held in lights)
    en = ", ".join(f"{words.en} {held}" for words, held in lights)
    return _both(_TRUE, ece=f"{100 * of.ece:.2f}", lights=Words(zh, en))


def _count(caught: Caught) -> str:
    """Whole loans; a part of one stems from a tie at the edge of the visits."""
    return "-" if caught.found is None else f"{caught.found:.1f}".removesuffix(".0")


def _both(sentence: Words, **values: object) -> Words:
    """Filled in each language by its own words."""

    def in_(lang: str) -> dict[str, object]:
        return {name: getattr(value, lang) if isinstance(value, Words) else value for name, value in values.items()}

    return Words(sentence.zh.format(**in_("zh")), sentence.en.format(**in_("en")))
