"""When the payments of a bank last came: told by any loan of the bank, also one of a household that borrows no more."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from features.compute import features_at, peer_statistics_at, snapshot_features
from features.delivered_tables import DeliveredTables
from features.snapshot.as_of import Snapshot
from features.snapshot.latest_versions import LatestVersions
from features.snapshot.life_rules import SHIPPED_RULES
from features.snapshot.loan_book import LoanBook
from tests.features.one_loan import instalment, loan, one_loan

AS_OF, CAME_ON = date(2025, 3, 31), date(2025, 3, 20)
HOMES = [{"household_id": name, "village_code": "640323100001"} for name in ("H1", "H2")]


def payment(name: str, day: date) -> dict[str, Any]:
    amounts = {"principal_paid": 10_000.0, "interest_paid": 0.0}
    return {"payment_id": f"P{name}", "loan_id": name, "paid_on": day, "payer": "borrower", "known_on": day, **amounts}


def county(ended_by: str) -> DeliveredTables:
    """A bank with an open loan and one of another household, which ends with the only payment that ever came."""
    return one_loan(
        households=HOMES,
        loans=[loan("L1"), loan("L2", household_id="H2")],
        instalments=[instalment("L1"), instalment("L2")],
        payments=[payment("L2", CAME_ON)],
        loan_events=[{"loan_id": "L2", "kind": ended_by, "occurred_on": CAME_ON, "known_on": CAME_ON}],
    )


@pytest.mark.parametrize("ended_by", ["settled", "compensated", "extended"])
def test_a_payment_that_ends_a_loan_shows_that_the_bank_delivers(ended_by: str) -> None:
    tables = county(ended_by)
    told = features_at(AS_OF, tables).filter(loan_id="L1").row(0, named=True)
    assert told["days_since_bank_payments"] == 11
    assert told["bank_silent"] == 0
    peers = peer_statistics_at(AS_OF, tables)
    book = LoanBook(LatestVersions(tables, AS_OF), AS_OF, SHIPPED_RULES)
    for same in (
        features_at(AS_OF, tables.for_household("H1"), peers=peers.without(features_at(AS_OF, tables))),
        snapshot_features(Snapshot.of_borrowing(book)),
    ):
        assert same.filter(loan_id="L1")["days_since_bank_payments"].to_list() == [11]
