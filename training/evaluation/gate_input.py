"""A registered model before the gate: its report, with the simulator's truth beside it where there is one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from training.cohort import Tell
from training.evaluation.ceiling_distance import ceiling_distance, ceiling_of
from training.evaluation.report import Report
from training.evaluation.runs import judged_again, keep_report, kept_report


def report_for_gate(store: Path, number: int, again: bool, inbox: Path | None, tell: Tell) -> Report:
    """The report kept with the model, or judged again and kept. inbox: a simulated one with its truth.

    Raises Refused where there is no such model or report, or the inbox holds no truth.
    """
    report = judged_again(store, number, tell) if again else kept_report(store, number)
    if again:
        keep_report(store, number, report)
    return report if inbox is None else replace(report, distance=ceiling_distance(ceiling_of(inbox, report), report))
