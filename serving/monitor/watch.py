"""The monitor's report on a published month; as lines, JSON, HTML page and Prometheus metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

import polars as pl
from markupsafe import Markup
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from features.messages import Bilingual, Line
from models.mlflow_aliases import UNCHECKED, moved_aliases
from serving.monitor.acknowledgements import Acknowledgement, acknowledgements_in_force
from serving.monitor.bounds import AcknowledgementLimits, MonitorLimits
from serving.monitor.codes import check_codes
from serving.monitor.deliveries_check import check_deliveries
from serving.monitor.drift import check_drift, scored_loans
from serving.monitor.finding import KIND_WORDS, Finding, rank_findings
from serving.monitor.outcomes_check import check_outcomes
from serving.monitor.quality import check_quality, deliveries_table
from serving.monitor.visits_check import check_visits
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository
from serving.portfolio.report_tables import ReportTable, code_word_columns, text, words
from serving.reports.html import Page, Section, page_html
from serving.text.charts import LineSeries, line_chart
from serving.text.page_words import Language

_OUTCOME_MONTHS = 24
"""Published months whose outcomes are compared, the newest ones."""
_DRIFT_MONTHS = 13
"""The month and the twelve before it."""
_MOST_FINDINGS = 20
"""Findings printed on a terminal."""
_MORE = Bilingual("另有 {more} 项，见 --html 或 --json", "and {more} more: see --html or --json")
_PAGE_TITLE = Bilingual("监测", "Monitor")
_FINDINGS_TITLE = Bilingual("超出界限", "Beyond bounds")
_CHART_LINES = {
    "expected_rate": (Bilingual("预期变坏率", "expected"), "#17466e"),
    "observed_rate": (Bilingual("实际变坏率", "observed"), "#b3261e"),
}
_CHART_TITLE = Bilingual("预期与实际变坏率", "Expected and observed rates")
_OUTCOME_GAUGES = (
    "expected_rate",
    "observed_rate",
    "auc_expected",
    "auc_observed",
    "recall_expected",
    "recall_observed",
)
_SOURCE_GAUGES = (("silent", "days without news"), ("rows", "rows kept"), ("month_rows", "rows of the month"))


_ACKNOWLEDGED = Bilingual("{by} 于 {day} 确认：{reason}", "acknowledged by {by} on {day}: {reason}")
_OPEN_WORDS = Bilingual("待处理", "open")


@dataclass(frozen=True)
class MonitorReport:
    """Everything that the monitor computed for a published month.

    findings: what is beyond its bound, ranked. acknowledged: by code, the acknowledgements that hold. notes: what could
    not be compared.
    """

    month: PublishedMonth
    tables: tuple[ReportTable, ...]
    findings: tuple[Finding, ...]
    acknowledged: Mapping[str, Acknowledgement] = field(default_factory=dict)
    notes: tuple[Bilingual, ...] = ()

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        """The findings that nobody has acknowledged, or that have changed since."""
        return tuple(finding for finding in self.findings if finding.code not in self.acknowledged)

    def table(self, name: str) -> ReportTable:
        """The table of a name."""
        return next(table for table in self.tables if table.name == name)


def monitor_month(
    store: DataFolder,
    as_of: date,
    limits: MonitorLimits,
    on_progress: Callable[[str], None],
    mlflow: str | None = None,
) -> MonitorReport:
    """Check deliveries, MLflow's aliases, drift, codes, outcomes and data quality up to a published month.

    Args:
        store: the data folder.
        as_of: day of the published month; earlier published months are compared, too.
        limits: the bounds; see `load_limits`.
        on_progress: called with the name of each check, in both languages, before it begins.
        mlflow: address of MLflow's database; None for the one in the data folder.

    Returns:
        The tables `calibration`, `calibration_by_light`, `label_maturity`, `drift`, `codes`, `sources`, `columns` and
        `deliveries`; the findings: those on deliveries first, then those on the model, then those on data by the
        importance of their features; and those of them that are acknowledged.

    Raises:
        UserError: The month is not published.

    Example:
        >>> from datetime import date
        >>> from serving.monitor.bounds import load_limits
        >>> from serving.monitor.watch import monitor_month
        >>> from serving.months.data_folder import DataFolder
        >>> report = monitor_month(DataFolder(data), date(2025, 12, 31), load_limits(), print)
        漂移 / drift
        校准 / calibration
        数据质量 / data quality
        >>> [table.name for table in report.tables][:4]
        ['calibration', 'calibration_by_light', 'label_maturity', 'drift']
        >>> all(finding.message.en for finding in report.findings)
        True
    """
    repository = MonthRepository(store)
    month = repository.month(as_of)
    months = [repository.month(day) for day in repository.months() if day <= as_of][:_OUTCOME_MONTHS]
    on_progress("漂移 / drift")
    drift = check_drift(store, months[:_DRIFT_MONTHS], limits.drift)
    importance = drift.reference.importance if drift.reference else {}
    before = scored_loans(months[1]) if len(months) > 1 else None
    code_table, code_findings = check_codes(scored_loans(month), before, limits.codes, importance)
    on_progress("校准 / calibration")
    outcomes = check_outcomes(store, months, limits)
    on_progress("数据质量 / data quality")
    quality_tables, quality_findings = check_quality(store.ledger, as_of, limits.quality, importance)
    tables = (
        outcomes.by_month,
        outcomes.by_light,
        outcomes.maturity,
        drift.table,
        code_table,
        *quality_tables,
        deliveries_table(store.ledger),
    )
    delivery_findings = check_deliveries(store, month, months[1] if len(months) > 1 else None)
    moved = moved_aliases(store.folder, mlflow)
    alias_findings = [
        Finding("alias_moved", each.message, each.in_mlflow, each.in_use, subject=each.alias) for each in moved or ()
    ]
    findings = rank_findings(
        (
            *delivery_findings,
            *alias_findings,
            *check_visits(month),
            *drift.findings,
            *code_findings,
            *outcomes.findings,
            *quality_findings,
        )
    )
    notes = (*drift.notes, *([UNCHECKED] if moved is None else ()))
    report = MonitorReport(month, tables, tuple(findings), notes=notes)
    return with_acknowledgements(report, store, limits.acknowledged)


def with_acknowledgements(report: MonitorReport, store: DataFolder, limits: AcknowledgementLimits) -> MonitorReport:
    """The report with the acknowledgements that hold now."""
    return replace(
        report, acknowledged=acknowledgements_in_force(store.folder, report.month.as_of, report.findings, limits)
    )


def monitor_json(report: MonitorReport) -> dict[str, Any]:
    """The report as plain values: versions, `findings`, `notes`, and each table under its name.

    A finding's `acknowledged` is who acknowledged it, when and why; null where it is open.
    """
    return {
        **report.month.versions,
        "as_of": str(report.month.as_of),
        "incomplete": report.month.manifest.incomplete,
        "findings": [
            {
                "code": each.code,
                "kind": each.kind,
                "zh": each.message.zh,
                "en": each.message.en,
                "value": each.value,
                "bound": each.bound,
                "importance": each.importance,
                "acknowledged": asdict(report.acknowledged[each.code]) if each.code in report.acknowledged else None,
            }
            for each in report.findings
        ],
        "notes": [{"zh": each.zh, "en": each.en} for each in report.notes],
        **{table.name: table.as_dict() for table in report.tables},
    }


def monitor_lines(report: MonitorReport) -> Iterator[Line]:
    """The report as lines for a terminal: findings with their codes, then calibration and drift."""
    yield f"{report.month.as_of}  model {report.month.manifest.model_version}"
    yield from finding_lines(report)
    for name in ("calibration", "label_maturity"):
        table = report.table(name)
        yield from ("", table.title)
        for row in table.frame.head(6).to_dicts():
            rates = ""
            if row.get("observed_rate") is not None:
                interval = f"({row['low']:.2%}-{row['high']:.2%})"
                rates = f"  {row['expected_rate']:.2%} → {row['observed_rate']:.2%} {interval}"
            yield Bilingual(f"  {row['as_of']}  {row['said_zh']}{rates}", f"  {row['as_of']}  {row['said_en']}{rates}")
    yield from ("", report.table("drift").title)
    for row in report.table("drift").frame.head(6).to_dicts():
        highest = max((row[name] for name in ("psi", "psi_before") if row[name] is not None), default=None)
        index = "-" if highest is None else f"{highest:.3f}"
        begins = f"  {row['as_of']}  PSI {index}  "
        yield Bilingual(f"{begins}{row['label_zh']}：{row['said_zh']}", f"{begins}{row['label_en']}: {row['said_en']}")


def finding_lines(report: MonitorReport) -> Iterator[Line]:
    """The open findings, or that there are none; the acknowledged ones; and the notes."""
    for finding in report.open_findings[:_MOST_FINDINGS]:
        yield from (Bilingual(f"! {finding.message.zh}", f"! {finding.message.en}"), f"  [{finding.code}]")
    if len(report.open_findings) > _MOST_FINDINGS:
        yield _MORE.format(more=len(report.open_findings) - _MOST_FINDINGS)
    if not report.open_findings:
        yield Bilingual("✓ 均在界限之内，或已确认", "✓ all within bounds, or acknowledged")
    for finding in report.findings:
        if finding.code in report.acknowledged:
            words_of = acknowledgement_words(report.acknowledged[finding.code])
            zh, en = f"· {finding.message.zh}（{words_of.zh}）", f"· {finding.message.en} ({words_of.en})"
            yield from (Bilingual(zh, en), f"  [{finding.code}]")
    for note in report.notes:
        yield Bilingual(f"· {note.zh}", f"· {note.en}")


def monitor_html(report: MonitorReport, language: Language) -> str:
    """The report as one page in a language, in the style of the county's reports."""
    first = Section(_FINDINGS_TITLE, [_findings_table(report)], [_outcome_chart(report, language)])
    sections = [first, *(Section(table.title, [table]) for table in report.tables)]
    beyond, acknowledged = len(report.open_findings), len(report.acknowledged)
    about = Bilingual(
        f"{beyond} 项超出界限，另 {acknowledged} 项已确认", f"{beyond} beyond bounds, {acknowledged} more acknowledged"
    )
    month = report.month
    return page_html(Page(_PAGE_TITLE, month.as_of, about, sections, month.versions, month.notes), language)


def _findings_table(report: MonitorReport) -> ReportTable:
    rows = []
    for each in report.findings:
        entry = report.acknowledged.get(each.code)
        state = acknowledgement_words(entry) if entry else _OPEN_WORDS
        said = {"said_zh": each.message.zh, "said_en": each.message.en}
        rows.append({"kind": each.kind, "code": each.code, "state_zh": state.zh, "state_en": state.en, **said})
    names = ("kind", "code", "said_zh", "said_en", "state_zh", "state_en")
    return ReportTable(
        "findings",
        Bilingual("发现", "Findings"),
        _FINDINGS_TITLE,
        (
            words("called", "类别", "Kind"),
            words("said", "发现", "Finding"),
            text("code", "代码", "Code"),
            words("state", "处理", "State"),
        ),
        pl.DataFrame(rows, dict.fromkeys(names, pl.String)).with_columns(
            code_word_columns("kind", "called", KIND_WORDS)
        ),
        note=Bilingual(*(" ".join(getattr(each, lang) for each in report.notes) for lang in ("zh", "en"))),
    )


def acknowledgement_words(entry: Acknowledgement) -> Bilingual:
    """Who acknowledged a finding, when and why."""
    return _ACKNOWLEDGED.format(by=entry.by, day=entry.at[:10], reason=entry.reason)


def _outcome_chart(report: MonitorReport, language: Language) -> Markup:
    """Expected and observed rates by month."""
    frame = report.table("calibration").frame.sort("as_of")
    series = [
        LineSeries(getattr(label, language), colour, tuple(frame[name]))
        for name, (label, colour) in _CHART_LINES.items()
    ]
    return line_chart(series, [str(day)[:7] for day in frame["as_of"]], getattr(_CHART_TITLE, language))


def prometheus_metrics(report: MonitorReport) -> bytes:
    """Gauges in the text format that Prometheus reads; a missing value has no sample."""
    registry = CollectorRegistry()
    findings = Gauge(
        "lights_findings", "Values beyond their bounds that nobody has acknowledged", ["kind"], registry=registry
    )
    for finding in report.open_findings:
        findings.labels(finding.kind).inc()
    total = Gauge("lights_findings_total_beyond", "All of them", registry=registry)
    total.set(len(report.open_findings))
    acknowledged = Gauge(
        "lights_findings_acknowledged", "Values beyond their bounds that are acknowledged", registry=registry
    )
    acknowledged.set(len(report.acknowledged))
    newest = report.table("drift").frame.filter(as_of=report.month.as_of)
    _add_gauge(registry, "lights_drift_psi", "Population stability index", newest, ("feature",), "psi")
    months = report.table("calibration").frame.with_columns(pl.col("as_of").cast(pl.String))
    for name in _OUTCOME_GAUGES:
        _add_gauge(registry, f"lights_{name}", f"{name} of a month", months, ("as_of",), name)
    sources = report.table("sources").frame
    for name, description in _SOURCE_GAUGES:
        _add_gauge(registry, f"lights_source_{name}", description, sources, ("table", "county"), name)
    return generate_latest(registry)


def _add_gauge(
    registry: CollectorRegistry, name: str, description: str, frame: pl.DataFrame, labels: tuple[str, ...], column: str
) -> None:
    """Add a gauge with one sample for each row that has a value in `column`; labels: columns."""
    gauge = Gauge(name, description, labels, registry=registry)
    for row in frame.to_dicts():
        if row[column] is not None:
            gauge.labels(*(row[label] for label in labels)).set(row[column])
