"""A registered model before the gate: judged again, with what only a fit, the fit fold or the truth can add."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from features.ledger import Ledger
from models.champions import Models
from models.county_policy.table import policy_table_of
from models.traffic_light.table import rule_table_of
from training.cohort import Tell, samples
from training.folds import Fold
from training.judgement.ceiling_distance import ceiling_distance, ceiling_of
from training.judgement.drift import drifts
from training.judgement.judge import judgement
from training.judgement.judged import judged_by
from training.judgement.refits import ablation, barred, fitted, permuted, stability
from training.judgement.report import Leaks, Report
from training.plan import Plan

_SEEDS = 5


def judged_for_gate(store: Path, number: int, inbox: Path | None, tell: Tell, thorough: bool = False) -> Report:
    """The report with drift and leaks. inbox: a simulated one with its truth. thorough: also ablation and stability.

    Raises Refused where there is no such model, or the inbox holds no truth.
    """
    bundle, ledger = Models(store / "models").numbered(number), Ledger(store / "ledger")
    plan = Plan.model_validate(bundle.card["plan"])
    fit_fold = samples(ledger, plan, Fold.FIT, plan.month_ends.fit, tell)
    sample = samples(ledger, plan, Fold.JUDGEMENT, plan.month_ends.judgement, tell)
    judged = judged_by(bundle, sample, rule_table_of(store), policy_table_of(store))
    report, fit = judgement(judged), fitted(plan.growth_of_trees)
    tell("permuted labels")
    leaks = Leaks(
        permuted(fit_fold, judged, fit, plan.seed),
        barred(bundle.trees.columns),
        str(bundle.card["data_version"]),
        ledger.data_version,
    )
    report = replace(report, drift=drifts(fit_fold, judged.frame, bundle.trees.columns), leaks=leaks)
    if thorough:
        tell("ablation, stability")
        seeds = range(plan.seed, plan.seed + _SEEDS)
        report = replace(
            report,
            ablation=ablation(fit_fold, judged, fit, plan.seed),
            stability=stability(fit_fold, judged, fit, seeds),
        )
    return report if inbox is None else replace(report, distance=ceiling_distance(ceiling_of(inbox, report), report))
