"""How far a model is from what the true hazards of a simulated county allow; only a judgement may look."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from features.messages import Refused
from training.evaluation.ceiling import Ceiling, ceiling, hazards
from training.evaluation.report import Distance, Report


def ceiling_distance(best: Ceiling, report: Report) -> Distance:
    """AUC and recall over all judged loans beside the best there is, at the same share of visits.

    Raises ValueError where the report has neither: nothing went bad.
    """
    auc, recall = report.ranking["model"].auc, report.everyone.contenders["model"].recall.value
    if auc is None or recall is None:
        raise ValueError("A report without an AUC is at no distance from anything.")
    reachable = best.recall(report.everyone.visits / report.everyone.loans)
    return Distance(auc, best.auc, (auc - 0.5) / (best.auc - 0.5), recall, reachable)


def ceiling_of(inbox: Path, report: Report) -> Ceiling:
    """The ceiling over the judged month ends, from the truth that lies in the inbox.

    Raises Refused where no future of these months was tried.
    """
    try:
        truth = hazards(inbox)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _no_truth(inbox) from error
    days = [line.month for line in report.months]
    judged = truth.filter(pl.col("as_of").cast(pl.String).is_in(days) & (pl.col("replicates") > 0))
    if judged.is_empty():
        raise _no_truth(inbox)
    return ceiling(judged)


def _no_truth(inbox: Path) -> Refused:
    return Refused(
        f"{inbox.name} 中没有评判月份的真实风险; 请用 lights simulate --replicates 100 重新模拟。",
        f"{inbox.name} holds no true hazards of the judged months; simulate again with --replicates 100.",
    )
