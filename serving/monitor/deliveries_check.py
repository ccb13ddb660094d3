"""Deliveries of a month: what its manifest says is missing, and files that were refused and did not come again."""

from __future__ import annotations

from datetime import datetime

from features.messages import Bilingual
from features.runs import read_runs, refused_files
from serving.monitor.finding import Finding
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth

_REFUSED = Bilingual(
    "{file} 在 {day} 被退回，此后没有装入过；见 lights runs",
    "{file} was refused on {day} and has not been loaded since; see lights runs",
)


def check_deliveries(store: DataFolder, month: PublishedMonth, before: PublishedMonth | None) -> list[Finding]:
    """Findings on what a month lacked when it was published, and on files refused since the month before it was.

    before: the published month before; None where there is none, so that all loads count.
    """
    findings = []
    if month.incomplete:
        findings.append(Finding("incomplete", month.incomplete.words, float(len(month.incomplete.findings))))
    since = datetime.fromisoformat(before.manifest.scored_at) if before else None
    refused = refused_files(read_runs(store.folder).runs, since)
    findings += [
        Finding("refused", _REFUSED.format(file=file.name, day=file.on), subject=file.name) for file in refused
    ]
    return findings
