"""Routes of help: each open, later or closed on the day its terms say, for a household drawn fact by fact."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from models.county_policy.policy_table import shipped_policy_table
from models.help_routes.route import Protection, Route
from models.help_routes.sorting import help_routes

AS_OF = date(2025, 6, 30)
POLICY = shipped_policy_table().in_force(AS_OF)
LOAN = {
    "days_to_maturity": 100,
    "outstanding_principal": 48_000.0,
    "times_renewed": 0,
    "covered_principal": 48_000.0,
    "use_diverted": 0,
    "days_past_due": 0,
    "product": "microloan",
    "originated_on": date(2024, 1, 10),
}
SHEEP = {
    "policy_id": "Y1",
    "kind": "sheep_income",
    "insured_from": date(2024, 5, 1),
    "insured_to": date(2025, 4, 30),
    "sum_insured": 20_000.0,
}
POX = {"occurred_on": date(2025, 3, 3), "cause": "epidemic", "resolved": False}


def found(
    policies: tuple[Any, ...] = (),
    hardships: tuple[Any, ...] = (),
    claims: tuple[Any, ...] = (),
    as_of: date = AS_OF,
    **facts: Any,
) -> dict[str, Route]:
    protection = Protection(policies, hardships, claims)
    return {route.code: route for route in help_routes(LOAN | facts, protection, as_of, POLICY)}


def test_a_hardship_within_the_contract_can_be_claimed_until_the_last_day_of_filing() -> None:
    latest = date(2025, 3, 3) + timedelta(days=730)
    for as_of, state in ((latest, "open"), (latest + timedelta(days=1), "closed")):
        claim = found((SHEEP,), (POX,), as_of=as_of)["insurance_claim"]
        assert (claim.state, claim.until, claim.yuan) == (state, latest, 20_000.0)


@pytest.mark.parametrize("day", [date(2024, 4, 30), date(2025, 5, 1)])
def test_a_hardship_outside_the_contract_cannot_be_claimed(day: date) -> None:
    assert "insurance_claim" not in found((SHEEP,), (POX | {"occurred_on": day},))


@pytest.mark.parametrize("day", [date(2024, 5, 1), date(2025, 4, 30)])
def test_first_and_last_day_of_the_contract_are_insured(day: date) -> None:
    assert "insurance_claim" in found((SHEEP,), (POX | {"occurred_on": day},))


def test_an_illness_is_no_matter_of_the_sheep_insurance() -> None:
    assert "insurance_claim" not in found((SHEEP,), (POX | {"cause": "illness"},))


@pytest.mark.parametrize(("days", "claimable"), [(30, False), (-30, False), (31, True), (-31, True)])
def test_a_claim_on_the_contract_within_30_days_is_taken_for_this_hardship(days: int, claimable: bool) -> None:
    filed = {
        "policy_id": "Y1",
        "occurred_on": POX["occurred_on"] + timedelta(days=days),  # type: ignore[operator]
        "claimed_amount": 9_000.0,
        "settled": False,
    }
    assert ("insurance_claim" in found((SHEEP,), (POX,), (filed,))) == claimable


def test_a_claim_not_settled_is_pending_and_a_settled_one_is_not() -> None:
    filed = {"policy_id": "Y1", "occurred_on": POX["occurred_on"], "claimed_amount": 9_000.0}
    assert found(claims=(filed | {"settled": False},))["claim_pending"].yuan == 9_000.0
    assert "claim_pending" not in found(claims=(filed | {"settled": True},))


def test_insurance_in_force_is_named_until_its_last_day() -> None:
    assert found((SHEEP,), as_of=date(2025, 4, 30))["insurance_in_force"].until == date(2025, 4, 30)
    assert "insurance_in_force" not in found((SHEEP,), as_of=date(2025, 5, 1))


def test_what_was_not_delivered_is_unknown_and_never_no() -> None:
    nothing = Protection(None, None, None)
    states = {route.code: route.state for route in help_routes(LOAN | {"times_renewed": None}, nothing, AS_OF, POLICY)}
    assert (states["insurance"], states["compensation"], states["more_time"]) == ("unknown", "unknown", "unknown")
    assert found(hardships=(POX,), days_past_due=90, use_diverted=None)["compensation"].state == "unknown"


def test_a_contract_is_shown_where_hardships_were_never_delivered() -> None:
    held = Protection((SHEEP | {"insured_to": date(2025, 12, 31)},), None, None)
    codes = [route.code for route in help_routes(LOAN, held, AS_OF, POLICY)]
    assert codes == ["insurance_in_force", "more_time", "instalments", "compensation"]


def test_a_claim_is_offered_with_a_warning_where_claims_were_never_delivered() -> None:
    [claim, *_] = help_routes(LOAN, Protection((SHEEP,), (POX,), None), AS_OF, POLICY)
    assert claim.state == "open"
    assert claim.words.en.endswith("(claims are not delivered: ask whether it was filed)")


def test_one_claim_stands_for_the_nearest_hardship_alone() -> None:
    later = POX | {"occurred_on": date(2025, 3, 28), "cause": "disaster"}
    filed = {"policy_id": "Y1", "occurred_on": date(2025, 3, 5), "claimed_amount": 1.0, "settled": True}
    assert found((SHEEP,), (POX, later), (filed,))["insurance_claim"].words.en.startswith("disaster of 2025-03-28")


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, "open"),
        ({"days_to_maturity": 0}, "open"),
        ({"days_to_maturity": -1}, "closed"),
        ({"times_renewed": 1}, "closed"),
        ({"times_renewed": 3}, "closed"),
    ],
)
def test_more_time_is_given_once_and_before_maturity(facts: dict[str, Any], state: str) -> None:
    assert found(**facts)["more_time"].state == state


def test_the_principal_is_spread_over_twelve_instalments() -> None:
    assert found()["instalments"].yuan == 4_000.0


def test_diverted_money_is_neither_spread_nor_compensated_but_looked_into() -> None:
    states = {code: route.state for code, route in found(hardships=(POX,), use_diverted=1, days_past_due=200).items()}
    assert states == {"more_time": "open", "instalments": "closed", "compensation": "closed", "recovery": "open"}


@pytest.mark.parametrize(
    ("past_due", "state", "until"),
    [
        (0, "closed", None),
        (1, "later", date(2025, 9, 27)),
        (89, "later", date(2025, 7, 1)),
        (90, "open", None),
    ],
)
def test_the_fund_compensates_force_majeure_from_90_days_past_due(
    past_due: int, state: str, until: date | None
) -> None:
    route = found(hardships=(POX,), days_past_due=past_due)["compensation"]
    assert (route.state, route.until) == (state, until)


def test_the_fund_bears_its_share_of_what_it_covers() -> None:
    assert found(hardships=(POX,), days_past_due=90, covered_principal=25_000.0)["compensation"].yuan == 17_500.0


@pytest.mark.parametrize(
    "change", [{"cause": "schooling"}, {"occurred_on": date(2024, 1, 9)}], ids=["no force majeure", "before the loan"]
)
def test_the_fund_wants_force_majeure_since_the_loan_was_paid_out(change: dict[str, Any]) -> None:
    assert found(hardships=(POX | change,), days_past_due=90)["compensation"].state == "closed"
    struck = POX | {"occurred_on": date(2024, 1, 10)}
    assert found(hardships=(struck,), days_past_due=90)["compensation"].state == "open"


def test_the_fund_does_not_cover_other_products() -> None:
    assert found(hardships=(POX,), days_past_due=90, product="other")["compensation"].state == "closed"
