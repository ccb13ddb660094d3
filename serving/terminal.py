"""What the command line prints: plain lines, or JSON where a program reads."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from features.loading.report import FileReport, LoadReport
from models.light import LIGHT_WORDS
from serving.answers import ExplainedLoan, HouseholdExplanation
from serving.published import Manifest


def print_json(answer: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(answer, default=_plain, ensure_ascii=False, indent=1))


def _plain(value: Any) -> Any:
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else str(value)


def load_lines(report: LoadReport) -> Iterator[str]:
    """The load report: a line a file, what was wrong below it."""
    for file in report.files:
        yield from _file_lines(file)
    for name in report.strangers:
        yield f"{name}: 不是合同中的表, 已忽略 / is no table of the contract, ignored"
    if report.taken_up:
        yield f"{report.taken_up} 行此前等待的记录已装入 / rows that had waited were taken up"
    yield f"data {report.data_version}"


def _file_lines(file: FileReport) -> Iterator[str]:
    if file.refused:
        yield f"✗ {file.refused.zh}\n  {file.refused.en}"
    else:
        yield (
            f"✓ {file.file}: 读 {file.rows} 行 rows, 新增 {file.added} new, 已有 {file.known} known, "
            f"隔离 {file.quarantined} quarantined, 等待 {file.waiting} waiting"
        )
    if file.ignored:
        yield f"  忽略的列 / columns ignored: {', '.join(file.ignored)}"
    for fault in file.faults:
        yield f"  {file.file}:{fault['line']} {fault['column']}: {fault['reason_zh']} / {fault['reason_en']}"


def judgement_lines(judged: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The judgement as a table: AUC and recall at the rules' visits for each contender."""
    names = list(judged[0]["auc"])
    yield "as_of       loans   bad visits  " + "  ".join(f"AUC {name:<13}" for name in names)
    yield "                               " + "  ".join(f"recall {name:<10}" for name in names)
    for month in judged:
        head = f"{month['month']:<11}{month['loans']:>6}{month['bad']:>6}{month['visits']:>7}"
        yield f"{head}  " + "  ".join(f"{_share(month['auc'][name]):<17}" for name in names)
        yield f"{'':<32}" + "  ".join(f"{_share(month['recall'][name]):<17}" for name in names)


def _share(value: float | None) -> str:
    return "not enough data" if value is None else f"{value:.3f}"


def manifest_lines(manifest: Manifest) -> Iterator[str]:
    """What was published."""
    edition = f"第 {manifest.edition} 版 edition"
    yield f"{manifest.as_of}: {manifest.rows} 笔 loans, {edition}, model {manifest.model_version}"
    for code, counted in manifest.lights.items():
        words = LIGHT_WORDS[code]
        yield f"  {words.zh} {words.en}: {counted['loans']:,} ({counted['outstanding_principal']:,.2f} 元 yuan)"
    if manifest.model_refused:
        yield f"  仅按规则 / by the rules alone: {manifest.model_refused}"


def explanation_lines(explained: HouseholdExplanation, lang: str) -> Iterator[str]:
    """One household for a terminal, in one language."""
    yield f"{explained.household_id}  {explained.as_of}  model {explained.model_version}"
    for loan in explained.loans:
        yield from _loan_lines(loan, lang)


def _loan_lines(loan: ExplainedLoan, lang: str) -> Iterator[str]:
    warning = loan.warning
    colour = getattr(LIGHT_WORDS[warning.light], lang)
    probability = "" if warning.probability is None else f"  p={warning.probability:.3f}"
    yield f"\n{warning.loan_id}  {colour}  (rules {warning.rule_light}, model {warning.model_light}){probability}"
    yield f"  → {getattr(warning, f'action_{lang}')}"
    for rule in warning.rules:
        yield f"  {rule.id} {getattr(rule, lang)}"
    for reason in warning.reasons:
        yield f"  {reason.contribution:+.2f}  {getattr(reason, lang)}"
    if warning.not_assessable:
        yield f"  ? {', '.join(warning.not_assessable)}"
