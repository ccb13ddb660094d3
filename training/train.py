"""A training run from the ledger to a registered model, and the same judgement again on any version."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from features.catalog import MODEL_COLUMNS
from features.ledger.ledger import Ledger
from models.boosting import Ground, Growth, Trees, columns_of
from models.bundle import Bundle
from models.county_policy.policy_table import policy_table_of
from models.drift_reference import reference_of
from models.registry import Models
from models.traffic_light.rule_table import rule_table_of
from training.baselines import rung_scores
from training.calibrate import calibrated
from training.code_version import code_version
from training.cohort import Tell, data_from, data_until, samples, steps
from training.evaluation.evaluate import judgement
from training.evaluation.evaluated_loans import judged_by
from training.evaluation.page import html
from training.evaluation.report import Lang, MonthLine, Report
from training.evaluation.runs import keep_report, report_of
from training.folds import Fold
from training.global_reasons import figures
from training.plan import Plan
from training.plan_files import plan_for
from training.plots import reason_plots
from training.promotion import Crowning, crowned
from training.publish import Logged, Registry
from training.search import best_growth
from training.threshold_search import light_policy

LANGS: tuple[Lang, ...] = ("zh", "en")


@dataclass(frozen=True)
class Trained:
    """A registered model, its judgement, and the alias it got."""

    bundle: Bundle
    report: Report
    alias: str


def planned(store: Path, plan: Plan | None) -> Plan:
    """The plan given, or the one for what is loaded."""
    ledger = Ledger(store / "ledger")
    return plan or plan_for(data_from(ledger), data_until(ledger))


def steps_of(plan: Plan) -> int:
    """How many steps `train` tells of."""
    return steps(plan) + plan.search.trials + 1


def train(store: Path, plan: Plan, registry: Registry, by: str, at: datetime, tell: Tell) -> Trained:
    """Search, fit, calibrate, set the policy, judge against the rules, log and register.

    The first model of a store becomes champion, for there is none to beat; every later one is challenger.
    """
    ledger = Ledger(store / "ledger")
    folds = samples(ledger, plan, rule_table_of(store), tell)
    bundle = fitted(folds, plan, ledger.data_version, tell)
    report = report_of(folds, bundle, policy_table_of(store), ledger.data_version, tell)
    numbered = registry.published(bundle, _logged(bundle, report, folds[Fold.JUDGEMENT]))
    keep_report(store, numbered.number, report)
    alias = "challenger" if Models(store / "models").holder("champion") else "champion"
    reason = "newly trained" if alias == "challenger" else "first model of this store"
    crowned(store, registry, numbered.number, Crowning(alias, reason, by, at))
    return Trained(numbered, report, alias)


def evaluate(store: Path, number: int, tell: Tell) -> Report:
    """The judgement of a registered model again, by the plan on its card and today's ledger."""
    bundle = Models(store / "models").numbered(number)
    plan = Plan.model_validate(bundle.card["plan"])
    folds = samples(Ledger(store / "ledger"), plan, rule_table_of(store), tell, [Fold.FIT, Fold.JUDGEMENT])
    fit, sample = folds[Fold.FIT], folds[Fold.JUDGEMENT]
    rungs = rung_scores(fit, sample, bundle.trees.columns, Growth(**bundle.card["growth"]))
    return judgement(judged_by(bundle, sample, policy_table_of(store), rungs))


def fitted(folds: dict[Fold, pl.DataFrame], plan: Plan, data_version: str, tell: Tell) -> Bundle:
    """A model of the samples, unregistered: trees on the fit fold, calibration and thresholds each on their own."""
    columns = columns_of(MODEL_COLUMNS)
    found = best_growth(folds[Fold.FIT], columns, plan, tell)
    trees = Trees(Ground(folds[Fold.FIT], columns).grown(found.growth).text, columns)
    curve = calibrated(trees, folds[Fold.CALIBRATION], plan)
    policy_fold = folds[Fold.POLICY]
    policy = light_policy(policy_fold, curve.probability(trees.log_odds(policy_fold)), plan.light_policy)
    card: dict[str, Any] = {
        "horizon_months": plan.horizon_months,
        "bad_after_days": plan.bad_after_days,
        "plan": plan.model_dump(mode="json"),
        "data_version": data_version,
        "code_version": code_version(),
        "growth": asdict(found.growth),
        "search": {"loss": found.loss, "loss_of_plan": found.loss_of_plan, "trials": found.trials},
        "folds": {fold: {"rows": frame.height, "bad": int(frame["bad"].sum())} for fold, frame in folds.items()},
        "reference": reference_of(folds[Fold.FIT], columns, curve.probability(trees.log_odds(folds[Fold.FIT]))),
    }
    return Bundle(0, trees, curve, policy, card)


def _logged(bundle: Bundle, report: Report, sample: pl.DataFrame) -> Logged:
    """What MLflow keeps of the run."""
    plan = bundle.card["plan"]
    made_by = {name: bundle.card[name] for name in ("growth", "data_version", "code_version")}
    pages = {f"judgement.{lang}.html": html(report, lang) for lang in LANGS}
    return Logged(
        parameters={name: value for name, value in plan.items() if name != "month_ends"} | made_by,
        measures=_measures(report.months[-1]),
        documents={"plan.json": plan, "judgement.json": report.as_dict(), **pages},
        figures={**reason_plots(bundle, sample), **dict(figures(bundle, sample))},
    )


def _measures(overall: MonthLine) -> dict[str, float]:
    named = {"auc": overall.auc, "recall_at_rules_visits": overall.recall}
    values = {f"{what}_{who}": value for what, by in named.items() for who, value in by.items() if value is not None}
    return values | {
        "judged_loans": overall.loans,
        "judged_bad": overall.bad,
        "judged_visits": overall.visits,
    }
