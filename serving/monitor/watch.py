"""The monitor's report on a published month; as lines, JSON, HTML page and Prometheus metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from markupsafe import Markup
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from features.messages import Bilingual
from serving.monitor.bounds import MonitorLimits
from serving.monitor.drift import check_drift
from serving.monitor.finding import KIND_WORDS, Finding
from serving.monitor.outcomes_check import check_outcomes
from serving.monitor.quality import check_quality, deliveries_table
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository
from serving.portfolio.report_tables import ReportTable, code_word_columns, words
from serving.reports.html import Page, Section, page_html
from serving.text.charts import LineSeries, line_chart
from serving.text.page_words import Language

_OUTCOME_MONTHS = 24
"""Published months whose outcomes are compared, the newest ones."""
_DRIFT_MONTHS = 12
_MOST_FINDINGS = 20
"""Findings printed on a terminal."""
_MORE = Bilingual("另有 {more} 项, 见 --html 或 --json", "and {more} more: see --html or --json")
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


@dataclass(frozen=True)
class MonitorReport:
    """Everything that the monitor computed for a published month: tables, and findings beyond the bounds."""

    month: PublishedMonth
    tables: tuple[ReportTable, ...]
    findings: tuple[Finding, ...]

    def table(self, name: str) -> ReportTable:
        """The table of a name."""
        return next(table for table in self.tables if table.name == name)


def monitor_month(
    store: DataFolder, as_of: date, limits: MonitorLimits, on_progress: Callable[[str], None]
) -> MonitorReport:
    """Check drift, outcomes and data quality up to a published month.

    Args:
        store: the data folder.
        as_of: day of the published month; earlier published months are compared, too.
        limits: the bounds; see `load_limits`.
        on_progress: called with the name of each check before it begins.

    Returns:
        The tables `calibration`, `calibration_by_light`, `label_maturity`, `drift`, `sources`, `columns` and
        `deliveries`, and the findings.

    Raises:
        UserError: The month is not published.

    Example:
        >>> from datetime import date
        >>> from serving.monitor.bounds import load_limits
        >>> from serving.monitor.watch import monitor_month
        >>> from serving.months.data_folder import DataFolder
        >>> report = monitor_month(DataFolder(data), date(2025, 12, 31), load_limits(), print)
        drift
        calibration
        quality
        >>> [table.name for table in report.tables][:4]
        ['calibration', 'calibration_by_light', 'label_maturity', 'drift']
        >>> all(finding.message.en for finding in report.findings)
        True
    """
    repository = MonthRepository(store)
    month = repository.month(as_of)
    months = [repository.month(day) for day in repository.months() if day <= as_of][:_OUTCOME_MONTHS]
    on_progress("drift")
    drift_table, drift_findings = check_drift(store, months[:_DRIFT_MONTHS], limits.drift)
    on_progress("calibration")
    outcomes = check_outcomes(store, months, limits)
    on_progress("quality")
    quality_tables, quality_findings = check_quality(store.ledger, as_of, limits.quality)
    tables = (
        outcomes.by_month,
        outcomes.by_light,
        outcomes.maturity,
        drift_table,
        *quality_tables,
        deliveries_table(store.ledger),
    )
    return MonitorReport(month, tables, (*drift_findings, *outcomes.findings, *quality_findings))


def monitor_json(report: MonitorReport) -> dict[str, Any]:
    """The report as plain values: versions, `findings`, and each table under its name."""
    return {
        **report.month.versions,
        "as_of": str(report.month.as_of),
        "incomplete": report.month.manifest.incomplete,
        "findings": [
            {"kind": each.kind, "zh": each.message.zh, "en": each.message.en, "value": each.value, "bound": each.bound}
            for each in report.findings
        ],
        **{table.name: table.as_dict() for table in report.tables},
    }


def monitor_lines(report: MonitorReport) -> Iterator[str]:
    """The report as lines for a terminal: findings, or that there are none; then calibration and drift."""
    yield f"{report.month.as_of}  model {report.month.manifest.model_version}"
    if report.month.incomplete:
        yield f"! {report.month.incomplete.words.zh}\n  {report.month.incomplete.words.en}"
    for finding in report.findings[:_MOST_FINDINGS]:
        yield f"! {finding.message.zh}\n  {finding.message.en}"
    if len(report.findings) > _MOST_FINDINGS:
        more = _MORE.format(more=len(report.findings) - _MOST_FINDINGS)
        yield more.zh
        yield f"  {more.en}"
    if not report.findings:
        yield "✓ 均在界限之内 / all within bounds"
    for name in ("calibration", "label_maturity"):
        table = report.table(name)
        yield f"\n{table.title}"
        for row in table.frame.head(6).to_dicts():
            rates = ""
            if row.get("observed_rate") is not None:
                interval = f"({row['low']:.2%}-{row['high']:.2%})"
                rates = f"  {row['expected_rate']:.2%} → {row['observed_rate']:.2%} {interval}"
            yield f"  {row['as_of']}  {row['said_zh']} / {row['said_en']}{rates}"
    yield f"\n{report.table('drift').title}"
    for row in report.table("drift").frame.head(6).to_dicts():
        index = "-" if row["psi"] is None else f"{row['psi']:.3f}"
        verdict = f"{row['label_zh']} / {row['label_en']}: {row['said_zh']} / {row['said_en']}"
        yield f"  {row['as_of']}  PSI {index}  {verdict}"


def monitor_html(report: MonitorReport, language: Language) -> str:
    """The report as one page in a language, in the style of the county's reports."""
    first = Section(_FINDINGS_TITLE, [_findings_table(report.findings)], [_outcome_chart(report, language)])
    sections = [first, *(Section(table.title, [table]) for table in report.tables)]
    about = Bilingual(f"{len(report.findings)} 项超出界限", f"{len(report.findings)} beyond bounds")
    return page_html(Page(_PAGE_TITLE, report.month.as_of, about, sections, report.month.versions), language)


def _findings_table(findings: Sequence[Finding]) -> ReportTable:
    rows = [{"kind": each.kind, "said_zh": each.message.zh, "said_en": each.message.en} for each in findings]
    frame = pl.DataFrame(rows, dict.fromkeys(("kind", "said_zh", "said_en"), pl.String))
    return ReportTable(
        "findings",
        "发现 Findings",
        _FINDINGS_TITLE,
        (words("called", "类别", "Kind"), words("said", "发现", "Finding")),
        frame.with_columns(code_word_columns("kind", "called", KIND_WORDS)),
    )


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
    findings = Gauge("lights_findings", "Values beyond their bounds", ["kind"], registry=registry)
    for finding in report.findings:
        findings.labels(finding.kind).inc()
    total = Gauge("lights_findings_total_beyond", "All values beyond their bounds", registry=registry)
    total.set(len(report.findings))
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
