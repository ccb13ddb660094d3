"""The text that commands print for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from features.delivery.file_tables import table_names
from features.delivery.headings import shipped_heading
from features.loading.fault_kinds import fault_kinds
from features.loading.quarantine_list import KIND_WORDS, delivered_row
from features.loan_checks import LOAN_CHECKS
from features.messages import Bilingual, Line
from models.budget_use import BudgetUse, budget_sentences
from models.light import LIGHT_WORDS
from serving.months.manifest import Manifest
from serving.schemas.basis import Incomplete, shadow_words
from serving.schemas.household_sheet import ExplainedLoan, HouseholdExplanation
from serving.schemas.loan_warning import LoanWarning

if TYPE_CHECKING:
    from features.loading.load_report import FileReport, LoadReport
    from features.runs import RunHistory
    from serving.batch.replay import Replay

_KINDS_SHOWN = 20
"""So many kinds of faults of a file are printed."""
_LOANS_SHOWN = 10
"""So many loans that fail a check are named."""


def load_lines(report: LoadReport) -> Iterator[Line]:
    """The report of a load: a line for each file, with its faults below it."""
    for file in report.files:
        yield from _file_lines(file)
    for file_name, reasons in report.sheets_left_out.items():
        for reason in reasons:
            yield Bilingual(f"{file_name}：{reason.zh}", f"{file_name}: {reason.en}")
    yield from _finding_lines(report)
    for message in report.may_be:
        yield Bilingual(f"✗ {message.zh}", f"✗ {message.en}")
    for name in report.strangers:
        yield Bilingual(f"{name}：不是合同中的表，已忽略", f"{name}: is no table of the contract, ignored")
    if report.corrected:
        rows = report.corrected
        yield Bilingual(f"{rows} 行隔离记录已更正，移出隔离区", f"{rows} rows were corrected and left quarantine")
    if report.taken_up:
        rows = report.taken_up
        yield Bilingual(f"{rows} 行此前等待的记录已装入", f"{rows} rows that had waited were taken up")
    yield Bilingual(f"数据版本 {report.data_version}", f"data {report.data_version}")


def _finding_lines(report: LoadReport) -> Iterator[Line]:
    """For each check on the whole loan: how many loans of the delivery fail it, and the first of them."""
    for check in LOAN_CHECKS:
        failing = [finding for finding in report.loan_findings if finding["check"] == check.id]
        if failing:
            loans = ", ".join(f"{one['loan_id']} ({one['first']} / {one['second']})" for one in failing[:_LOANS_SHOWN])
            is_more = len(failing) > _LOANS_SHOWN
            more = Bilingual(f" … 共 {len(failing)} 笔", f" … {len(failing)} in all") if is_more else Bilingual("", "")
            yield Bilingual(
                f"! {check.id} {check.message.zh}：{loans}{more.zh}",
                f"! {check.id} {check.message.en}: {loans}{more.en}",
            )


def _file_lines(file: FileReport) -> Iterator[Line]:
    """A file of a load: its counts or why it was refused, what was done to read it, and its first faults."""
    if file.refused:
        yield Bilingual(f"✗ {file.refused.zh}", f"✗ {file.refused.en}")
    else:
        yield Bilingual(
            f"✓ {file.file}：读 {file.rows} 行，新增 {file.added}，更正 {file.revised}，已有 {file.known}，"
            f"隔离 {file.quarantined}，等待 {file.waiting}",
            f"✓ {file.file}: {file.rows} rows read, {file.added} new, {file.revised} revised, {file.known} known, "
            f"{file.quarantined} quarantined, {file.waiting} waiting",
        )
        if file.reused:
            yield Bilingual(
                f"  隔离行中编号重复使用：{file.reused}", f"  quarantined rows with numbers used twice: {file.reused}"
            )
    if file.done:
        yield Bilingual(
            "  " + "；".join(f"{one['zh']}：{one['count']}" for one in file.done),
            "  " + "; ".join(f"{one['en']}: {one['count']}" for one in file.done),
        )
    if file.ignored:
        yield Bilingual(f"  忽略的列：{'、'.join(file.ignored)}", f"  columns ignored: {', '.join(file.ignored)}")
    for fault in file.faults[:_KINDS_SHOWN]:
        line = fault_line(fault, file.table)
        yield Bilingual(f"  {line.zh}", f"  {line.en}")
    if len(file.faults) > _KINDS_SHOWN:
        rest = len(file.faults) - _KINDS_SHOWN
        yield Bilingual(
            f"  另有 {rest} 类问题，见 lights quarantine", f"  {rest} more kinds of fault: see lights quarantine"
        )
    if file.too_many_waiting:
        yield Bilingual(f"! {file.too_many_waiting.zh}", f"! {file.too_many_waiting.en}")


def fault_line(fault: Mapping[str, Any], table: str) -> Bilingual:
    """One kind of fault: in which lines first, the column as the file and as the contract call it, and why.

    fault: a row of `fault_kinds`, with `heading`. table: the contract's name of the rows' table.
    """
    column, lines = fault["column"], "、".join(map(str, fault["lines"]))
    heading = fault["heading"] or shipped_heading(table, column)
    named = column if heading == column else f"{heading} ({column})"
    more = " …" if fault["count"] > len(fault["lines"]) else ""
    return Bilingual(
        f"{named}：第 {lines}{more} 行，共 {fault['count']} 行：{fault['reason_zh']}",
        f"{named}: lines {lines.replace('、', ', ')}{more}, {fault['count']} in all: {fault['reason_en']}",
    )


def quarantine_lines(rows: pl.DataFrame) -> Iterator[Line]:
    """What is in quarantine: a line for each file and kind of fault, then how many rows there are in all."""
    for kind in fault_kinds(rows, "table", "file").iter_rows(named=True):
        words = table_names()[kind["table"]]
        cells = rows.filter(pl.col("file") == kind["file"], pl.col("line") == kind["lines"][0]).row(0, named=True)
        headings = {one["column"]: one["heading"] for one in delivered_row(cells)}
        fault = {**kind, "heading": headings.get(kind["column"])}
        line, of_kind = fault_line(fault, kind["table"]), KIND_WORDS[kind["kind"]]
        yield Bilingual(
            f"{words.zh} {kind['file']} · {of_kind.zh} · {line.zh}",
            f"{words.en} {kind['file']} · {of_kind.en} · {line.en}",
        )
    count = rows.select("file", "line", "cells").n_unique()
    yield Bilingual(f"隔离区共 {count} 行", f"{count} rows are in quarantine")


MOVE_ENDS = {"new": Bilingual("新增", "new"), "closed": Bilingual("结清", "closed")}
"""Where a loan comes from that is new, and where one goes that is closed."""


def manifest_lines(manifest: Manifest) -> Iterator[Line]:
    """A published month: loans and principal by light."""
    yield Bilingual(
        f"{manifest.as_of}：{manifest.rows} 笔贷款，第 {manifest.edition} 版，模型 {manifest.model_version}",
        f"{manifest.as_of}: {manifest.rows} loans, edition {manifest.edition}, model {manifest.model_version}",
    )
    for code, totals in manifest.lights.items():
        words = LIGHT_WORDS[code]
        loans, yuan = f"{totals['loans']:,}", f"{totals['outstanding_principal']:,.2f}"
        yield Bilingual(f"  {words.zh} {loans} 笔（{yuan} 元）", f"  {words.en}: {loans} ({yuan} yuan)")
    if manifest.visits:
        for sentence in budget_sentences(BudgetUse.from_json(manifest.visits), date.fromisoformat(manifest.as_of)):
            yield Bilingual(f"  {sentence.zh}", f"  {sentence.en}")
    if manifest.model_refused:
        why = Bilingual.of(manifest.model_refused)
        yield Bilingual(f"  仅按规则：{why.zh}", f"  by the rules alone: {why.en}")
    if manifest.shadow:
        words = shadow_words(manifest.model_version)
        yield Bilingual(f"! {words.zh}", f"! {words.en}")
    for moved in manifest.moved_aliases or ():
        yield Bilingual(f"! {moved['zh']}", f"! {moved['en']}")
    for check in LOAN_CHECKS:
        if count := manifest.loan_checks.get(check.id):
            yield Bilingual(
                f"! {check.id} {count} 笔：{check.message.zh}", f"! {check.id} {count} loans: {check.message.en}"
            )
    if manifest.incomplete:
        words = Incomplete.model_validate(manifest.incomplete).words
        yield Bilingual(f"! {words.zh}", f"! {words.en}")


def news_lines(manifest: Manifest) -> Iterator[Line]:
    """The news of a day: how many lights moved from which to which, and what is waited for."""
    news = manifest.news or {}
    month = manifest.before[0] if manifest.before else ""
    yield Bilingual(
        f"{manifest.as_of}（{month} 之后）：已评 {news['judged']:,} 笔，{news['households']:,} 户有新事实，"
        f"{manifest.rows:,} 笔灯色变动，第 {manifest.edition} 版",
        f"{manifest.as_of} (since {month}): {news['judged']:,} loans judged, {news['households']:,} households with "
        f"new facts, {manifest.rows:,} lights moved, edition {manifest.edition}",
    )
    for move, count in news["moves"].items():
        before, _, light = move.partition(">")
        words = [LIGHT_WORDS.get(code) or MOVE_ENDS[code] for code in (before, light)]
        yield Bilingual(f"  {words[0].zh} → {words[1].zh} {count:,} 笔", f"  {words[0].en} → {words[1].en}: {count:,}")
    if news["payments"]:
        yield Bilingual(
            f"  另有 {news['payments']:,} 笔只因银行还款数据未送达或已送达而变动",
            f"  {news['payments']:,} more moved only since a bank's payments are not there, or are there again",
        )
    for bank, loans in news["awaiting"].items():
        yield Bilingual(
            f"! {bank}：{loans:,} 笔到期后尚无该行还款数据，是否逾期不能判断；请该行送达还款",
            f"! {bank}: {loans:,} loans fell due since its newest payments, so nobody knows whether they are in "
            "arrears; let the bank deliver its payments",
        )


_OUTCOMES = {
    "done": Bilingual("完成", "done"),
    "refused": Bilingual("被拒", "refused"),
    "failed": Bilingual("中断", "failed"),
}


def run_lines(runs: RunHistory) -> Iterator[Line]:
    """The run log, oldest first, with refusals below their lines."""
    for run in runs.runs:
        outcome = _OUTCOMES[run.outcome]
        details = "  ".join(f"{name} {value}" for name, value in run.told.items())
        begins, ends = f"{run.at}  {run.by}  {run.what}  ", f"  {run.seconds:.1f} s  {details}".rstrip()
        yield Bilingual(f"{begins}{outcome.zh}{ends}", f"{begins}{outcome.en}{ends}")
        if run.refused:
            yield Bilingual(f"  {run.refused.zh}", f"  {run.refused.en}")
    if runs.unreadable:
        yield Bilingual(f"{runs.unreadable} 行无法读取", f"{runs.unreadable} lines cannot be read")


def replay_lines(replay: Replay, diff: bool) -> Iterator[Line]:
    """Whether a replayed month equals the published one; with `diff`, the columns and loans that differ."""
    as_of, edition, rows = replay.as_of, replay.edition, replay.rows
    verdict = Bilingual("一致", "equal") if replay.is_equal else Bilingual("不一致", "different")
    yield Bilingual(
        f"{as_of} 第 {edition} 版：{rows} 笔，{verdict.zh}", f"{as_of} edition {edition}: {rows} loans, {verdict.en}"
    )
    for kind, difference in replay.differences.items():
        published, replayed = difference.only_published, difference.only_replayed
        yield Bilingual(
            f"  {kind}：仅发布 {published}，仅重算 {replayed}",
            f"  {kind}: only published {published}, only replayed {replayed}",
        )
        if diff:
            yield from (f"    {column}: {count}" for column, count in difference.columns.items())
            examples = ", ".join(difference.examples)
            yield Bilingual(f"    例如：{examples}", f"    for example: {examples}")


def explanation_lines(explained: HouseholdExplanation, lang: str) -> Iterator[str]:
    """The explanation of one household in one language, `zh` or `en`."""
    yield f"{explained.household_id}  {explained.as_of}  model {explained.model_version}"
    yield from (f"! {getattr(note, lang)}" for note in explained.notes)
    for loan in explained.loans:
        yield from _loan_lines(loan, lang)
    for rating in explained.ratings:
        points = "-" if rating.points is None else f"{rating.points:g}"
        yield f"\n{getattr(rating, lang)}: {getattr(rating, f'grade_{lang}')} ({points})"


_LOAN_LINE = {
    "zh": "（{rules}：{by_rules}，{model}：{by_model}）",
    "en": "  ({rules}: {by_rules}, {model}: {by_model})",
}
AGAINST_AVERAGE = {"zh": "与平均贷款相比：", "en": "Against the average loan:"}
THOSE_LOANS = {"zh": "这些贷款的平均", "en": "average of those loans"}
OTHER_FACTS = {"zh": "其他情况合计", "en": "all other facts together"}
THIS_LOAN = {"zh": "本笔贷款", "en": "this loan"}
_SHOWN_STATES = ("open", "pending", "later", "unknown")
"""States of a help route that are printed; the others are left to the page."""


def _loan_lines(loan: ExplainedLoan, lang: str) -> Iterator[str]:
    warning = loan.warning
    rules, model, no_light = {"zh": ("规则", "模型", "无"), "en": ("rules", "model", "none")}[lang]
    by_rules = getattr(LIGHT_WORDS[warning.rule_light], lang)
    by_model = getattr(LIGHT_WORDS[warning.model_light], lang) if warning.model_light else no_light
    light = getattr(LIGHT_WORDS[warning.light], lang)
    begins = _LOAN_LINE[lang].format(rules=rules, by_rules=by_rules, model=model, by_model=by_model)
    yield f"\n{warning.loan_id}  {light}{begins}"
    yield from _first_lines(loan, lang)
    yield f"  → {getattr(warning, f'action_{lang}')}"
    yield from _status_lines(warning, lang)
    told = (getattr(loan, f"{name}_{lang}") for name in ("likelihood", "months_ahead", "due"))
    yield from (f"  {sentence}" for sentence in told if sentence)
    yield from (f"  {getattr(each, lang)}: {getattr(each, f'reason_{lang}')}" for each in loan.classes)
    for rule in warning.rules:
        yield f"  {rule.id} {getattr(rule, lang)}"
    yield from _threshold_lines(loan, lang)
    yield f"  {getattr(loan.changed, lang)}"
    for change in warning.changes:
        yield f"  {change.contribution:+.2f}  {getattr(change, lang)}"
    if warning.reasons:
        yield f"  {AGAINST_AVERAGE[lang]}"
    for reason in warning.reasons:
        yield f"  {reason.contribution:+.2f}  {getattr(reason, lang)}"
    yield f"  {getattr(loan.turn_green, lang)}"
    for counterfactual in loan.turn_green.ways:
        yield f"  = {getattr(counterfactual, lang)}"
    for unassessed in warning.open_rules:
        yield f"  ? {unassessed.id} {getattr(unassessed, lang)}"
    for failed in warning.loan_checks:
        yield f"  ! {failed.check} {getattr(failed, lang)}"
    for route in loan.routes:
        if route.state in _SHOWN_STATES:
            yield f"  + {getattr(route, lang)}"


def _first_lines(loan: ExplainedLoan, lang: str) -> Iterator[str]:
    """The sentence on the loan, and its three main reasons with their points of 100."""
    yield f"  {getattr(loan, f'summary_{lang}')}"
    for reason in loan.main_reasons:
        points = "" if reason.points is None else f" ({reason.points})"
        yield f"  {'▲' if reason.direction == 'raises' else '▼'} {getattr(reason, lang)}{points}"


def _status_lines(warning: LoanWarning, lang: str) -> Iterator[str]:
    """Since when the loan was bad and what ends its probation, and what it lacked."""
    if status := getattr(warning, f"status_{lang}"):
        yield f"  {status}"
    for lacked in warning.incomplete:
        yield f"  ! {getattr(lacked, lang)}"


def _threshold_lines(loan: ExplainedLoan, lang: str) -> Iterator[str]:
    """Why the loan is beyond its threshold: reasons against the loans below it, with one line for all other facts."""
    threshold = loan.threshold
    if threshold is None:
        return
    yield f"  {getattr(threshold, lang)} ({getattr(threshold, f'compared_{lang}')})"
    yield f"  {threshold.compared_log_odds:+.2f}  {THOSE_LOANS[lang]}"
    for reason in threshold.reasons:
        yield f"  {reason.contribution:+.2f}  {getattr(reason, lang)}"
    yield f"  {threshold.other_facts:+.2f}  {OTHER_FACTS[lang]}"
    yield f"  {threshold.log_odds:+.2f}  {THIS_LOAN[lang]}"


def visit_effect_lines(report: Mapping[str, Any]) -> Iterator[Line]:
    """Whether visits helped: the months counted, a row for each group, and what is concluded.

    report: as `VisitEffectReport.as_json` gives it.
    """
    months, listed = len(report["months"]), ", ".join(report["months"]) or "-"
    yield Bilingual(f"{months} 个月标签成熟：{listed}", f"{months} months with mature labels: {listed}")
    if report["left_out"]:
        left_out = ", ".join(f"{month} ({why})" for month, why in report["left_out"].items())
        yield Bilingual(f"未计：{left_out}", f"left out: {left_out}")
    yield Bilingual(
        "组 | 笔·月 | 变坏 | 变坏率（95%） | 预期", "group | loan-months | went bad | rate (95%) | foretold"
    )
    for row in report["rates"]:
        rate = "-" if row["rate"] is None else f"{row['rate']:.1%} ({row['low']:.1%} – {row['high']:.1%})"
        foretold = "-" if row["foretold"] is None else format(row["foretold"], ".1%")
        cells = f"{row['loans']:,} | {row['bad']:,} | {rate} | {foretold}"
        yield Bilingual(f"{row['zh']} | {cells}", f"{row['en']} | {cells}")
    for text in (*report["sentences"], report["definition"]):
        yield Bilingual(text["zh"], text["en"])
