"""Several suppositions about a household in one pass: to the last bit what each gives on its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from features.compute import features_of_variants, household_features, peer_statistics_at, snapshot_at
from features.delivered_tables import DeliveredTables
from features.snapshot.as_of import Snapshot
from features.snapshot.peer_groups import PeerStatistics
from serving.explain.household_cache import household_month
from serving.explain.least_amounts import least_steps
from serving.explain.what_if.apply import HouseholdSnapshot
from serving.explain.what_if.facts import (
    HypotheticalFact,
    ImpossibleFactsError,
    IncomeStatement,
    LivestockSold,
    MoreTime,
    NewHardship,
    Payment,
    UseCheck,
)
from serving.explain.what_if.rescore import month_rescorer
from tests.conftest import County
from tests.features.one_loan import AS_OF, instalment, loan, one_loan


def suppositions(loan_id: str, outstanding: float) -> list[list[HypotheticalFact]]:
    paid = Payment(kind="payment", loan_id=loan_id, yuan=100.0)
    ill = NewHardship(kind="hardship", cause="illness", loss_amount=5000.0)
    return [
        [],
        [paid],
        [Payment(kind="payment", loan_id=loan_id, yuan=outstanding)],
        [ill],
        [IncomeStatement(kind="income_statement", wage_income=20_000.0)],
        [UseCheck(kind="use_check", loan_id=loan_id, finding="diverted"), ill],
        [LivestockSold(kind="livestock_sold", sheep=1, yuan=900.0, repays=loan_id)],
        [MoreTime(kind="more_time", loan_id=loan_id, new_matures_on=date(2026, 9, 30)), paid],
    ]


def variants_of(household: HouseholdSnapshot, supposed: list[list[HypotheticalFact]]) -> list[Snapshot]:
    """The snapshots of those suppositions that are possible."""
    variants = []
    for facts in supposed:
        try:
            variants.append(household.apply_facts(facts).snapshot)
        except ImpossibleFactsError:
            continue
    return variants


def assert_alike(variants: list[Snapshot], household: str, peers: PeerStatistics) -> None:
    together = features_of_variants(variants, household, peers)
    assert len(together) == len(variants)
    for found, variant in zip(together, variants, strict=True):
        assert_frame_equal(found, household_features(variant, peers), check_exact=True)


def test_households_of_the_county_are_as_each_supposition_on_its_own(county: County) -> None:
    tried = 0
    for household in county.warnings.sort("light", "loan_id")["household_id"].unique(maintain_order=True)[::25]:
        home = household_month(county.month, county.store, household)
        loan_id, outstanding = home.features.select("loan_id", "outstanding_principal").row(0)
        variants = variants_of(home.ledger_snapshot, suppositions(loan_id, outstanding))
        assert_alike(variants, household, home.peers)
        together = month_rescorer(county.month, county.store).lights_of_variants(
            variants, household, home.peers, home.previous_month
        )
        rescorer = month_rescorer(county.month, county.store)
        assert together == [rescorer.lights(each, home.peers, home.previous_month) for each in variants]
        tried += len(variants)
    assert tried > 60


def alone(tables: DeliveredTables) -> HouseholdSnapshot:
    return HouseholdSnapshot(snapshot_at(AS_OF, tables), "H1", "640323")


def test_a_table_that_one_supposition_delivers_is_not_delivered_in_the_others() -> None:
    tables = one_loan()
    variants = variants_of(alone(tables), suppositions("L1", 10_000.0))
    peers = peer_statistics_at(AS_OF, tables).without(
        household_features(variants[0], peer_statistics_at(AS_OF, tables))
    )
    assert_alike(variants, "H1", peers)
    hardships = {each["hardships_12m"].item() for each in features_of_variants(variants, "H1", peers) if each.height}
    assert hardships == {None, 1.0}


def test_identifiers_of_which_one_begins_another_keep_their_order() -> None:
    loans = [loan("L1"), loan("L10"), loan("L1-a"), loan("L2", bank="C")]
    tables = one_loan(loans=loans, instalments=[instalment(each["loan_id"]) for each in loans])
    variants = variants_of(alone(tables), suppositions("L10", 10_000.0))
    peers = peer_statistics_at(AS_OF, tables)
    own = household_features(variants[0], peers)
    assert own["loan_id"].to_list() == ["L1", "L1-a", "L10", "L2"]
    assert_alike(variants, "H1", peers.without(own))


@pytest.mark.parametrize("changed", [{"known_on": date(2024, 12, 1)}, {"village_code": None}])
def test_a_loan_whose_household_is_not_known_yet_is_no_closed_one(changed: dict[str, object]) -> None:
    home = {"household_id": "H1", "village_code": "640323100001", **changed}
    tables = one_loan(households=[home, {"household_id": "H2", "village_code": "640323100001"}]).for_household("H1")
    variants = variants_of(alone(tables), suppositions("L1", 10_000.0))
    peers = peer_statistics_at(AS_OF, tables)
    own = household_features(variants[0], peers)
    assert own.select("loan_id", "county_code").rows() == [("L1", None)]
    assert_alike(variants, "H1", peers.without(own))


@pytest.mark.parametrize("village_before", ["640323100001", "640324100001"])
def test_a_household_of_two_counties_or_with_rows_of_others_is_computed_on_its_own(village_before: str) -> None:
    villages = [("640323100001", date(2024, 8, 1)), (village_before, date(2024, 3, 1))]
    homes = [{"household_id": "H1", "village_code": village, "known_on": day} for village, day in villages]
    tables = one_loan(households=[*homes, {"household_id": "H2", "village_code": "640323100001"}])
    if village_before.startswith("640323"):  # rows of H2 are read with H1's: a correction moved a loan between them
        tables = replace(tables, reassigned_households={"H1": frozenset({"H2"}), "H2": frozenset({"H1"})})
    own = tables.for_household("H1")
    variants = variants_of(alone(own), suppositions("L1", 10_000.0))
    peers = peer_statistics_at(AS_OF, tables)
    assert_alike(variants, "H1", peers.without(household_features(variants[0], peers)))


@given(st.integers(0, 700), st.integers(1, 700))
def test_seven_amounts_at_once_find_the_least_that_is_enough(least: int, most: int) -> None:
    tried: list[int] = []

    def are_enough(steps: list[int]) -> list[bool]:
        tried.extend(steps)
        return [each >= least for each in steps]

    assert least_steps(are_enough, most) == (max(least, 1) if least <= most else None)  # type: ignore[arg-type]
    assert len(tried) == len(set(tried))
    assert all(0 < each <= most for each in tried)
