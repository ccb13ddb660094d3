"""All that is watched of a month, with what is beyond its bounds; as lines, JSON, page and Prometheus metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from features.messages import Words
from serving.monitor.bounds import Limits
from serving.monitor.drift import drift
from serving.monitor.finding import KINDS, Finding
from serving.monitor.outcomes_check import outcomes
from serving.monitor.quality import deliveries, quality
from serving.months.data_folder import Store
from serving.months.repository import Month, Published
from serving.portfolio.report_tables import Table, in_words, words
from serving.reports.html import Page, Section, page_html
from serving.text.charts import Line, lines
from serving.text.page_words import Language

_MONTHS = 24
"""Published months that are looked at."""
_DRIFTING_MONTHS = 12
_SAID = 20
"""Findings that a terminal has room for."""
_MORE = Words("另有 {more} 项, 见 --html 或 --json", "and {more} more: see --html or --json")


@dataclass(frozen=True)
class Watch:
    """What was found of a month: its tables, and the findings."""

    month: Month
    tables: tuple[Table, ...]
    findings: tuple[Finding, ...]

    def table(self, name: str) -> Table:
        return next(table for table in self.tables if table.name == name)


def watched(store: Store, as_of: date, limits: Limits, tell: Callable[[str], None]) -> Watch:
    """Drift, outcomes and data quality up to a published month.

    Raises Refused where it is not published.
    """
    published = Published(store)
    month = published.month(as_of)
    months = [published.month(day) for day in published.months() if day <= as_of][:_MONTHS]
    tell("drift")
    drifted, shifts = drift(store, months[:_DRIFTING_MONTHS], limits.drift)
    tell("calibration")
    came = outcomes(store, months, limits)
    tell("quality")
    sources, faults = quality(store.ledger, as_of, limits.quality)
    tables = (came.by_month, came.by_light, came.maturity, drifted, *sources, deliveries(store.ledger))
    return Watch(month, tables, (*shifts, *came.findings, *faults))


def as_json(watch: Watch) -> dict[str, Any]:
    """Everything, in plain values."""
    return {
        **{name: str(value) for name, value in watch.month.versions.items()},
        "findings": [
            {"kind": each.kind, "zh": each.said.zh, "en": each.said.en, "value": each.value, "bound": each.bound}
            for each in watch.findings
        ],
        **{table.name: table.as_dict() for table in watch.tables},
    }


def watch_lines(watch: Watch) -> Iterator[str]:
    """For a terminal: what is beyond its bounds, or that nothing is; then how the newest months stand."""
    yield f"{watch.month.as_of}  model {watch.month.manifest.model_version}"
    for finding in watch.findings[:_SAID]:
        yield f"! {finding.said.zh}\n  {finding.said.en}"
    if len(watch.findings) > _SAID:
        yield _MORE.filled(more=len(watch.findings) - _SAID).zh
        yield f"  {_MORE.filled(more=len(watch.findings) - _SAID).en}"
    if not watch.findings:
        yield "✓ 均在界限之内 / all within bounds"
    for name in ("calibration", "label_maturity"):
        table = watch.table(name)
        yield f"\n{table.title}"
        for row in table.frame.head(6).to_dicts():
            yield f"  {row['as_of']}  {row['said_zh']} / {row['said_en']}{_rates(row)}"
    yield f"\n{watch.table('drift').title}"
    for row in watch.table("drift").frame.head(6).to_dicts():
        index = "-" if row["psi"] is None else f"{row['psi']:.3f}"
        said = f"{row['label_zh']} / {row['label_en']}: {row['said_zh']} / {row['said_en']}"
        yield f"  {row['as_of']}  PSI {index}  {said}"


def _rates(row: dict[str, Any]) -> str:
    if row.get("observed_rate") is None:
        return ""
    return f"  {row['expected_rate']:.2%} → {row['observed_rate']:.2%} ({row['low']:.2%}-{row['high']:.2%})"


_PAGE = Words("监测", "Monitor")
_FOUND = Words("超出界限", "Beyond bounds")


def watch_html(watch: Watch, language: Language) -> str:
    """The page, in the look of the reports."""
    first = Section(_FOUND, [_finding_table(watch)], [_chart(watch, language)])
    sections = [first, *(Section(table.title, [table]) for table in watch.tables)]
    about = Words(f"{len(watch.findings)} 项超出界限", f"{len(watch.findings)} beyond bounds")
    return page_html(Page(_PAGE, watch.month.as_of, about, sections, watch.month.versions), language)


def _finding_table(watch: Watch) -> Table:

    rows = [{"kind": each.kind, "said_zh": each.said.zh, "said_en": each.said.en} for each in watch.findings]
    frame = pl.DataFrame(rows, dict.fromkeys(("kind", "said_zh", "said_en"), pl.String))
    columns = (words("called", "类别", "Kind"), words("said", "发现", "Finding"))
    return Table("findings", "发现 Findings", _FOUND, columns, frame.with_columns(in_words("kind", "called", KINDS)))


def _chart(watch: Watch, language: Language) -> Any:
    frame = watch.table("calibration").frame.sort("as_of")
    drawn = {
        "expected_rate": (Words("预期变坏率", "expected"), "#17466e"),
        "observed_rate": (Words("实际变坏率", "observed"), "#b3261e"),
    }
    found = [Line(getattr(said, language), colour, tuple(frame[name])) for name, (said, colour) in drawn.items()]
    title = Words("预期与实际变坏率", "Expected and observed rates")
    return lines(found, [str(day)[:7] for day in frame["as_of"]], getattr(title, language))


def prometheus(watch: Watch) -> bytes:
    """Gauges in the text format that Prometheus reads; what is not known has no sample."""
    registry = CollectorRegistry()
    found = Gauge("lights_findings", "Values beyond their bounds", ["kind"], registry=registry)
    for finding in watch.findings:
        found.labels(finding.kind).inc()
    Gauge("lights_findings_total_beyond", "All values beyond their bounds", registry=registry).set(len(watch.findings))
    newest = watch.table("drift").frame.filter(as_of=watch.month.as_of)
    _gauges(registry, "lights_drift_psi", "Population stability index", newest.to_dicts(), ("feature",), "psi")
    months = watch.table("calibration").frame.with_columns(as_of=_as_text(watch)).to_dicts()
    for name in (
        "expected_rate",
        "observed_rate",
        "auc_expected",
        "auc_observed",
        "recall_expected",
        "recall_observed",
    ):
        _gauges(registry, f"lights_{name}", f"{name} of a month", months, ("as_of",), name)
    sources = watch.table("sources").frame.to_dicts()
    for name, said in (("silent", "days without news"), ("rows", "rows kept"), ("month_rows", "rows of the month")):
        _gauges(registry, f"lights_source_{name}", said, sources, ("table", "county"), name)
    return generate_latest(registry)


def _as_text(watch: Watch) -> Any:
    return watch.table("calibration").frame["as_of"].cast(str)


def _gauges(
    registry: CollectorRegistry, name: str, said: str, rows: list[dict[str, Any]], labels: tuple[str, ...], value: str
) -> None:
    gauge = Gauge(name, said, labels, registry=registry)
    for row in rows:
        if row[value] is not None:
            gauge.labels(*(row[label] for label in labels)).set(row[value])
