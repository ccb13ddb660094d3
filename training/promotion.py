"""Promotion: a challenger becomes champion through the gate, a rollback, and new thresholds on registered trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from features.ledger.ledger import Ledger
from features.messages import UserError
from models.bundle import Bundle
from models.county_policy.policy_table import policy_table_of
from models.mlflow_aliases import MovedAlias, differing_aliases, moved_aliases
from models.registry import ModelStore
from models.traffic_light.rule_table import rule_table_of
from training.cohort import ProgressCallback, last_reported_day, samples
from training.evaluation.evaluate import evaluate_loans
from training.evaluation.evaluated_loans import score_loans
from training.evaluation.report import EvaluationReport
from training.evaluation.runs import load_report, save_report
from training.folds import Fold
from training.gate import Gate
from training.gate_criteria import gate_result
from training.light_changes import LightChanges, light_changes
from training.month_thresholds import month_thresholds
from training.plan import LightPolicy, MonthVisits, Plan
from training.publish import Registry, RunLog
from training.threshold_search import choose_light_policy


@dataclass(frozen=True)
class Assignment:
    """An alias (`champion` or `challenger`) given to a model: why, by whom and when; stored in the history."""

    alias: str
    reason: str
    by: str
    at: datetime


def assign_alias(
    store: Path, registry: Registry, number: int, assignment: Assignment, failed_criteria: Sequence[str] = ()
) -> None:
    """Promote a registered model: give it an alias in MLflow, and record that in the store's own history.

    MLflow itself keeps no history of aliases. A rollback gives the alias to `previous_champion`.

    Args:
        store: the data folder.
        registry: MLflow of the store.
        number: of the registered model.
        assignment: the alias, why, by whom and when.
        failed_criteria: ids of the gate's criteria that the model fails and that were overridden (`check_gate`).

    Raises:
        UserError: there is no such model, or MLflow cannot be reached.

    Example:
        >>> from datetime import UTC
        >>> from training.publish import Registry
        >>> assignment = Assignment("challenger", "an example", "an analyst", datetime(2026, 1, 15, tzinfo=UTC))
        >>> assign_alias(data, Registry(data), 1, assignment)
        >>> ModelStore(data / "models").number_of("challenger")
        1
    """
    models = ModelStore(store / "models")
    bundle = models.bundle(number)
    registry.set_alias(number, assignment.alias)
    models.record(
        {
            "number": number,
            "model_version": bundle.version,
            "alias": assignment.alias,
            "reason": assignment.reason,
            "by": assignment.by,
            "at": assignment.at.isoformat(timespec="seconds"),
            "data_version": bundle.card["data_version"],
            "in_spite_of": list(failed_criteria),
        }
    )


def check_gate(gate: Gate, store: Path, number: int, force: bool) -> list[str]:
    """The ids of the criteria that a model fails, by the report stored with it.

    Args:
        gate: the criteria.
        store: the data folder.
        number: of the registered model.
        force: whether failed criteria are overridden; they are then returned for the record.

    Returns:
        Ids such as `floor.auc`; empty where the model passes.

    Raises:
        UserError: with the sentence of each failed criterion, where the model fails and `force` is False; or where
            there is no such model or report.

    Example:
        >>> from training.gate import load_gate
        >>> failed = check_gate(load_gate(), data, 1, force=True)
        >>> failed == [each.id for each in gate_result(load_report(data, 1), load_gate()).failed]
        True
    """
    ModelStore(store / "models").bundle(number)
    failed = gate_result(load_report(store, number), gate).failed
    if failed and not force:
        raise UserError(
            f"模型 {number} 未通过关口：{'；'.join(each.words.zh for each in failed)}。"
            "如仍要上线，用 --force，会记录在案。",
            f"Model {number} does not pass the gate: {'; '.join(each.words.en for each in failed)}. "
            "To promote it all the same use --force; it is recorded.",
        )
    return [each.id for each in failed]


def moved_aliases_in(store: Path, registry: Registry) -> tuple[MovedAlias, ...]:
    """The aliases that were moved by hand in MLflow; asks MLflow itself where its database is no SQLite file.

    Raises UserError where MLflow cannot be reached.
    """
    moved = moved_aliases(store, registry.url)
    return differing_aliases(ModelStore(store / "models"), registry.aliases()) if moved is None else moved


def previous_champion(store: Path) -> int:
    """The number of the model to which a rollback returns: the last champion that is not today's.

    Args:
        store: the data folder.

    Returns:
        The number of a registered model.

    Raises:
        UserError: no other model has been champion.

    Example:
        >>> models = ModelStore(tmp / "models")
        >>> for number in (1, 2):
        ...     models.record({"number": number, "alias": "champion"})
        >>> previous_champion(tmp)
        1
    """
    models = ModelStore(store / "models")
    champions = [int(str(entry["number"])) for entry in models.history if entry["alias"] == "champion"]
    earlier = [number for number in champions if number != champions[-1]]
    if not earlier:
        raise UserError(
            "没有更早的在用模型可回退；请用 lights promote 指定版本。",
            "There was no other champion to go back to; name a version with lights promote.",
        )
    return earlier[-1]


def light_changes_under(store: Path, number: int) -> LightChanges:
    """Loans whose light changes if this model becomes champion; before the first one they have the rules' lights."""
    models = ModelStore(store / "models")
    return light_changes(store, models.champion, models.bundle(number))


@dataclass(frozen=True)
class RethresholdedModel:
    """A registered model's trees with new thresholds, not registered itself yet, and its evaluation."""

    bundle: Bundle
    report: EvaluationReport


def choose_thresholds(
    store: Path, number: int, light_policy: LightPolicy, on_progress: ProgressCallback
) -> RethresholdedModel:
    """Choose new thresholds for a registered model on its own policy fold, and evaluate the result.

    Leak checks, drift, ablation and stability depend on the trees alone and are taken from the model's own report.
    """
    bundle = ModelStore(store / "models").bundle(number)
    plan = Plan.model_validate(bundle.card["plan"])
    wanted, ledger, policies = [Fold.POLICY, Fold.JUDGEMENT], Ledger(store / "ledger"), policy_table_of(store)
    light_policy = light_policy.within(policies.in_force(last_reported_day(ledger)).visits.most_lit)
    folds = samples(ledger, plan, rule_table_of(store), policies, on_progress, wanted)
    if isinstance(light_policy.chosen, MonthVisits):
        policy = month_thresholds(store, bundle, light_policy.chosen).policy
    else:
        policy = choose_light_policy(folds[Fold.POLICY], bundle.probability(folds[Fold.POLICY]), light_policy)
    changed_plan = plan.model_copy(update={"light_policy": light_policy})
    card = {**bundle.card, "plan": changed_plan.to_card(), "trees_of": number}
    rethresholded_bundle = replace(bundle, number=0, policy=policy, card=card)
    report_of_trees = load_report(store, number)
    report = replace(
        evaluate_loans(score_loans(rethresholded_bundle, folds[Fold.JUDGEMENT], policies)),
        leaks=report_of_trees.leaks,
        drift=report_of_trees.drift,
        ablation=report_of_trees.ablation,
        stability=report_of_trees.stability,
        bad_by_fold=report_of_trees.bad_by_fold,
    )
    return RethresholdedModel(rethresholded_bundle, report)


def register_thresholds(store: Path, registry: Registry, model: RethresholdedModel, assignment: Assignment) -> Bundle:
    """Register a model with new thresholds, store its report and give it its alias."""
    card = model.bundle.card
    log = RunLog(
        {"light_policy": card["plan"]["light_policy"], "trees_of": card["trees_of"]},
        {},
        name=f"thresholds of {card['trees_of']}",
        description=assignment.reason,
        tags={"mlflow.user": assignment.by, "mlflow.source.name": "lights thresholds", "mlflow.source.type": "LOCAL"},
    )
    registered = registry.register(model.bundle, log)
    save_report(store, registered.number, model.report)
    assign_alias(store, registry, registered.number, assignment)
    return registered
