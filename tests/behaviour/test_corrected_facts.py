"""Facts corrected to another loan or household: they count there alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from features.compute import features_at
from tests.features.one_loan import AS_OF, loan, one_loan


def test_a_loan_corrected_to_another_household_keeps_what_was_paid_on_it() -> None:
    homes = [{"household_id": name, "village_code": "640323100001"} for name in ("H1", "H2")]
    paid = {"payment_id": "P1", "loan_id": "L1", "paid_on": date(2024, 3, 1), "principal_paid": 4_000.0}
    moved = loan("L1", household_id="H2", known_on=date(2024, 5, 1))
    rows = one_loan(households=homes, loans=[loan("L1"), moved], payments=[{**paid, "interest_paid": 0.0}])
    stale = rows.frames["payments"].with_columns(pl.lit("H1").alias("household_id"))
    kept = replace(rows, frames={**rows.frames, "payments": stale})
    for read in (kept, kept.for_household("H2")):
        assert features_at(AS_OF, read).select("household_id", "outstanding_principal").rows() == [("H2", 6_000)]
    assert features_at(AS_OF, kept.for_household("H1")).is_empty()


@pytest.mark.parametrize("settled", [True, False])
def test_a_payment_corrected_to_another_loan_is_paid_on_that_one_alone(settled: bool) -> None:
    homes = [{"household_id": name, "village_code": "640323100001"} for name in ("H1", "H2")]
    paid = {"payment_id": "P1", "paid_on": date(2024, 3, 1), "principal_paid": 4_000.0, "interest_paid": 0.0}
    ended = {"loan_id": "L2", "kind": "settled", "occurred_on": date(2024, 3, 1)}
    rows = one_loan(
        households=homes,
        loans=[loan("L1"), loan("L2", household_id="H2")],
        payments=[{**paid, "loan_id": "L1"}, {**paid, "loan_id": "L2", "known_on": date(2024, 5, 1)}],
        loan_events=[ended] if settled else [],
    )
    owed = dict(features_at(AS_OF, rows).select("loan_id", "outstanding_principal").rows())
    assert owed == {"L1": 10_000} | ({} if settled else {"L2": 6_000})
    assert features_at(AS_OF, rows.for_household("H1"))["outstanding_principal"].to_list() == [10_000]


def test_a_claim_goes_with_its_policy_to_the_household_that_holds_it() -> None:
    homes = [{"household_id": name, "village_code": "640323100001"} for name in ("H1", "H2")]
    policy = {"policy_id": "Y1", "kind": "crop", "insured_from": date(2024, 1, 1), "insured_to": date(2024, 12, 31)}
    held = [{**policy, "household_id": "H2", "known_on": date(2024, 5, 1)}, {**policy, "household_id": "H1"}]
    claim = {"claim_id": "C1", "policy_id": "Y1", "occurred_on": date(2024, 3, 1), "claimed_amount": 500.0}
    borrowed = [loan("L1"), loan("L2", household_id="H2")]
    for policies in (held, held[::-1]):
        rows = one_loan(households=homes, loans=borrowed, policies=policies, claims=[claim])
        seen = features_at(AS_OF, rows).select("loan_id", "open_claims", "insured_industry").rows()
        assert seen == [("L1", 0, 0), ("L2", 1, 1)]


def test_a_member_who_has_moved_to_another_household_counts_there_alone() -> None:
    homes = [{"household_id": name, "village_code": "640323100001"} for name in ("H1", "H2", "H3")]
    here = {"member_id": "M1", "household_id": "H1", "status": "present", "known_on": date(2024, 1, 1)}
    for home in ("H2", "H3"):  # H3 borrows nothing
        moved = {**here, "household_id": home, "known_on": date(2024, 5, 1)}
        rows = one_loan(households=homes, loans=[loan("L1"), loan("L2", household_id="H2")], members=[here, moved])
        sizes = dict(features_at(AS_OF, rows).select("loan_id", "household_size").rows())
        assert sizes == {"L1": 0, "L2": int(home == "H2")}
        assert features_at(AS_OF, rows.for_household("H1"))["household_size"].to_list() == [0]
