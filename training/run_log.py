"""What MLflow stores of a training run: name, description, tags, parameters, metrics, documents, figures, data sets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, get_args

import polars as pl

from features.messages import Bilingual, UserError
from models.boosting import TreeParams
from models.bundle import Bundle
from training.code_version import git_commit
from training.evaluation.comparison_page import comparison_pages
from training.evaluation.curves import gains_figure, reliability_figure
from training.evaluation.model_card import MODEL_CARD_FILE, model_card
from training.evaluation.page import report_html
from training.evaluation.paired_models import PairedComparison
from training.evaluation.report import EvaluationReport, Lang
from training.folds import Fold
from training.gate import GateResult
from training.global_reasons import reason_figures
from training.plan import Plan
from training.plan_files import SHIPPED_PLANS, load_plan
from training.plots import reason_plots
from training.publish import RunLog
from training.run_datasets import dataset_summary

_EARLY_DAYS = "90"
_DESCRIPTION = Bilingual(
    "{candidate} 模型，用 {first} 至 {last} 的 {rows} 行（其中变坏 {bad} 行）训练，数据到 {data_day}"
    "（版本 {data_version}），计划 {plan}：{horizon} 个月内逾期 {days} 天以上为变坏。"
    "评判用 {judged_first} 至 {judged_last} 的 {judged} 行。\n\n"
    "{conclusion}\n\n关口 {gate}：{verdict}",
    "A {candidate} model, trained on {rows} rows ({bad} gone bad) of {first} to {last}; data up to {data_day} (version "
    "{data_version}); plan {plan}: bad is more than {days} days past due within {horizon} months. Judged on {judged} "
    "rows of {judged_first} to {judged_last}.\n\n{conclusion}\n\nGate {gate}: {verdict}",
)
_PASSES = Bilingual("通过", "passes")


def training_run_log(
    bundle: Bundle,
    report: EvaluationReport,
    gate: GateResult,
    folds: Mapping[Fold, pl.DataFrame],
    trials: Sequence[tuple[float, TreeParams]],
    data_day: date,
    by: str,
    comparison: PairedComparison | None = None,
) -> RunLog:
    """The log of a training run; tree parameters go under LightGBM's own names.

    Args:
        bundle: the fitted model, not registered yet.
        report: its evaluation.
        gate: the gate's result for it.
        folds: the rows it was made of and judged on; MLflow gets counts and a digest of them.
        trials: of the search, log loss and parameters.
        data_day: the last day that the banks have reported on.
        by: who trains.
        comparison: with the champion on the same loans; None where there is none.
    """
    plan, card = bundle.card["plan"], bundle.card
    sample = folds[Fold.JUDGEMENT]
    candidate = str(card["spec"]["candidate"])
    provenance = {
        "growth": asdict(TreeParams.from_card(card["growth"])),
        "spec": dict(card["spec"]),
        "data_version": card["data_version"],
        "code_version": card["code_version"],
        **({"visited_rows": card["visited"]} if "visited" in card else {}),
    }
    pages: dict[str, Any] = {f"judgement.{lang}.html": report_html(report, lang) for lang in get_args(Lang)}
    pages[MODEL_CARD_FILE] = model_card(bundle, report, gate, data_day)
    if comparison is not None:
        pages |= {"comparison.json": comparison.as_dict(), **comparison_pages(comparison)}
    curves = {"reliability.png": reliability_figure(report), "gains.png": gains_figure(report)}
    return RunLog(
        parameters={name: value for name, value in plan.items() if name != "month_ends"} | provenance,
        metrics=evaluation_metrics(report, gate) | (comparison.run_metrics if comparison else {}),
        documents={"plan.json": plan, "judgement.json": report.as_dict(), **pages},
        figures={**curves, **reason_plots(bundle, sample), **dict(reason_figures(bundle, sample))},
        name=f"{candidate} {data_day} {plan_name(plan)}",
        description=run_description(bundle, report, gate, data_day),
        tags=run_tags(bundle, gate, by),
        datasets=[dataset_summary(str(fold), frame, card["data_version"]) for fold, frame in folds.items()],
        trials=trials,
    )


def evaluation_metrics(report: EvaluationReport, gate: GateResult) -> dict[str, float]:
    """The metrics of an evaluation and its gate, by name; those of a compared model end on its name.

    A metric that could not be computed is left out.
    """
    at_capacity, lead = report.everyone.contenders, report.everyone.lead
    by_model: dict[str, Mapping[str, float | None]] = {
        "auc": {name: each.auc for name, each in report.ranking.items()},
        "average_precision": {name: each.pr_auc for name, each in report.ranking.items()},
        "ks": {name: each.ks for name, each in report.ranking.items()},
        "recall_at_rules_visits": report.months[-1].recall,
        "precision_at_rules_visits": {name: each.precision.value for name, each in at_capacity.items()},
        "found_at_rules_visits": {name: each.found for name, each in at_capacity.items()},
        "median_lead_days": {name: each.median_days for name, each in lead.items()},
        "found_90_days_ahead": {name: each.ahead[_EARLY_DAYS] for name, each in lead.items()},
    }
    overall, calibration = report.months[-1], report.calibration
    values: dict[str, float | None] = {
        **{f"{metric}_{name}": value for metric, models in by_model.items() for name, value in models.items()},
        "ece": calibration.ece,
        "brier": calibration.brier,
        "log_loss": calibration.log_loss,
        "judged_loans": overall.loans,
        "judged_bad": overall.bad,
        "judged_visits": overall.visits,
        "green_factor": next((each.value for each in gate.criteria if each.id == "calibration.green_factor"), None),
        "gate_passes": float(gate.passes),
        "gate_failed": len(gate.failed),
    }
    return {name: float(value) for name, value in values.items() if value is not None}


def run_tags(bundle: Bundle, gate: GateResult, by: str) -> dict[str, str]:
    """The tags of a training run: who, with what code, on what data, and the ids of the criteria that failed."""
    tags = {
        "mlflow.user": by,
        "mlflow.source.name": "lights train",
        "mlflow.source.type": "LOCAL",
        "candidate": str(bundle.card["spec"]["candidate"]),
        "data_version": str(bundle.card["data_version"]),
        "gate_version": gate.gate_version,
        "gate_failed": ", ".join(each.id for each in gate.failed),
    }
    if (commit := git_commit()) is not None:
        tags |= {"mlflow.source.git.commit": commit[0], "mlflow.source.git.dirty": str(commit[1]).lower()}
    return tags


def run_description(bundle: Bundle, report: EvaluationReport, gate: GateResult, data_day: date) -> str:
    """What was trained on what, the judgement's first sentence and the gate's result, in Chinese and in English."""
    card, plan = bundle.card, Plan.model_validate(bundle.card["plan"])
    ends, fit = plan.month_ends, card["folds"][Fold.FIT]
    failed = ", ".join(each.id for each in gate.failed)
    verdict = Bilingual(f"未通过 {failed}", f"fails {failed}") if failed else _PASSES
    values: dict[str, Any] = {
        "candidate": card["spec"]["candidate"],
        "rows": fit["rows"],
        "bad": fit["bad"],
        "first": ends.fit[0],
        "last": ends.fit[-1],
        "data_day": data_day,
        "data_version": card["data_version"],
        "plan": plan_name(card["plan"]),
        "horizon": plan.horizon_months,
        "days": plan.bad_after_days,
        "judged_first": ends.judgement[0],
        "judged_last": ends.judgement[-1],
        "judged": report.everyone.loans,
        "gate": gate.gate_version,
    }
    return "\n\n".join(
        getattr(_DESCRIPTION, lang).format(
            **values, conclusion=getattr(report.conclusions[0], lang), verdict=getattr(verdict, lang)
        )
        for lang in get_args(Lang)
    )


def plan_name(plan: Mapping[str, Any]) -> str:
    """The name of the shipped plan that a card's plan is; of another plan `plan-` and six digits that are its own.

    The county's ceiling of lit loans, which a card names, makes no other plan.
    """
    most_lit = plan["light_policy"]["chosen"].get("most_lit")
    for path in sorted(SHIPPED_PLANS.glob("*.toml")):
        try:
            shipped = load_plan(path)
            light_policy = shipped.light_policy if most_lit is None else shipped.light_policy.within(most_lit)
            if shipped.model_copy(update={"light_policy": light_policy}).to_card() == plan:
                return path.stem
        except UserError:  # a map of columns that lies beside its plan
            continue
    return f"plan-{hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()[:6]}"
