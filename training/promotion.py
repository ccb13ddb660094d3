"""Promotion: challenger to champion through the gate, back again, and other thresholds on the same trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from features.ledger import Ledger
from features.words import Refused
from models.bundle import Bundle
from models.champions import Models
from models.traffic_light.table import rule_table_of
from training.cohort import Tell, samples
from training.colours import Colours, colours
from training.folds import Fold
from training.plan import LightPolicy, Plan
from training.publish import Logged, Registry
from training.thresholds import light_policy


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


def rethresholded(store: Path, number: int, chosen: LightPolicy, tell: Tell) -> Bundle:
    """A registered model with thresholds chosen anew on its own policy fold; not registered yet."""
    bundle = Models(store / "models").numbered(number)
    plan = Plan.model_validate(bundle.card["plan"])
    found = samples(Ledger(store / "ledger"), plan, rule_table_of(store), tell, [Fold.POLICY])[Fold.POLICY]
    policy = light_policy(found, bundle.probability(found), chosen)
    changed = plan.model_copy(update={"light_policy": chosen})
    card = {**bundle.card, "plan": changed.model_dump(mode="json"), "trees_of": number}
    return replace(bundle, number=0, policy=policy, card=card)


def thresholds_published(store: Path, registry: Registry, bundle: Bundle, crowning: Crowning) -> Bundle:
    """Register a model whose thresholds were chosen anew, as challenger."""
    logged = Logged({"light_policy": bundle.card["plan"]["light_policy"], "trees_of": bundle.card["trees_of"]}, {})
    numbered = registry.published(bundle, logged)
    crowned(store, registry, numbered.number, crowning)
    return numbered
