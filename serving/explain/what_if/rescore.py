"""One household of a published month judged again, by what the month itself was judged by; nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from features.compute import BAD_AFTER_DAYS, features_of
from features.messages import Refused
from features.snapshot.as_of import Evening
from features.snapshot.peer_groups import NEIGHBOURLY, Community, community_of
from serving.batch.warnings import NO_MODEL, Judges, lights_of, warnings_of
from serving.explain.loaded_models import bundle_of
from serving.explain.sentences import told
from serving.months.data_folder import Store
from serving.months.previous_month import Before
from serving.months.repository import Month
from serving.schemas.loan_warning import LoanWarning

_KEPT = 4
Lit = dict[str, tuple[str, float | None]]
"""Light and probability by loan."""


class Again(NamedTuple):
    """Warnings as a person is told them, and the facts they rest on, by loan."""

    warnings: list[LoanWarning]
    facts: pl.DataFrame


@dataclass(frozen=True)
class Bench:
    """What judged a month: rules, policy and model, medians and neighbours."""

    month: Month
    judges: Judges
    typical: pl.DataFrame
    community: Community

    @property
    def bad_after_days(self) -> int:
        label = self.month.manifest.label
        return label["bad_after_days"] if label else BAD_AFTER_DAYS

    def others(self, facts: pl.DataFrame) -> Community:
        """The neighbours of a household without its own loans, as these were published."""
        return self.community.without(facts) if facts.height else Community(self.community.totals, whole=False)

    def judged(self, evening: Evening, others: Community, before: Before) -> Again:
        """The open loans of one household's evening, each with its warning; `score_rank` is left out."""
        facts = features_of(evening, others, self.bad_after_days)
        warnings = warnings_of(facts, self.typical, before, self.judges, evening.as_of).warnings
        return Again(told(warnings, facts, self.month), facts)

    def lit(self, evening: Evening, others: Community, before: Before) -> Lit:
        """Light and probability alone, of each open loan of one household's evening."""
        found = lights_of(features_of(evening, others, self.bad_after_days), before, self.judges)
        return {loan: (light, probability) for loan, light, probability in found.rows()}


def bench_of(month: Month, store: Store) -> Bench:
    """What judged a month, read once and kept while it is looked at.

    Raises Refused where rules or model are no longer those of the month.
    """
    return _bench(month.whole, Store(store.folder))


@lru_cache(_KEPT)
def _bench(month: Month, store: Store) -> Bench:
    manifest = month.manifest
    bundle = None if manifest.model_version == NO_MODEL else bundle_of(month, store.models)
    judges = Judges(store.rules.in_force(month.as_of), month.policy, bundle, manifest.data_version)
    if judges.policy_version != manifest.policy_version:
        raise Refused(
            f"{month.as_of} 发布后规则或政策已变 ({manifest.policy_version} → {judges.policy_version}); 请重新评灯。",
            f"The rules or the policy have changed since {month.as_of} was published ({manifest.policy_version} → "
            f"{judges.policy_version}); score the month again first.",
        )
    neighbourly = month.scan("features").select(NEIGHBOURLY).collect()
    return Bench(month, judges, month.scan("typical").collect(), community_of(neighbourly))
