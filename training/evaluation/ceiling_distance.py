"""How far a model is from the best ranking that the true hazards of a simulated county allow.

Only the gate of a simulated county reads the truth; the import contracts keep it from training.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from features.messages import UserError
from training.evaluation.ceiling import Ceiling, ranking_ceiling, true_hazards
from training.evaluation.report import CeilingDistance, EvaluationReport


def ceiling_distance(ceiling: Ceiling, report: EvaluationReport) -> CeilingDistance:
    """AUC and recall of the model over all evaluated loans beside the best reachable ones, at the same visits.

    Raises ValueError where the report has neither because no loan went bad.
    """
    auc, recall = report.ranking["model"].auc, report.everyone.contenders["model"].recall.value
    if auc is None or recall is None:
        raise ValueError("A report without an AUC is at no distance from anything.")
    reachable = ceiling.recall(report.everyone.visits / report.everyone.loans)
    return CeilingDistance(auc, ceiling.auc, (auc - 0.5) / (ceiling.auc - 0.5), recall, reachable)


def simulated_ceiling(inbox: Path, report: EvaluationReport) -> Ceiling:
    """The ceiling over the report's month ends, from the true hazards in the folder of a simulated delivery.

    Raises UserError where the folder has no hazards of these months.
    """
    try:
        truth = true_hazards(inbox)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _no_truth(inbox) from error
    days = [line.month for line in report.months]
    in_months = truth.filter(pl.col("as_of").cast(pl.String).is_in(days) & (pl.col("replicates") > 0))
    if in_months.is_empty():
        raise _no_truth(inbox)
    return ranking_ceiling(in_months)


def _no_truth(inbox: Path) -> UserError:
    return UserError(
        f"{inbox.name} 中没有评判月份的真实风险；请用 lights simulate --replicates 100 重新模拟。",
        f"{inbox.name} holds no true hazards of the judged months; simulate again with --replicates 100.",
    )
