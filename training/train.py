"""A training run from the ledger to a registered model, and the evaluation of any registered model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from features.catalog import MODEL_COLUMNS
from features.ledger.ledger import Ledger
from features.messages import Bilingual, UserError
from models.boosting import ROW_WEIGHT, TreeParams, columns_of, matrix
from models.bundle import Bundle
from models.county_policy.policy_table import policy_table_of
from models.drift_reference import SCORE, reference_of
from models.monotone_signs import sign_breaks
from models.registry import ModelStore
from models.traffic_light.rule_table import rule_table_of
from training.additive_fit import rows_apart
from training.blas_threads import one_blas_thread
from training.calibrate import fit_calibration
from training.candidates import choose_candidate, out_of_fold_scores
from training.code_version import code_version
from training.cohort import ProgressCallback, first_loan_day, last_reported_day, sample_steps, samples
from training.concurrent_fits import fits_at_a_time
from training.evaluation.evaluate import evaluate_loans
from training.evaluation.evaluated_loans import score_loans
from training.evaluation.months_ahead import months_ahead_metrics
from training.evaluation.opponents import opponent_scores
from training.evaluation.paired_models import PairedComparison, compare_models
from training.evaluation.report import EvaluationReport
from training.evaluation.runs import full_report, save_report
from training.folds import Fold
from training.gate import Gate, GateResult, load_gate
from training.gate_criteria import gate_result
from training.global_reasons import importance_by_column
from training.hazard_fit import fit_hazards
from training.plan import Plan
from training.plan_files import default_plan
from training.promotion import Assignment, assign_alias
from training.publish import Registry
from training.range_fit import fit_probability_range
from training.run_log import training_run_log
from training.search import SearchResult, search_tree_params
from training.thinned_rows import good_rows_apart
from training.threshold_search import choose_light_policy
from training.visited_rows import with_row_weights

_ROWS_EXPLAINED = 1000
"""Rows of the fit fold, evenly spread, by which the share of each column in the score is measured."""


@dataclass(frozen=True)
class TrainedModel:
    """A registered model, its full report, the alias it got, and the gate's result.

    in_shadow: whether it scores beside the rules and moves no light, since no model has passed the gate yet.
    comparison: with the champion on the same loans, or why the champion cannot be scored; None where there is none.
    """

    bundle: Bundle
    report: EvaluationReport
    alias: str
    gate: GateResult
    in_shadow: bool
    comparison: PairedComparison | Bilingual | None


def plan_or_default(store: Path, plan: Plan | None) -> Plan:
    """The plan, or where there is none the default plan of the store's data."""
    ledger = Ledger(store / "ledger")
    return plan or default_plan(first_loan_day(ledger), last_reported_day(ledger))


def training_steps(plan: Plan) -> int:
    """Number of steps that `train` reports to its callback."""
    return sample_steps(plan) + plan.search.trials + 1


def train(
    store: Path,
    plan: Plan,
    registry: Registry,
    by: str,
    at: datetime,
    on_progress: ProgressCallback,
    gate: Gate | None = None,
) -> TrainedModel:
    """Train a model as planned: search, fit, calibrate, choose thresholds, evaluate, register.

    Args:
        store: the data folder, with a ledger.
        plan: of the run.
        registry: MLflow of the store, where the model is registered.
        by: who trains, for the history of aliases.
        at: when, with a time zone.
        on_progress: called with a number of steps and a line; `training_steps` is their sum.
        gate: what a first model has to reach, with the rules' light as the incumbent; None for the one that ships.

    Returns:
        The registered model, its report, the gate's result, and its alias: champion if the store never had one and
        the model passes the gate, else challenger. Until one is champion, the challenger scores in shadow.

    Raises:
        UserError: labels are not mature, a fold has one outcome only, the model ranks nothing, or MLflow cannot be
            reached.

    Example:
        >>> from datetime import UTC
        >>> from training.plan import EvaluationPlan, SearchPlan
        >>> from training.plan_files import SHIPPED_PLANS, load_plan
        >>> no_refits = EvaluationPlan(permuted_fits=0, ablation=False, seeds=0)
        >>> short = {"search": SearchPlan(trials=1), "judging": no_refits}
        >>> plan = load_plan(SHIPPED_PLANS / "demo.toml").model_copy(update=short)
        >>> at = datetime(2026, 1, 15, tzinfo=UTC)
        >>> trained = train(data, plan, Registry(data), "an analyst", at, lambda *_: None)
        >>> trained.alias, trained.bundle.number, trained.report.months[-1].month
        ('challenger', 2, 'all')
    """
    ledger = Ledger(store / "ledger")
    tables = rule_table_of(store), policy_table_of(store)
    ceiling = tables[1].in_force(last_reported_day(ledger)).visits.most_lit
    plan = plan.model_copy(update={"light_policy": plan.light_policy.within(ceiling)})
    folds, visited = with_row_weights(samples(ledger, plan, *tables, on_progress), store, plan)
    searches: list[SearchResult] = []
    bundle = fit_model(folds, plan, ledger.data_version, on_progress, searches.append)
    bundle = replace(bundle, card={**bundle.card, "visited": visited}) if visited else bundle
    report = full_report(folds, bundle, *tables, ledger.data_version, on_progress, visited)
    comparison = compare_with_champion(store, bundle, folds[Fold.JUDGEMENT])
    result = gate_result(report, gate or load_gate())
    compared = comparison if isinstance(comparison, PairedComparison) else None
    log = training_run_log(bundle, report, result, folds, searches[0].tried, last_reported_day(ledger), by, compared)
    registered = registry.register(bundle, log)
    save_report(store, registered.number, report)
    had_champion = ModelStore(store / "models").number_of("champion") is not None
    alias = "champion" if result.passes and not had_champion else "challenger"
    failed = ", ".join(each.id for each in result.failed)
    reason = f"newly trained; gate {result.gate_version}: {failed or 'passes'}"
    assign_alias(store, registry, registered.number, Assignment(alias, reason, by, at))
    in_shadow = alias == "challenger" and not had_champion
    return TrainedModel(registered, report, alias, result, in_shadow, comparison)


def compare_with_champion(store: Path, challenger: Bundle, sample: pl.DataFrame) -> PairedComparison | Bilingual | None:
    """The challenger beside the champion on the same loans; None where there is no champion.

    Where the champion cannot be scored, since it has other columns than today's catalogue, it says so.
    """
    try:
        champion = ModelStore(store / "models").champion
    except UserError as refusal:
        return Bilingual(
            f"未与在用模型比较：{refusal.message.zh}", f"Not compared with the model in use: {refusal.message.en}"
        )
    return None if champion is None else compare_models(champion, challenger, sample, policy_table_of(store))


@one_blas_thread
def evaluate(store: Path, number: int, on_progress: ProgressCallback) -> EvaluationReport:
    """Evaluate a registered model on today's ledger, by the plan on its card and beside all opponents.

    Args:
        store: the data folder.
        number: of the registered model.
        on_progress: called once for each month end with 1 and the day.

    Returns:
        The report without drift, leak checks and refits (`training.evaluation.runs.rebuild_report` has them).

    Raises:
        UserError: there is no such model, or its samples cannot be made from the ledger (`samples`).

    Example:
        >>> report = evaluate(data, 1, lambda *_: None)
        >>> {"model", "rules", "tuned_rules", "logistic", "unconstrained"} <= set(report.ranking)
        True
        >>> report.months[-1].loans == sum(month.loans for month in report.months[:-1])
        True
    """
    bundle = ModelStore(store / "models").bundle(number)
    plan = Plan.model_validate(bundle.card["plan"])
    folds = samples(
        Ledger(store / "ledger"),
        plan,
        rule_table_of(store),
        policy_table_of(store),
        on_progress,
        [Fold.FIT, Fold.JUDGEMENT],
    )
    fit, sample = with_row_weights(folds, store, plan)[0][Fold.FIT], folds[Fold.JUDGEMENT]
    params = TreeParams.from_card(bundle.card["growth"])
    opponents = opponent_scores(fit, sample, bundle.columns, params, plan, rule_table_of(store))
    loans = score_loans(bundle, sample, policy_table_of(store), opponents)
    report = evaluate_loans(loans)
    months_ahead = months_ahead_metrics(loans, plan.horizon_months, plan.bad_after_days, report.settings)
    return replace(report, months_ahead=months_ahead)


@one_blas_thread
def fit_model(
    folds: dict[Fold, pl.DataFrame],
    plan: Plan,
    data_version: str,
    on_progress: ProgressCallback,
    on_search: Callable[[SearchResult], object] = lambda _: None,
) -> Bundle:
    """A model fitted on the samples, not registered yet: score, calibration, thresholds and hazards by month ahead.

    Score, calibration and thresholds are fitted each on a fold of their own, the hazards on rows of the first two that
    are scored by models of other households.

    on_search: called with the result of the search for parameters.
    """
    columns = columns_of(MODEL_COLUMNS)
    search = search_tree_params(folds[Fold.FIT], columns, plan, on_progress)
    on_search(search)
    choice = choose_candidate(folds[Fold.FIT], columns, plan, search.params)
    score = choice.spec.fit(folds[Fold.FIT], columns, fits_at_a_time(folds[Fold.FIT].height))
    if breaks := sign_breaks(score):
        names = ", ".join(f"{each.column} ({each.log_odds:.3g})" for each in breaks)
        raise UserError(
            f"模型违反了特征的单调方向，未予采用：{names}（对数几率）。请报告此问题，或换一个 seed 重新训练。",
            f"The model moves columns against their sign and is not taken: {names} (log-odds). Report it, or train "
            "again with another seed.",
        )
    calibration = folds[Fold.CALIBRATION]
    few_bad = int(calibration["bad"].sum()) < plan.calibrating.isotonic_from_bad
    out_of_fold = out_of_fold_scores(folds[Fold.FIT], columns, plan, choice.spec)
    curve, pooled = fit_calibration(score, calibration, plan, out_of_fold if few_bad else None)
    with_raw = calibration.with_columns(pl.Series("raw", score.log_odds(calibration)))
    probability_range = fit_probability_range(curve, with_raw, pooled, plan.seed)
    followed = pl.concat([out_of_fold, with_raw])
    if ROW_WEIGHT in followed.columns:
        followed = followed.filter(pl.col(ROW_WEIGHT) > 0)
    hazards = fit_hazards(followed, followed["raw"].to_numpy(), curve, plan)
    policy_fold = folds[Fold.POLICY]
    policy = choose_light_policy(policy_fold, curve.probability(score.log_odds(policy_fold)), plan.light_policy)
    card: dict[str, Any] = {
        "horizon_months": plan.horizon_months,
        "bad_after_days": plan.bad_after_days,
        "plan": plan.to_card(),
        "data_version": data_version,
        "code_version": code_version(),
        "growth": search.params.to_card(),
        "probability_range": probability_range.json_values,
        "spec": choice.spec.to_card() | choice.to_card() | _rows_fitted(folds[Fold.FIT]),
        "search": {"loss": search.loss, "loss_of_plan": search.loss_of_plan, "trials": search.trials},
        "folds": {fold: {"rows": frame.height, "bad": int(frame["bad"].sum())} for fold, frame in folds.items()},
    }
    bundle, fit = Bundle(0, score, curve, policy, card, hazards), folds[Fold.FIT]
    few = fit.gather_every(max(1, fit.height // _ROWS_EXPLAINED))
    if bundle.trees:
        bundle.trees.check_scores(matrix(few, columns))
    importance = importance_by_column(bundle.explain(few))
    recent = folds.get(Fold.JUDGEMENT)
    if recent is not None:
        recent = recent.with_columns(pl.Series(SCORE, bundle.probability(recent)))
    reference = reference_of(fit, columns, bundle.probability(fit), importance, recent)
    return replace(bundle, card={**card, "reference": reference})


def _rows_fitted(fit: pl.DataFrame) -> dict[str, int]:
    """Of how many rows of the fit fold the curves take one, and a fit that checks one of those that did not go bad."""
    good_apart = good_rows_apart(fit.height, int(fit["bad"].sum()))
    return {"rows_apart": rows_apart(fit.height), "good_rows_apart": good_apart}
