"""The monthly run: all open loans of all counties, published in one step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import polars as pl

from features.compute import features_at
from features.months import is_month_end, month_end
from features.words import Refused
from models.bundle import Bundle
from models.explain import typical_by_township
from models.traffic_light.declare import Rule
from models.traffic_light.table import RuleTable
from serving.before import before_of
from serving.published import Manifest, Published, publish
from serving.store import Store
from serving.warning import Judges, ranked, warnings_of

DEFAULT_BAD_AFTER_DAYS = 30


def score(store: Store, as_of: date, by: str, at: datetime, tell: Callable[[str], None]) -> Manifest:
    """Score and publish a month end.

    Raises Refused for a day that is no month end or has no rules, or with no open loan known by then.
    """
    rules, county_policy = _rules(store.rules, as_of), store.policies.in_force(as_of)
    ledger = store.ledger
    bundle, refused = champion(store)
    judges = Judges(rules, county_policy, bundle, ledger.data_version)
    published = Published(store)
    bad_after_days = bundle.bad_after_days if bundle else DEFAULT_BAD_AFTER_DAYS
    explained_again = 0
    parts: dict[str, list[pl.DataFrame]] = {"warnings": [], "features": [], "typical": []}
    for county in ledger.counties:
        tell(f"{county} {as_of}")
        features = features_at(as_of, ledger.rows(county), bad_after_days=bad_after_days)
        if features.is_empty():
            continue
        typical = typical_by_township(features)
        parts["features"].append(features)
        parts["typical"].append(typical)
        before = before_of(published, as_of, features["loan_id"])
        warned = warnings_of(features, typical, before, judges, as_of)
        parts["warnings"].append(warned.warnings)
        explained_again += warned.explained_again
    if not parts["warnings"]:
        raise Refused(f"截至 {as_of} 没有已知的未结贷款。", f"No open loan is known by {as_of}.")
    frames = {kind: pl.concat(part) for kind, part in parts.items()}
    told = {
        "scored_at": at.isoformat(timespec="seconds"),
        "scored_by": by,
        "model_version": judges.model_version,
        "policy_version": judges.policy_version,
        "data_version": judges.data_version,
        "model_refused": refused,
        "explained_again": explained_again,
        "label": _label(bundle) if bundle else None,
        "rules": {rule.id: rule.said for rule in rules},
        "county_policy": county_policy.model_dump(mode="json"),
    }
    return publish(store, as_of, {**frames, "warnings": ranked(frames["warnings"])}, told)


def _rules(table: RuleTable, as_of: date) -> tuple[Rule, ...]:
    if not is_month_end(as_of):
        raise Refused(
            f"{as_of} 不是月末; 每月按月末评灯, 例如 {month_end(as_of)}。",
            f"{as_of} is no month end; lights are set at month ends, for example {month_end(as_of)}.",
        )
    return table.in_force(as_of)


def champion(store: Store) -> tuple[Bundle | None, str | None]:
    """The model in use, or why there is none."""
    try:
        bundle = store.models.champion
    except Refused as refusal:
        return None, str(refusal.words)
    return bundle, None if bundle else "尚无模型 / there is no model yet"


def _label(bundle: Bundle) -> dict[str, int]:
    """What a probability is of."""
    return {"horizon_months": int(bundle.card["horizon_months"]), "bad_after_days": bundle.bad_after_days}
