"""Conclusions of an evaluation report as sentences in two languages; none claims more than the intervals support."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from features.messages import Bilingual
from models.evaluation_words import SIMPLER_OPPONENTS, compared_model_words, group_words
from training.evaluation.report import (
    Estimate,
    EvaluationReport,
    ModelAtCapacity,
    MonthsAheadMetrics,
    PopulationAtCapacity,
)

_CHANCE_AUC = 0.5

_CAUGHT = Bilingual(
    "{whom}：走访 {visits} 笔，模型找到 {bad} 笔变坏贷款中的 {model} 笔，对手中最好的 {name} 找到 {best} 笔，"
    "规则找到 {rules} 笔；与最好的对手相比：{verdict}",
    "{whom}: at {visits} visits the model finds {model} of {bad}, the best of its opponents, {name}, {best}, the rules "
    "{rules}; beside the best: {verdict}",
)
_VERDICT = {
    "open": Bilingual("差距的区间含 0，分不出高下。", "the interval of the difference includes 0."),
    "better": Bilingual("模型找到的更多，区间不含 0。", "the model finds more, the interval does not include 0."),
    "worse": Bilingual("模型找到的更少，区间不含 0。", "the model finds fewer, the interval does not include 0."),
}
_SIMPLER_AS_GOOD = Bilingual(
    "{whom}：{name} 与模型分不出高下（识别率之差 {low} 至 {high}，含 0）；更简单的办法可能就够了。",
    "{whom}: {name}: not told apart from the model (difference of recall {low} to {high}, includes 0);"
    " the simpler may be enough.",
)
_SIMPLER_BETTER = Bilingual(
    "{whom}：{name} 比模型找到的更多（识别率之差 {low} 至 {high}）。",
    "{whom}: {name}: finds more than the model (difference of recall {low} to {high}).",
)
_LEAD_TIME = Bilingual(
    "{whom}：变坏的 {bad} 笔贷款，模型提前 90 天以上找到 {early} 笔（{share}），{name} {other} 笔，规则 {rules} 笔；"
    "模型在变坏前共找到 {caught} 笔，中位提前 {days} 天。",
    "{whom}: of {bad} loans that went bad the model finds {early} ({share}) 90 days ahead or more, {name} {other}, the "
    "rules {rules}; before they went bad it finds {caught}, by a median of {days} days.",
)
_CALIBRATION = Bilingual(
    "概率与实际平均相差 {ece} 个百分点；杰弗里斯区间成立的月份：{lights}。",
    "Probabilities are off by {ece} points on average; months in which the Jeffreys interval holds: {lights}.",
)
_SIGNS_COST = Bilingual(
    "单调方向有代价：不加方向的树在较晚月份上的对数损失低 {value}（区间 {low} 至 {high}），"
    "已采用不加方向的树；理由可能违背常识。",
    "Monotone signs cost accuracy: on later months the log loss of trees without signs is lower by {value} ({low} to "
    "{high}), and they were taken; their reasons may go against what everybody knows.",
)
_DUE_SKILL = Bilingual(
    "预测期内到期的 {loans} 笔贷款，{bad} 笔变坏：概率排序的 AUC {model}；"
    "到期时仍未还清的 {reached} 笔中 {reached_bad} 笔变坏，按到期后变坏的可能排序的 AUC {once_due}；{verdict}",
    "Of {loans} loans due within the horizon {bad} went bad: the AUC of the probability is {model}; of {reached} still "
    "open when due {reached_bad} went bad, the AUC of the probability of going bad once due is {once_due}; {verdict}",
)
_SKILL_VERDICT = {
    True: Bilingual("后者的区间在 0.5 之上。", "the interval of the latter lies above 0.5."),
    False: Bilingual(
        "后者的区间含 0.5，不能说模型分得出到期贷款的好坏。",
        "the interval of the latter includes 0.5: it is not shown that the model tells good from bad among them.",
    ),
}
_BUDGET = Bilingual(
    "走访预算：规则会点亮 {rules} 笔（{rules_share}），预算为 {budget} 笔（{budget_share}）；"
    "模型按规则的走访数找到 {bad} 笔变坏贷款中的 {caught} 笔（识别率 {recall}），按预算找到 {caught_in} 笔"
    "（识别率 {recall_in}），预算之外留下 {left_out} 笔。",
    "Budget of visits: the rules would light {rules} loans ({rules_share}), the budget is {budget} ({budget_share}); "
    "at the rules' visits the model finds {caught} of {bad} bad loans (recall {recall}), within the budget {caught_in} "
    "(recall {recall_in}): the budget leaves out {left_out}.",
)
_BEST_IN_BUDGET = Bilingual(
    " 按预算，对手中最好的 {name} 找到 {best} 笔。", " Within the budget the best opponent, {name}, finds {best}."
)
_TREATED = {
    "weight": Bilingual(
        "拟合与校准的 {rows} 笔·月中有 {visited} 笔在标签未定时被走访过，不计；"
        "同灯同分而未走访的代之加权（权重至多 {largest}）。",
        "Of {rows} loan-months of fit and calibration {visited} were visited while their label was open and count for "
        "nothing; those of the same light and score that were not count for them (weights up to {largest}).",
    ),
    "censor": Bilingual(
        "拟合与校准的 {rows} 笔·月中有 {visited} 笔在标签未定时被走访过，不计，未加权。",
        "Of {rows} loan-months of fit and calibration {visited} were visited while their label was open and count for "
        "nothing; no others count for them.",
    ),
    "keep": Bilingual(
        "拟合与校准的 {rows} 笔·月中有 {visited} 笔在标签未定时被走访过，照常计入。",
        "Of {rows} loan-months of fit and calibration {visited} were visited while their label was open; they count as "
        "they are.",
    ),
}
_VISITS_UNTIL = Bilingual(
    "走访表的最后一次走访为 {until}；此后的走访不在其中（重新运行 lights cases visits）。",
    "The newest visit of the table is of {until}; later ones are not in it (run lights cases visits again).",
)
_VISITED_JUDGED = Bilingual(
    "评判的 {rows} 笔·月中有 {visited} 笔被走访过，照常计入：因走访而未变坏的看上去像误报；见 lights cases effect。",
    "Of the {rows} loan-months judged here {visited} were visited and count as they are: those saved by a visit look "
    "like false alarms; see lights cases effect.",
)
_ALL_LOANS = Bilingual("全部贷款", "All loans")
_NOT_IN_ARREARS = Bilingual("未拖欠的贷款", "Loans not in arrears")


def conclusions(report: EvaluationReport) -> tuple[Bilingual, ...]:
    """Sentences on the model and its best opponent, simpler opponents as good, lead time, and calibration.

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
        *budget_conclusion(report),
        _fill(_CALIBRATION, ece=f"{100 * calibration.ece:.2f}", lights=light_words),
    )


def budget_conclusion(report: EvaluationReport) -> tuple[Bilingual, ...]:
    """Where a ceiling of lit loans binds, a sentence on the rules' visits, the budget, and what that leaves out."""
    everyone, within = report.everyone, report.at_budget
    if within is None or not everyone.bad:
        return ()
    model, model_within = everyone.contenders["model"], within.contenders["model"]
    best = within.best_opponent
    sentence = _fill(
        _BUDGET,
        rules=everyone.visits,
        rules_share=f"{everyone.visits / everyone.loans:.0%}",
        budget=within.visits,
        budget_share=f"{within.visits / within.loans:.0%}",
        bad=everyone.bad,
        caught=_caught_count(model),
        caught_in=_caught_count(model_within),
        recall=f"{model.recall.value or 0:.0%}",
        recall_in=f"{model_within.recall.value or 0:.0%}",
        left_out=f"{(model.found or 0) - (model_within.found or 0):.1f}".removesuffix(".0"),
    )
    compared = _fill(_BEST_IN_BUDGET, name=compared_model_words(best), best=_caught_count(within.contenders[best]))
    return (Bilingual(sentence.zh + compared.zh.strip(), sentence.en + compared.en),)


def signs_conclusion(signs_cost: Sequence[float] | None) -> tuple[Bilingual, ...]:
    """A sentence where signs cost accuracy beyond the interval, else none.

    signs_cost: how far the log loss of trees without signs lies below the best with signs: low, value, high of its 95%
    interval (`training.candidates.CandidateChoice`); None for models of earlier programs.
    """
    if signs_cost is None or signs_cost[0] <= 0:
        return ()
    low, value, high = (f"{each:.4f}" for each in signs_cost)
    return (_fill(_SIGNS_COST, low=low, value=value, high=high),)


def due_conclusion(metrics: MonthsAheadMetrics | None) -> tuple[Bilingual, ...]:
    """A sentence on the model's skill among loans due within the horizon; none where it was not measured."""
    if metrics is None:
        return ()
    due, once_due = metrics.due_within_horizon, metrics.once_due
    skill = once_due.auc["bad_if_due"]
    sentence = _fill(
        _DUE_SKILL,
        loans=due.loans,
        bad=due.bad,
        model=_with_interval(due.auc["model"]),
        reached=once_due.loans,
        reached_bad=once_due.bad,
        once_due=_with_interval(skill),
        verdict=_SKILL_VERDICT[skill.low is not None and skill.low > _CHANCE_AUC],
    )
    return (sentence,)


def _with_interval(value: Estimate) -> str:
    if value.value is None or value.low is None or value.high is None:
        return "-"
    return f"{value.value:.3f} ({value.low:.3f} – {value.high:.3f})"


def visited_conclusions(visited: Mapping[str, Any] | None) -> tuple[Bilingual, ...]:
    """How rows whose loan was visited while its label was open were treated, how many, and what that means here.

    visited: what `training.visited_rows.with_row_weights` did; None where no visits were known.
    """
    if visited is None:
        return ()
    counts = visited["folds"]
    fitted = [counts[fold] for fold in ("fit", "calibration") if fold in counts]
    sentences = [
        _TREATED[visited["treated"]].format(
            rows=f"{sum(each['rows'] for each in fitted):,}",
            visited=f"{sum(each['visited'] for each in fitted):,}",
            largest=max((each.get("largest_weight", 1.0) for each in fitted), default=1.0),
        )
    ]
    sentences.append(_VISITS_UNTIL.format(until=visited.get("until") or "–"))
    judged = counts.get("judgement")
    if judged and judged["visited"]:
        sentences.append(_VISITED_JUDGED.format(rows=f"{judged['rows']:,}", visited=f"{judged['visited']:,}"))
    return tuple(sentences)


def _population_conclusions(title: Bilingual, population: PopulationAtCapacity) -> Iterator[Bilingual]:
    if not population.bad:
        zh, en = f"{title.zh}：没有变坏的贷款，无从比较。", f"{title.en}: none went bad, nothing can be compared."
        yield Bilingual(zh, en)
        return
    model, rules = population.contenders["model"], population.contenders["rules"]
    best_name = population.best_opponent
    best, best_words = population.contenders[best_name], compared_model_words(best_name)
    counts = {
        "visits": population.visits,
        "bad": population.bad,
        "model": _caught_count(model),
        "rules": _caught_count(rules),
        "best": _caught_count(best),
    }
    if best.less_model.includes_zero:
        verdict = _VERDICT["open"]
    else:
        verdict = _VERDICT["worse" if (best.less_model.value or 0) > 0 else "better"]
    yield _fill(_CAUGHT, whom=title, verdict=verdict, name=best_words, **counts)
    yield from _simpler_conclusions(title, population)
    lead = population.lead["model"]
    if lead.median_days is not None:
        early, days = lead.ahead["90"], f"{lead.median_days:.0f}"
        others = {"other": population.lead[best_name].ahead["90"], "rules": population.lead["rules"].ahead["90"]}
        shares = {"share": f"{early / lead.bad:.0%}", "caught": lead.caught, "days": days}
        yield _fill(_LEAD_TIME, whom=title, bad=lead.bad, early=early, name=best_words, **others, **shares)


def _simpler_conclusions(title: Bilingual, population: PopulationAtCapacity) -> Iterator[Bilingual]:
    """A sentence on each simpler opponent that is better than the model, or whose difference includes zero."""
    for name in SIMPLER_OPPONENTS:
        opponent = population.contenders.get(name)
        if opponent is None or opponent.less_model.low is None or opponent.less_model.high is None:
            continue
        bounds = {"low": f"{opponent.less_model.low:+.3f}", "high": f"{opponent.less_model.high:+.3f}"}
        if opponent.less_model.includes_zero:
            yield _fill(_SIMPLER_AS_GOOD, whom=title, name=compared_model_words(name), **bounds)
        elif opponent.less_model.low > 0:
            yield _fill(_SIMPLER_BETTER, whom=title, name=compared_model_words(name), **bounds)


def _caught_count(model: ModelAtCapacity) -> str:
    """Bad loans visited: a whole number, or one decimal where a tie lies at the edge of the visits."""
    return "-" if model.found is None else f"{model.found:.1f}".removesuffix(".0")


def _fill(sentence: Bilingual, **values: object) -> Bilingual:
    """The sentence with its values, each in the sentence's language."""

    def in_language(lang: str) -> dict[str, object]:
        return {name: getattr(value, lang) if isinstance(value, Bilingual) else value for name, value in values.items()}

    return Bilingual(sentence.zh.format(**in_language("zh")), sentence.en.format(**in_language("en")))
