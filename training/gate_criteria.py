"""The criteria of a gate, each read off the report: value, bound, passed, and a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from features.messages import Words
from models.calendar_features import BY_CALENDAR
from models.evaluation_words import part
from training.evaluation.report import Report
from training.gate import Criterion, Gate, GateResult


def gate_result(report: Report, gate: Gate) -> GateResult:
    """Every criterion, passed or not; what could not be measured fails, unless the gate can do without it."""
    asked = (_evidence, _floor, _ceiling, _calibration, _segments, _fairness, _drift, _leaks)
    return GateResult(gate.version, tuple(criterion for of in asked for criterion in of(report, gate)))


def _at_least(id_: str, value: float | None, bound: float, what: Words) -> Criterion:
    passed = value is not None and value >= bound
    return Criterion(id_, value, f">= {bound:g}", passed, _said(what, value, Words("不低于", "at least"), bound))


def _at_most(id_: str, value: float | None, bound: float, what: Words) -> Criterion:
    passed = value is not None and value <= bound
    return Criterion(id_, value, f"<= {bound:g}", passed, _said(what, value, Words("不高于", "at most"), bound))


def _said(what: Words, value: float | None, sign: Words, bound: float) -> Words:
    if value is None:
        return Words(
            f"{what.zh}没有测得, 要求{sign.zh} {bound:g}", f"{what.en} was not measured; {sign.en} {bound:g} is asked"
        )
    return Words(
        f"{what.zh}为 {value:.3f}, 要求{sign.zh} {bound:g}", f"{what.en} is {value:.3f}; {sign.en} {bound:g} is asked"
    )


def _evidence(report: Report, gate: Gate) -> Iterator[Criterion]:
    bad, least = report.everyone.bad, gate.evidence.least_bad
    words = Words(
        f"评判样本中变坏 {bad} 笔, 证据不足, 至少要 {least} 笔; 请等待更多月份成熟",
        f"{bad} judged loans went bad: not enough evidence, {least} are asked; wait for more months",
    )
    if bad >= least:
        words = Words(f"评判样本中变坏 {bad} 笔, 足以评判", f"{bad} judged loans went bad: enough to judge by")
    yield Criterion("evidence", bad, f">= {least}", bad >= least or not gate.evidence.blocks, words)


def _floor(report: Report, gate: Gate) -> Iterator[Criterion]:
    model, rules = (report.everyone.contenders[name].recall.value for name in ("model", "rules"))
    yield _at_least("floor.auc", report.ranking["model"].auc, gate.floor.auc, Words("模型 AUC ", "the model's AUC"))
    what = Words("模型召回与规则召回之比", "recall of the model over that of the rules")
    if model is not None and rules == 0:
        words = Words("规则一笔也没有找到, 模型不会更差", "the rules find none, the model cannot do worse")
        yield Criterion("floor.recall_over_rules", None, f">= {gate.floor.recall_over_rules:g}", True, words)
        return
    ratio = None if model is None or rules is None else model / rules
    yield _at_least("floor.recall_over_rules", ratio, gate.floor.recall_over_rules, what)


def _ceiling(report: Report, gate: Gate) -> Iterator[Criterion]:
    suspected = Words("模型 AUC (过高疑似泄漏) ", "the model's AUC (higher is suspected of a leak)")
    yield _at_most("ceiling.auc", report.ranking["model"].auc, gate.ceiling.auc, suspected)
    if report.distance is not None:
        what = Words("离真实风险上限走过的路程", "the share of the way to what the true hazards allow")
        yield _at_most("ceiling.way", report.distance.way, gate.ceiling.way, what)


def _calibration(report: Report, gate: Gate) -> Iterator[Criterion]:
    of = report.calibration
    error = Words("期望校准误差", "the expected calibration error")
    yield _at_most("calibration.ece", of.ece, gate.calibration.ece, error)
    for light, months in of.months.items():
        if months:
            called = part("", light)
            what = Words(f"{called.zh}杰弗里斯区间成立的月份占比", f"the share of months that hold for {called.en}")
            held = of.months_hold[light] / months
            yield _at_least(f"calibration.months_hold.{light}", held, gate.calibration.months_hold, what)


def _segments(report: Report, gate: Gate) -> Iterator[Criterion]:
    for segment in report.segments:
        if segment.by in gate.segments.by and segment.enough and segment.auc is not None:
            called = part(segment.by, segment.part)
            what = Words(f"{called.zh} 的 AUC ", f"the AUC of {called.en}")
            yield _at_least(f"segments.{segment.by}.{segment.part}", segment.auc, gate.segments.auc, what)


def _fairness(report: Report, gate: Gate) -> Iterator[Criterion]:
    for by, groups in groupby(report.fairness, key=lambda group: group.by):
        shares = [group.false_greens.value for group in groups if group.false_greens.value is not None]
        if by in gate.fairness.by and len(shares) > 1:
            called = part("", by)
            what = Words(
                f"按{called.zh}分组, 变坏而绿灯的占比之差", f"the difference of bad but green by {called.en.lower()}"
            )
            apart = max(shares) - min(shares)
            yield _at_most(f"fairness.{by}", apart, gate.fairness.false_greens, what)


def _drift(report: Report, gate: Gate) -> Iterator[Criterion]:
    """Over the features that stay where they are while the calendar moves on."""
    what = Words(
        f"PSI 高于 {gate.drift.psi:g} 的特征占比 (不计随日历移动的)",
        f"the share of features with a PSI above {gate.drift.psi:g}, those that move with the calendar left out",
    )
    drift = {name: value for name, value in (report.drift or {}).items() if name not in BY_CALENDAR}
    values = list(drift.values()) or None
    above = None if values is None else sum(value > gate.drift.psi for value in values) / len(values)
    yield _at_most("drift.features_above", above, gate.drift.features_above, what)
    if values is not None:
        words = Words(
            "PSI 全部为 0 表示拿样本与自身相比, 是错误", "a PSI of 0 throughout means a sample compared with itself"
        )
        yield Criterion("drift.not_with_itself", max(values), "> 0", max(values) > 0, words)


def _leaks(report: Report, gate: Gate) -> Iterator[Criterion]:
    found, leaks = report.leaks, gate.leaks
    area = found.permuted.auc if found and found.permuted else None
    what = Words("打乱标签后的 AUC ", "the AUC under shuffled labels")
    yield _at_least("leaks.permuted_from", area, leaks.permuted_auc_from, what)
    yield _at_most("leaks.permuted_to", area, leaks.permuted_auc_to, what)
    names = ", ".join(found.barred) if found else ""
    barred = Words(f"不得入模的列: {names}", f"columns that a model must not have: {names}")
    yield Criterion(
        "leaks.barred_columns", len(found.barred) if found else None, "= 0", bool(found) and not names, barred
    )
    same = found is not None and found.model_data == found.judged_data
    versions = (found.model_data, found.judged_data) if found else ("-", "-")
    words = Words(
        f"模型训练所用数据 {versions[0]} 与评判所用数据 {versions[1]} 应为同一版; 请重新训练",
        f"the model was fitted on data {versions[0]} and judged on {versions[1]}; expected the same: train again",
    )
    yield Criterion("leaks.data_version", None, "=", same, words)
