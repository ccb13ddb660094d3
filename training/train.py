"""A training run from the ledger to a registered model, and the same judgement again on any version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from features.ledger import Ledger
from models.bundle import Bundle
from models.champions import Models
from models.county_policy.table import policy_table_of
from models.reference import reference_of
from models.traffic_light.table import RuleTable, rule_table_of
from training.cohort import Tell, data_from, data_until, samples
from training.evaluate import Judgement, judgements
from training.fit import calibrated, fitted_trees, policy_by_rules
from training.folds import Fold
from training.plan import Plan, plan_for
from training.publish import crowned, published


@dataclass(frozen=True)
class Trained:
    """A registered model, its judgement, and the alias it got."""

    bundle: Bundle
    judged: list[Judgement]
    alias: str


def train(store: Path, plan: Plan | None, by: str, at: datetime, tell: Tell) -> Trained:
    """Fit, calibrate, set the policy, judge against the rules, log and register.

    The first model of a store becomes champion, for there is none to beat; every later one is challenger.
    """
    ledger = Ledger(store / "ledger")
    plan = plan or plan_for(data_from(ledger), data_until(ledger))
    rules = rule_table_of(store)
    bundle = _fitted(ledger, plan, rules, tell)
    sample = samples(ledger, plan, Fold.JUDGEMENT, plan.month_ends.judgement, tell)
    judged = judgements(bundle, sample, rules, policy_table_of(store))
    tell("mlflow")
    numbered = published(bundle, plan, judged, sample, store)
    alias = "challenger" if Models(store / "models").holder("champion") else "champion"
    reason = "newly trained" if alias == "challenger" else "first model of this store"
    crowned(store, numbered.number, alias, reason, by, at)
    return Trained(numbered, judged, alias)


def evaluate(store: Path, number: int, tell: Tell) -> list[Judgement]:
    """The judgement of a registered model again, by the plan on its card and today's ledger."""
    bundle = Models(store / "models").numbered(number)
    plan = Plan.model_validate(bundle.card["plan"])
    sample = samples(Ledger(store / "ledger"), plan, Fold.JUDGEMENT, plan.month_ends.judgement, tell)
    return judgements(bundle, sample, rule_table_of(store), policy_table_of(store))


def _fitted(ledger: Ledger, plan: Plan, rules: RuleTable, tell: Tell) -> Bundle:
    fit = samples(ledger, plan, Fold.FIT, plan.month_ends.fit, tell)
    tell("lightgbm")
    trees = fitted_trees(fit, plan)
    policy_fold = samples(ledger, plan, Fold.POLICY, plan.month_ends.policy, tell)
    line = calibrated(trees, policy_fold)
    policy = policy_by_rules(line.probability(trees.log_odds(policy_fold)), policy_fold, rules)
    card = {
        "horizon_months": plan.horizon_months,
        "bad_after_days": plan.bad_after_days,
        "plan": plan.model_dump(mode="json"),
        "data_version": ledger.data_version,
        "fit": {"rows": fit.height, "bad": int(fit["bad"].sum())},
        "policy": {"rows": policy_fold.height, "bad": int(policy_fold["bad"].sum())},
        "reference": reference_of(fit, trees.columns, line.probability(trees.log_odds(fit))),
    }
    return Bundle(0, trees, line, policy, card)
