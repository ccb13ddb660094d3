"""Promotion: challenger to champion through the gate, back again, and other thresholds on the same trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from features.ledger.ledger import Ledger
from features.messages import Refused
from models.bundle import Bundle
from models.county_policy.policy_table import policy_table_of
from models.registry import Models
from models.traffic_light.rule_table import rule_table_of
from training.cohort import Tell, samples
from training.evaluation.evaluate import judgement
from training.evaluation.evaluated_loans import judged_by
from training.evaluation.report import Report
from training.evaluation.runs import keep_report, kept_report
from training.folds import Fold
from training.gate import Gate
from training.gate_criteria import gate_result
from training.light_changes import Colours, colours
from training.plan import LightPolicy, Plan
from training.publish import Logged, Registry
from training.threshold_search import light_policy


@dataclass(frozen=True)
class Crowning:
    """Who makes a model what, when and why; it is recorded."""

    alias: str
    reason: str
    by: str
    at: datetime


def crowned(store: Path, registry: Registry, number: int, crowning: Crowning, failed: Sequence[str] = ()) -> None:
    """Give a registered model an alias, in MLflow and in our own history (MLflow keeps none).

    failed: what of the gate it did not pass and was made champion in spite of.
    """
    models = Models(store / "models")
    bundle = models.numbered(number)
    registry.crown(number, crowning.alias)
    models.record(
        {
            "number": number,
            "model_version": bundle.version,
            "alias": crowning.alias,
            "reason": crowning.reason,
            "by": crowning.by,
            "at": crowning.at.isoformat(timespec="seconds"),
            "data_version": bundle.card["data_version"],
            "in_spite_of": list(failed),
        }
    )


def failed_at(gate: Gate, store: Path, number: int, force: bool) -> list[str]:
    """What of the gate a model did not pass, by the report kept with it; where forced, for the record.

    Raises Refused with the list of it where not.
    """
    Models(store / "models").numbered(number)
    failed = gate_result(kept_report(store, number), gate).failed
    if failed and not force:
        raise Refused(
            f"模型 {number} 未通过关口: {'; '.join(each.words.zh for each in failed)}。"
            "如仍要上线, 用 --force, 会记录在案。",
            f"Model {number} does not pass the gate: {'; '.join(each.words.en for each in failed)}. "
            "To promote it all the same use --force; it is recorded.",
        )
    return [each.id for each in failed]


def champion_before(store: Path) -> int:
    """The number of the last champion that was another one than today's.

    Raises Refused where there was none.
    """
    models = Models(store / "models")
    held = [int(str(entry["number"])) for entry in models.history if entry["alias"] == "champion"]
    earlier = [number for number in held if number != held[-1]]
    if not earlier:
        raise Refused(
            "没有更早的冠军模型可回退; 请用 lights promote 指定版本。",
            "There was no other champion to go back to; name a version with lights promote.",
        )
    return earlier[-1]


def colours_under(store: Path, number: int) -> Colours | None:
    """Who changes colour where this model takes the champion's place; None where there is no champion."""
    models = Models(store / "models")
    champion = models.champion
    return colours(Ledger(store / "ledger"), champion, models.numbered(number)) if champion else None


@dataclass(frozen=True)
class Rethresholded:
    """A model whose thresholds were chosen anew, not registered yet, and its judgement."""

    bundle: Bundle
    report: Report


def rethresholded(store: Path, number: int, chosen: LightPolicy, tell: Tell) -> Rethresholded:
    """A registered model with thresholds chosen anew on its own policy fold; drift and leaks are those of its trees."""
    bundle = Models(store / "models").numbered(number)
    plan = Plan.model_validate(bundle.card["plan"])
    wanted = [Fold.POLICY, Fold.JUDGEMENT]
    folds = samples(Ledger(store / "ledger"), plan, rule_table_of(store), tell, wanted)
    policy = light_policy(folds[Fold.POLICY], bundle.probability(folds[Fold.POLICY]), chosen)
    changed = plan.model_copy(update={"light_policy": chosen})
    card = {**bundle.card, "plan": changed.model_dump(mode="json"), "trees_of": number}
    made = replace(bundle, number=0, policy=policy, card=card)
    of_trees = kept_report(store, number)
    judged = judgement(judged_by(made, folds[Fold.JUDGEMENT], policy_table_of(store)))
    report = replace(
        judged,
        leaks=of_trees.leaks,
        drift=of_trees.drift,
        ablation=of_trees.ablation,
        stability=of_trees.stability,
    )
    return Rethresholded(made, report)


def thresholds_published(store: Path, registry: Registry, made: Rethresholded, crowning: Crowning) -> Bundle:
    """Register a model whose thresholds were chosen anew, as challenger."""
    card = made.bundle.card
    logged = Logged({"light_policy": card["plan"]["light_policy"], "trees_of": card["trees_of"]}, {})
    numbered = registry.published(made.bundle, logged)
    keep_report(store, numbered.number, made.report)
    crowned(store, registry, numbered.number, crowning)
    return numbered
