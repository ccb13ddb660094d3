"""The full report of a registered model: built with refits, stored beside its bundle, and read again."""

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
from features.messages import UserError
from models.bundle import Bundle
from models.county_policy.policy_table import PolicyTable, policy_table_of
from models.drift_reference import drifts, reference_of
from models.monotone_signs import sign_breaks
from models.registry import ModelStore
from models.traffic_light.rule_table import RuleTable, rule_table_of
from training.blas_threads import one_blas_thread
from training.candidates import ModelSpec
from training.cohort import ProgressCallback, samples
from training.evaluation.conclusions import due_conclusion, signs_conclusion, visited_conclusions
from training.evaluation.evaluate import evaluate_loans
from training.evaluation.evaluated_loans import score_loans
from training.evaluation.months_ahead import months_ahead_metrics
from training.evaluation.opponents import opponent_scores
from training.evaluation.paired_models import PairedComparison, compare_models
from training.evaluation.refits import ablation, barred_columns, permutation_test, refit_with, stability
from training.evaluation.report import EvaluationReport, LeakChecks
from training.folds import Fold
from training.plan import Plan
from training.visited_rows import with_row_weights

_REPORT_FILE = "judgement.json"
_REPORT_ADAPTER: TypeAdapter[EvaluationReport] = TypeAdapter(EvaluationReport)


@one_blas_thread
def full_report(
    folds: Mapping[Fold, pl.DataFrame],
    bundle: Bundle,
    rules: RuleTable,
    policies: PolicyTable,
    data_version: str,
    on_progress: ProgressCallback,
    visited: Mapping[str, Any] | None = None,
) -> EvaluationReport:
    """The evaluation with fitted opponents, leak checks, drift, and the refits that the plan on the card asks for.

    data_version: version of the ledger that the folds come from. visited: what `with_row_weights` did; None where no
    visits are known.
    """
    fit_fold, plan = folds[Fold.FIT], Plan.model_validate(bundle.card["plan"])
    spec = ModelSpec.from_card(bundle.card)
    opponents = opponent_scores(fit_fold, folds[Fold.JUDGEMENT], bundle.columns, spec.params, plan, rules)
    loans = score_loans(bundle, folds[Fold.JUDGEMENT], policies, opponents)
    on_progress(1, "已评判 / judged")
    checks, fit_model = plan.judging, refit_with(spec)
    permuted = (
        permutation_test(fit_fold, loans, fit_model, plan.seed, checks.permuted_fits) if checks.permuted_fits else None
    )
    seeds = range(plan.seed, plan.seed + checks.seeds)
    report = evaluate_loans(loans)
    months_ahead = months_ahead_metrics(loans, plan.horizon_months, plan.bad_after_days, report.settings)
    signs_cost = bundle.card.get("spec", {}).get("signs_cost")
    reference = bundle.card.get("reference") if bundle.card["data_version"] == data_version else None
    return replace(
        report,
        months_ahead=months_ahead,
        conclusions=(
            *report.conclusions,
            *due_conclusion(months_ahead),
            *signs_conclusion(signs_cost),
            *visited_conclusions(visited),
        ),
        leaks=LeakChecks(
            permuted,
            barred_columns(bundle.columns),
            str(bundle.card["data_version"]),
            data_version,
            tuple(each.column for each in sign_breaks(bundle.score)),
        ),
        drift=drifts(reference or reference_of(fit_fold, bundle.columns, bundle.probability(fit_fold)), loans.frame),
        ablation=ablation(fit_fold, loans, fit_model, plan.seed) if checks.ablation else None,
        stability=stability(fit_fold, loans, fit_model, seeds) if checks.seeds > 1 else None,
        bad_by_fold={str(fold): int(counts["bad"]) for fold, counts in bundle.card["folds"].items()},
    )


def rebuild_report(store: Path, number: int, on_progress: ProgressCallback) -> EvaluationReport:
    """The full report of a registered model on today's ledger, by the plan on its card."""
    bundle, ledger = ModelStore(store / "models").bundle(number), Ledger(store / "ledger")
    plan = Plan.model_validate(bundle.card["plan"])
    tables = rule_table_of(store), policy_table_of(store)
    frames = samples(ledger, plan, *tables, on_progress, [Fold.FIT, Fold.JUDGEMENT])
    folds, visited = with_row_weights(frames, store, plan)
    return full_report(folds, bundle, *tables, ledger.data_version, on_progress, visited)


def compare_registered(store: Path, champion: int, challenger: int, on_progress: ProgressCallback) -> PairedComparison:
    """Both models on the challenger's judgement fold, made from today's ledger.

    Raises UserError where there is no such model, or the fold cannot be made from the ledger.
    """
    models, policies = ModelStore(store / "models"), policy_table_of(store)
    old, new = models.bundle(champion), models.bundle(challenger)
    plan, rules = Plan.model_validate(new.card["plan"]), rule_table_of(store)
    folds = samples(Ledger(store / "ledger"), plan, rules, policies, on_progress, [Fold.JUDGEMENT])
    return compare_models(old, new, folds[Fold.JUDGEMENT], policies)


def save_report(store: Path, number: int, report: EvaluationReport) -> None:
    """Write the report as `judgement.json` beside the exported bundle."""
    text = json.dumps(report.as_dict(), ensure_ascii=False, indent=1)
    write_bytes(text.encode(), ModelStore(store / "models").folder / str(number) / _REPORT_FILE)


def load_report(store: Path, number: int) -> EvaluationReport:
    """Read the stored report of a registered model.

    Raises UserError where it is missing or cannot be read.
    """
    try:
        return _REPORT_ADAPTER.validate_json(
            (ModelStore(store / "models").folder / str(number) / _REPORT_FILE).read_bytes()
        )
    except (OSError, ValidationError) as error:
        raise UserError(
            f"模型 {number} 没有可读的评判报告；请运行 lights gate --again。",
            f"Model {number} has no judgement that can be read; run lights gate --again.",
        ) from error
