"""The report of a model: made with everything only other fits can tell, kept beside the bundle, read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import TypeAdapter, ValidationError

from features.atomic_files import write_bytes
from features.ledger.ledger import Ledger
from features.messages import Refused
from models.boosting import Growth
from models.bundle import Bundle
from models.county_policy.policy_table import PolicyTable, policy_table_of
from models.drift_reference import drifts, reference_of
from models.registry import Models
from models.traffic_light.rule_table import rule_table_of
from training.baselines import rung_scores
from training.cohort import Tell, samples
from training.evaluation.evaluate import judgement
from training.evaluation.evaluated_loans import Judged, judged_by
from training.evaluation.refits import ablation, barred, fitted, permuted, stability
from training.evaluation.report import Leaks, Report
from training.folds import Fold
from training.plan import Plan

_FILE = "judgement.json"
_STORED: TypeAdapter[Report] = TypeAdapter(Report)


def report_of(
    folds: Mapping[Fold, pl.DataFrame], bundle: Bundle, policies: PolicyTable, data_version: str, tell: Tell
) -> Report:
    """The judgement with the rungs beside the model, drift, leaks and what other fits tell, as the plan says.

    data_version: of the ledger that the folds come from.
    """
    fit, plan, growth = folds[Fold.FIT], Plan.model_validate(bundle.card["plan"]), Growth(**bundle.card["growth"])
    rungs = rung_scores(fit, folds[Fold.JUDGEMENT], bundle.trees.columns, growth)
    judged = judged_by(bundle, folds[Fold.JUDGEMENT], policies, rungs)
    tell(1, "judged")
    tried, refit = plan.judging, fitted(growth)
    shuffled = permuted(fit, judged, refit, plan.seed, tried.permuted_fits) if tried.permuted_fits else None
    return replace(
        judgement(judged),
        leaks=Leaks(shuffled, barred(bundle.trees.columns), str(bundle.card["data_version"]), data_version),
        drift=drifts(reference_of(fit, bundle.trees.columns, bundle.probability(fit)), judged.frame),
        **_refitted(fit, judged, growth, plan),
    )


def _refitted(fit: pl.DataFrame, judged: Judged, growth: Growth, plan: Plan) -> dict[str, Any]:
    tried, seeds = plan.judging, range(plan.seed, plan.seed + plan.judging.seeds)
    return {
        "ablation": ablation(fit, judged, fitted(growth), plan.seed) if tried.ablation else None,
        "stability": stability(fit, judged, fitted(growth), seeds) if tried.seeds > 1 else None,
    }


def judged_again(store: Path, number: int, tell: Tell) -> Report:
    """The whole report of a registered model anew, by the plan on its card and today's ledger."""
    bundle, ledger = Models(store / "models").numbered(number), Ledger(store / "ledger")
    plan = Plan.model_validate(bundle.card["plan"])
    folds = samples(ledger, plan, rule_table_of(store), tell, [Fold.FIT, Fold.JUDGEMENT])
    return report_of(folds, bundle, policy_table_of(store), ledger.data_version, tell)


def keep_report(store: Path, number: int, report: Report) -> None:
    """Beside the exported bundle, for whoever asks what the model was worth."""
    written = json.dumps(report.as_dict(), ensure_ascii=False, indent=1).encode()
    write_bytes(written, Models(store / "models").folder / str(number) / _FILE)


def kept_report(store: Path, number: int) -> Report:
    """The report as it was when the model was registered.

    Raises Refused where it is missing or cannot be read.
    """
    try:
        return _STORED.validate_json((Models(store / "models").folder / str(number) / _FILE).read_bytes())
    except (OSError, ValidationError) as error:
        raise Refused(
            f"模型 {number} 没有可读的评判报告; 请运行 lights gate --again。",
            f"Model {number} has no judgement that can be read; run lights gate --again.",
        ) from error
