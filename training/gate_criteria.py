"""The criteria of a gate: each takes its value from the report and compares it with the gate's bound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from features.messages import Bilingual
from models.calendar_features import BY_CALENDAR
from models.evaluation_words import compared_model_words, group_words
from training.evaluation.report import EvaluationReport
from training.gate import Criterion, Gate, GateResult


def gate_result(report: EvaluationReport, gate: Gate) -> GateResult:
    """Check every criterion of a gate; one that could not be measured fails, unless the gate can do without it.

    Args:
        report: of the model (`training.evaluation.runs.load_report`).
        gate: the bounds (`training.gate.load_gate`).

    Returns:
        The criteria in the gate's order, each with value, bound, result and a sentence in two languages.

    Example:
        >>> from training.evaluation.runs import load_report
        >>> from training.gate import load_gate
        >>> result = gate_result(load_report(data, 1), load_gate())
        >>> result.criteria[0].id, result.passes == (not result.failed)
        ('evidence', True)
    """
    checks = (
        evidence_criteria,
        floor_criteria,
        ceiling_criteria,
        calibration_criteria,
        segment_criteria,
        fairness_criteria,
        drift_criteria,
        leak_criteria,
    )
    return GateResult(gate.version, tuple(criterion for check in checks for criterion in check(report, gate)))


CRITERIA_REMEDIES: Mapping[str, Bilingual] = {
    "evidence": Bilingual(
        "等待更多月份的标签成熟，再运行 lights gate --again",
        "wait until the labels of more months are mature, then run lights gate --again",
    ),
    "floor": Bilingual(
        "不上线；继续使用规则或在用模型，补充数据或调整方案后重新训练",
        "do not promote it; keep the rules or the champion, and train again with more data or another plan",
    ),
    "ceiling": Bilingual(
        "检查特征是否含有月末之后才知道的信息，改正后重新训练",
        "look for a feature that knows what was learned after the month end, and train again without it",
    ),
    "calibration": Bilingual(
        "检查近月还款是否送全；方案中延长校准的月份，重新训练",
        "see whether the payments of these months are all there; give the calibration more months in the plan",
    ),
    "segments": Bilingual(
        "查看该部分的数据是否送全；数据过少的，等待更多月份",
        "see whether the data of this part are all there; where there are few, wait for more months",
    ),
    "fairness": Bilingual(
        "比较该组绿灯变坏的贷款，查明所缺的数据后重新训练",
        "compare the green loans of the group that went bad, find what data they lack, and train again",
    ),
    "drift": Bilingual(
        "查明漂移的原因（lights monitor），数据有误的更正，再重新训练",
        "find the cause of the drift with lights monitor, correct wrong data, and train again",
    ),
    "leaks": Bilingual(
        "不上线；去除不得入模的列，在今天已装载的数据上重新训练",
        "do not promote it; leave out what a model may not have, and train again on what is loaded today",
    ),
}
"""What an analyst does where a criterion fails, by the part of its id before the first point."""


def _at_least(id_: str, value: float | None, bound: float, subject: Bilingual) -> Criterion:
    sentence = _sentence(subject, value, Bilingual("不低于", "at least"), bound)
    return Criterion(id_, value, f">= {bound:g}", value is not None and value >= bound, sentence)


def _at_most(id_: str, value: float | None, bound: float, subject: Bilingual) -> Criterion:
    sentence = _sentence(subject, value, Bilingual("不高于", "at most"), bound)
    return Criterion(id_, value, f"<= {bound:g}", value is not None and value <= bound, sentence)


def _sentence(subject: Bilingual, value: float | None, sign: Bilingual, bound: float) -> Bilingual:
    if value is None:
        return Bilingual(
            f"{subject.zh}没有测得，要求{sign.zh} {bound:g}",
            f"{subject.en} was not measured; {sign.en} {bound:g} is asked",
        )
    return Bilingual(
        f"{subject.zh}为 {value:.3f}，要求{sign.zh} {bound:g}",
        f"{subject.en} is {value:.3f}; {sign.en} {bound:g} is asked",
    )


def evidence_criteria(report: EvaluationReport, gate: Gate) -> Iterator[Criterion]:
    """Whether enough evaluated loans went bad."""
    bad, least = report.everyone.bad, gate.evidence.least_bad
    words = Bilingual(
        f"评判样本中变坏 {bad} 笔，证据不足，至少要 {least} 笔；请等待更多月份成熟",
        f"{bad} judged loans went bad: not enough evidence, {least} are asked; wait for more months",
    )
    if bad >= least:
        words = Bilingual(f"评判样本中变坏 {bad} 笔，足以评判", f"{bad} judged loans went bad: enough to judge by")
    yield Criterion("evidence", bad, f">= {least}", bad >= least or not gate.evidence.blocks, words)
    for fold, count in (report.bad_by_fold or {}).items():
        enough = count >= gate.evidence.least_bad_in_fold or not gate.evidence.blocks
        subject = Bilingual(f"{fold} 样本中变坏的笔数", f"the number of bad loans in the {fold} fold")
        sentence = _sentence(subject, float(count), Bilingual("不低于", "at least"), gate.evidence.least_bad_in_fold)
        yield Criterion(f"evidence.{fold}", count, f">= {gate.evidence.least_bad_in_fold}", enough, sentence)


def floor_criteria(report: EvaluationReport, gate: Gate) -> Iterator[Criterion]:
    """The least AUC, and the least recall compared to the best opponent's and the rules'."""
    model, rules = (report.everyone.contenders[name].recall.value for name in ("model", "rules"))
    best = report.everyone.best_opponent
    words = compared_model_words(best)
    subject = Bilingual(
        f"最好的对手（{words.zh}）的识别率高出模型的幅度，按区间下限，",
        f"how far the best opponent ({words.en}) finds more than the model, at the low end of the interval,",
    )
    lead = report.everyone.contenders[best].less_model.low
    yield _at_most("floor.best_opponent", lead, gate.floor.best_opponent_lead, subject)
    subject = Bilingual("模型 AUC ", "the model's AUC")
    yield _at_least("floor.auc", report.ranking["model"].auc, gate.floor.auc, subject)
    subject = Bilingual("模型识别率与规则识别率之比", "recall of the model over that of the rules")
    if model is not None and rules == 0:
        words = Bilingual("规则一笔也没有找到，模型不会更差", "the rules find none, the model cannot do worse")
        yield Criterion("floor.recall_over_rules", None, f">= {gate.floor.recall_over_rules:g}", True, words)
        return
    ratio = None if model is None or rules is None else model / rules
    yield _at_least("floor.recall_over_rules", ratio, gate.floor.recall_over_rules, subject)


def ceiling_criteria(report: EvaluationReport, gate: Gate) -> Iterator[Criterion]:
    """The highest plausible AUC; for simulated counties the largest share of the way to the true hazards' AUC."""
    subject = Bilingual("模型 AUC（过高疑似泄漏）", "the model's AUC (higher is suspected of a leak)")
    yield _at_most("ceiling.auc", report.ranking["model"].auc, gate.ceiling.auc, subject)
    if report.distance is not None:
        subject = Bilingual("离真实风险上限走过的路程", "the share of the way to what the true hazards allow")
        yield _at_most("ceiling.way", report.distance.way, gate.ceiling.way, subject)


def calibration_criteria(report: EvaluationReport, gate: Gate) -> Iterator[Criterion]:
    """The calibration error, and the share of months that hold for each light that occurs."""
    calibration = report.calibration
    green = [month for month in calibration.lights if month.light == "green"]
    foretold = sum(month.predicted * month.loans for month in green)
    if green and foretold:
        ratio = sum(month.bad for month in green) / foretold
        subject = Bilingual("绿灯中变坏与预测之间的倍数", "the factor between the bad and the foretold of green loans")
        factor = max(ratio, 1 / ratio) if ratio else None
        yield _at_most("calibration.green_factor", factor, gate.calibration.green_factor, subject)
    subject = Bilingual("期望校准误差", "the expected calibration error")
    yield _at_most("calibration.ece", calibration.ece, gate.calibration.ece, subject)
    for light, months in calibration.months.items():
        if months:
            words = group_words("", light)
            subject = Bilingual(
                f"{words.zh}杰弗里斯区间成立的月份占比", f"the share of months that hold for {words.en}"
            )
            share = calibration.months_hold[light] / months
            yield _at_least(f"calibration.months_hold.{light}", share, gate.calibration.months_hold, subject)


def segment_criteria(report: EvaluationReport, gate: Gate) -> Iterator[Criterion]:
    """The least AUC of each segment with enough data."""
    for segment in report.segments:
        if segment.by in gate.segments.by and segment.enough and segment.auc is not None:
            words = group_words(segment.by, segment.part)
            subject = Bilingual(f"{words.zh} 的 AUC ", f"the AUC of {words.en}")
            yield _at_least(f"segments.{segment.by}.{segment.part}", segment.auc, gate.segments.auc, subject)


def fairness_criteria(report: EvaluationReport, gate: Gate) -> Iterator[Criterion]:
    """The largest difference of false greens between the groups of each characteristic."""
    for by, groups in groupby(report.fairness, key=lambda group: group.by):
        shares = [group.false_greens.value for group in groups if group.false_greens.value is not None]
        if by in gate.fairness.by and len(shares) > 1:
            words = group_words("", by)
            subject = Bilingual(
                f"按{words.zh}分组，变坏而绿灯的占比之差", f"the difference of bad but green by {words.en.lower()}"
            )
            yield _at_most(f"fairness.{by}", max(shares) - min(shares), gate.fairness.false_greens, subject)


def drift_criteria(report: EvaluationReport, gate: Gate) -> Iterator[Criterion]:
    """The share of features that have drifted, without those that drift with the calendar; and whether any has."""
    subject = Bilingual(
        f"PSI 高于 {gate.drift.psi:g} 的特征占比（不计随日历移动的）",
        f"the share of features with a PSI above {gate.drift.psi:g}, those that move with the calendar left out",
    )
    values = [value for name, value in (report.drift or {}).items() if name not in BY_CALENDAR]
    above = sum(value > gate.drift.psi for value in values) / len(values) if values else None
    yield _at_most("drift.features_above", above, gate.drift.features_above, subject)
    if values:
        words = Bilingual(
            "PSI 全部为 0 表示拿样本与自身相比，是错误", "a PSI of 0 throughout means a sample compared with itself"
        )
        yield Criterion("drift.not_with_itself", max(values), "> 0", max(values) > 0, words)


def leak_criteria(report: EvaluationReport, gate: Gate) -> Iterator[Criterion]:
    """The AUC under shuffled labels, no barred columns, signs kept, and a ledger that is still the one of the fit."""
    leaks = report.leaks
    area = leaks.permuted.auc if leaks and leaks.permuted else None
    subject = Bilingual("打乱标签后的 AUC ", "the AUC under shuffled labels")
    yield _at_least("leaks.permuted_from", area, gate.leaks.permuted_auc_from, subject)
    yield _at_most("leaks.permuted_to", area, gate.leaks.permuted_auc_to, subject)
    names = ", ".join(leaks.barred) if leaks else ""
    words = Bilingual(f"不得入模的列：{names}", f"columns that a model must not have: {names}")
    count = len(leaks.barred) if leaks else None
    yield Criterion("leaks.barred_columns", count, "= 0", bool(leaks) and not names, words)
    against = leaks.signs if leaks else None
    names = "- (未检查 not checked: lights gate --again)" if against is None else ", ".join(against)
    words = Bilingual(f"违反单调方向的列：{names}", f"columns that the model moves against their sign: {names}")
    yield Criterion("leaks.signs", None if against is None else len(against), "= 0", against == (), words)
    is_same = leaks is not None and leaks.model_data == leaks.judged_data
    fitted_on, evaluated_on = (leaks.model_data, leaks.judged_data) if leaks else ("-", "-")
    words = Bilingual(
        f"模型训练所用数据 {fitted_on} 与评判所用数据 {evaluated_on} 应为同一版；请重新训练",
        f"the model was fitted on data {fitted_on} and judged on {evaluated_on}; expected the same: train again",
    )
    yield Criterion("leaks.data_version", None, "=", is_same, words)
