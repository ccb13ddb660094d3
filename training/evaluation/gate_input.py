"""The report that a gate reads: stored or rebuilt, with the distance to a simulated county's true hazards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from training.cohort import ProgressCallback
from training.evaluation.ceiling_distance import ceiling_distance, simulated_ceiling
from training.evaluation.report import EvaluationReport
from training.evaluation.runs import load_report, rebuild_report, save_report


def report_for_gate(
    store: Path, number: int, again: bool, inbox: Path | None, on_progress: ProgressCallback
) -> EvaluationReport:
    """The report stored with the model or, if `again`, rebuilt on today's ledger and stored.

    inbox: folder of a simulated delivery with its truth; None: the report says nothing on the true hazards.

    Raises UserError where there is no such model or report, or the inbox holds no truth.
    """
    if again:
        report = rebuild_report(store, number, on_progress)
        save_report(store, number, report)
    else:
        report = load_report(store, number)
    return (
        report
        if inbox is None
        else replace(report, distance=ceiling_distance(simulated_ceiling(inbox, report), report))
    )
