"""What the command line prints for a person: plain lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from features.messages import Words
from models.light import LIGHT_WORDS
from serving.months.repository import Manifest
from serving.schemas.household_sheet import ExplainedLoan, HouseholdExplanation
from serving.schemas.loan_warning import LoanWarning

if TYPE_CHECKING:
    from features.loading.load_report import FileReport, LoadReport
    from features.runs import Runs
    from serving.batch.replay import Replay


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


def manifest_lines(manifest: Manifest) -> Iterator[str]:
    """What was published."""
    edition = f"第 {manifest.edition} 版 edition"
    yield f"{manifest.as_of}: {manifest.rows} 笔 loans, {edition}, model {manifest.model_version}"
    for code, counted in manifest.lights.items():
        words = LIGHT_WORDS[code]
        yield f"  {words.zh} {words.en}: {counted['loans']:,} ({counted['outstanding_principal']:,.2f} 元 yuan)"
    if manifest.model_refused:
        yield f"  仅按规则 / by the rules alone: {manifest.model_refused}"


_OUTCOMES = {
    "done": Words("完成", "done"),
    "refused": Words("被拒", "refused"),
    "failed": Words("中断", "failed"),
}


def run_lines(runs: Runs) -> Iterator[str]:
    """The run ledger, newest last; what was refused below its line."""
    for run in runs.runs:
        outcome = _OUTCOMES[run.outcome]
        told = "  ".join(f"{name} {value}" for name, value in run.told.items())
        yield f"{run.at}  {run.by}  {run.what}  {outcome.zh} {outcome.en}  {run.seconds:.1f} s  {told}".rstrip()
        if run.refused:
            yield f"  {run.refused.zh}\n  {run.refused.en}"
    if runs.unreadable:
        yield f"{runs.unreadable} 行无法读取 / lines cannot be read"


def replay_lines(replay: Replay, diff: bool) -> Iterator[str]:
    """Whether a month computed again is what was published; with `diff` in what it is not."""
    head = f"{replay.as_of} 第 {replay.edition} 版 edition {replay.edition}: {replay.rows} 笔 loans"
    yield f"{head}, {'一致 equal' if replay.is_equal else '不一致 different'}"
    for kind, found in replay.differences.items():
        yield f"  {kind}: 仅发布 only published {found.only_published}, 仅重算 only replayed {found.only_replayed}"
        if diff:
            yield from (f"    {column}: {count}" for column, count in found.columns.items())
            yield f"    例如 for example: {', '.join(found.examples)}"


def explanation_lines(explained: HouseholdExplanation, lang: str) -> Iterator[str]:
    """One household for a terminal, in one language."""
    yield f"{explained.household_id}  {explained.as_of}  model {explained.model_version}"
    for loan in explained.loans:
        yield from _loan_lines(loan, lang)
    for rating in explained.ratings:
        points = "-" if rating.points is None else f"{rating.points:g}"
        yield f"\n{getattr(rating, lang)}: {getattr(rating, f'grade_{lang}')} ({points})"


AGAINST_AVERAGE = {"zh": "与平均贷款相比:", "en": "Against the average loan:"}
THOSE_LOANS = {"zh": "这些贷款的平均", "en": "average of those loans"}
OTHER_FACTS = {"zh": "其他情况合计", "en": "all other facts together"}
THIS_LOAN = {"zh": "本笔贷款", "en": "this loan"}
_WORTH_SAYING = ("open", "pending", "later", "unknown")
"""States of a route of help that a terminal has room for."""


def _loan_lines(loan: ExplainedLoan, lang: str) -> Iterator[str]:
    warning = loan.warning
    yield f"\n{warning.loan_id}  {getattr(LIGHT_WORDS[warning.light], lang)}  {_judged(warning, lang)}"
    yield f"  → {getattr(warning, f'action_{lang}')}"
    yield f"  {getattr(loan, f'likelihood_{lang}')}"
    yield f"  {'; '.join(getattr(each, lang) for each in loan.classes)}"
    for rule in warning.rules:
        yield f"  {rule.id} {getattr(rule, lang)}"
    yield from _threshold_lines(loan, lang)
    yield from _change_lines(loan, lang)
    if warning.reasons:
        yield f"  {AGAINST_AVERAGE[lang]}"
    for reason in warning.reasons:
        yield f"  {reason.contribution:+.2f}  {getattr(reason, lang)}"
    yield f"  {getattr(loan.turn_green, lang)}"
    for way in loan.turn_green.ways:
        yield f"  = {getattr(way, lang)}"
    for lacking in warning.open_rules:
        yield f"  ? {lacking.id} {getattr(lacking, lang)}"
    for route in loan.routes:
        if route.state in _WORTH_SAYING:
            yield f"  + {getattr(route, lang)}"


def _threshold_lines(loan: ExplainedLoan, lang: str) -> Iterator[str]:
    """Why this light and not the next; what the reasons do not name is in one line, so that it adds up."""
    if loan.threshold is None:
        return
    told = loan.threshold
    yield f"  {getattr(told, lang)} ({getattr(told, f'compared_{lang}')})"
    yield f"  {told.compared_log_odds:+.2f}  {THOSE_LOANS[lang]}"
    for reason in told.reasons:
        yield f"  {reason.contribution:+.2f}  {getattr(reason, lang)}"
    yield f"  {told.other_facts:+.2f}  {OTHER_FACTS[lang]}"
    yield f"  {told.log_odds:+.2f}  {THIS_LOAN[lang]}"


def _change_lines(loan: ExplainedLoan, lang: str) -> Iterator[str]:
    yield f"  {getattr(loan.changed, lang)}"
    for change in loan.warning.changes:
        yield f"  {change.contribution:+.2f}  {getattr(change, lang)}"


def _judged(warning: LoanWarning, lang: str) -> str:
    """`(rules: red, model: yellow)`."""
    named = {"zh": ("规则", "模型", "无"), "en": ("rules", "model", "none")}[lang]
    by_model = getattr(LIGHT_WORDS[warning.model_light], lang) if warning.model_light else named[2]
    return f"({named[0]}: {getattr(LIGHT_WORDS[warning.rule_light], lang)}, {named[1]}: {by_model})"
