"""Households of a published month scored again, by exactly what the month was scored by; nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import polars as pl

from features.compute import features_of_variants, household_features
from features.loan_checks import snapshot_findings
from features.messages import UserError
from features.snapshot.as_of import Snapshot
from features.snapshot.peer_groups import PEER_COLUMNS, PeerStatistics, peer_statistics
from serving.batch.warnings import NO_MODEL, ScoringPolicy, build_lights, build_warnings
from serving.explain.loaded_models import loaded_model
from serving.explain.sentences import render_warnings
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.previous_month import PreviousMonth
from serving.schemas.loan_warning import LoanWarning

_RESCORERS_IN_MEMORY = 4
LightByLoan = dict[str, tuple[str, float | None]]
"""Light and probability by loan."""


class RescoredLoans(NamedTuple):
    """Rendered warnings, and the features that they are made from, both by `loan_id`."""

    warnings: list[LoanWarning]
    facts: pl.DataFrame


@dataclass(frozen=True)
class Rescorer:
    """Everything a published month was scored by: rules, policy, model, township medians and peer statistics.

    month: the published month, without a scope. peers: statistics of all its loans.
    """

    month: PublishedMonth
    scoring_policy: ScoringPolicy
    township_medians: pl.DataFrame
    peers: PeerStatistics

    def peers_without(self, facts: pl.DataFrame) -> PeerStatistics:
        """Statistics of all loans of the month but a household's own, whose features are `facts`."""
        return self.peers.without(facts) if facts.height else PeerStatistics(self.peers.totals, includes_own=False)

    def rescore(self, snapshot: Snapshot, peers: PeerStatistics, previous_month: PreviousMonth) -> RescoredLoans:
        """The open loans of one household, scored again; `score_rank` of their warnings is None.

        snapshot: the household's rows. peers: of all other loans. previous_month: lights and features of its loans.
        """
        facts = household_features(snapshot, peers)
        medians, findings = self.township_medians, snapshot_findings(snapshot)
        scored = build_warnings(facts, medians, previous_month, self.scoring_policy, snapshot.as_of, findings)
        return RescoredLoans(render_warnings(scored.warnings, facts, self.month), facts)

    def lights(self, snapshot: Snapshot, peers: PeerStatistics, previous_month: PreviousMonth) -> LightByLoan:
        """Lights and probabilities as `rescore` has them, without reasons, which takes a fraction of the time."""
        facts = household_features(snapshot, peers)
        lights = build_lights(facts, previous_month, self.scoring_policy)
        return {loan: (light, probability) for loan, light, probability in lights.rows()}

    def lights_of_variants(
        self, variants: Sequence[Snapshot], household: str, peers: PeerStatistics, previous_month: PreviousMonth
    ) -> list[LightByLoan]:
        """`lights` of each of several snapshots of one household, in one pass; household: its identifier."""
        if not variants:
            return []
        facts = features_of_variants(variants, household, peers)
        lights = build_lights(pl.concat(facts), previous_month, self.scoring_policy).rows()
        rows = iter(lights)
        return [
            {loan: (light, probability) for loan, light, probability in islice(rows, each.height)} for each in facts
        ]


def month_rescorer(month: PublishedMonth, store: DataFolder) -> Rescorer:
    """The rescorer of a month, cached; it is the same for readers of every scope.

    Raises UserError where rules, policy or model are no longer those of the month.
    """
    return _rescorer(month.without_scope(), DataFolder(store.folder))


@lru_cache(_RESCORERS_IN_MEMORY)
def _rescorer(month: PublishedMonth, store: DataFolder) -> Rescorer:
    manifest = month.manifest
    bundle = None if manifest.model_version == NO_MODEL else loaded_model(month, store.models)
    rules, figures = store.rules.in_force(month.as_of), manifest.county_figures
    scoring = ScoringPolicy(rules, month.policy, bundle, manifest.data_version, manifest.shadow, figures)
    if scoring.policy_version != manifest.policy_version:
        raise UserError(
            f"{month.as_of} 发布后规则或政策已变（{manifest.policy_version} → {scoring.policy_version}）；请重新评灯。",
            f"The rules or the policy have changed since {month.as_of} was published ({manifest.policy_version} → "
            f"{scoring.policy_version}); score the month again first.",
        )
    peer_columns = month.scan("features").select(PEER_COLUMNS).collect()
    return Rescorer(month, scoring, month.scan("typical").collect(), peer_statistics(peer_columns))
