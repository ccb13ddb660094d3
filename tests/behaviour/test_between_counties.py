"""Facts corrected to a household of another county: each county alone sees of them what all together see."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.compute import features_at
from features.ledger.ledger import Ledger
from tests.features.inboxes import DRAWN, Intake, table, with_cell

_BEFORE, _AFTER = date(2024, 4, 30), date(2024, 6, 30)
_MOVED = {
    **{name: {"household_id": "H2"} for name in ("members", "loans", "policies", "hardships", "credit_events")},
    "payments": {"loan_id": "L2"},
    "claims": {"policy_id": "I2"},
}
"""To which household of county 990102, or to which loan or policy of its, a fact of H1 in 990101 is given."""


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    intake = Intake(tmp_path)
    both_open = DRAWN | {"payments": with_cell(table(DRAWN["payments"]), principal_paid="0")}
    intake.deliver(**{name: rows for name, rows in both_open.items() if name != "loan_events"})
    return intake


def give(intake: Intake, name: str) -> Ledger:
    given = with_cell(table(DRAWN[name])[:1], **_MOVED[name], known_on="2024-05-20")
    intake.load(intake.inbox(**{name: given}), corrections=True)
    return intake.ledger


@pytest.mark.parametrize("name", _MOVED)
@pytest.mark.parametrize("is_merged", [False, True])
def test_counties_apart_find_what_they_find_together(intake: Intake, name: str, is_merged: bool) -> None:
    ledger = give(intake, name)
    if is_merged:
        ledger.merge(max_unmerged=0)
    for day in (_BEFORE, _AFTER):
        together = features_at(day, ledger.tables())
        apart = [features_at(day, ledger.tables(county)) for county in ledger.counties]
        assert_frame_equal(pl.concat(apart).sort("loan_id"), together)
        in_blocks = [
            features_at(day, block) for county in ledger.counties for block in ledger.tables(county).household_blocks(1)
        ]
        assert_frame_equal(pl.concat(in_blocks).sort("loan_id"), together)


@pytest.mark.parametrize("name", _MOVED)
def test_a_household_alone_finds_what_all_together_find(intake: Intake, name: str) -> None:
    ledger = give(intake, name)
    for day in (_BEFORE, _AFTER):
        together = features_at(day, ledger.tables())
        for home in ("H1", "H2"):
            alone = features_at(day, ledger.tables(ledger.county_of(home), home))
            assert_frame_equal(alone, together.filter(pl.col("household_id") == home))


def test_a_policy_given_to_another_county_insures_nobody_in_its_own(intake: Intake) -> None:
    ledger = give(intake, "policies")
    insured = {
        day: [features_at(day, ledger.tables(county))["insured_industry"].item() for county in ledger.counties]
        for day in (_BEFORE, _AFTER)
    }
    assert insured == {_BEFORE: [1, 0], _AFTER: [0, 1]}


def test_a_loan_given_to_another_county_is_a_loan_of_that_one_alone(intake: Intake) -> None:
    ledger = give(intake, "loans")
    loans = {county: features_at(_AFTER, ledger.tables(county))["loan_id"].to_list() for county in ledger.counties}
    assert loans == {"990101": [], "990102": ["L1", "L2"]}
    assert (ledger.counties_to_read("990101"), ledger.counties_to_read("990102")) == (
        ("990101", "990102"),
        ("990102", "990101"),
    )


@pytest.mark.parametrize("first", ["L1", "L2"])
def test_a_loan_of_another_county_closes_the_one_it_renews(tmp_path: Path, first: str) -> None:
    intake = Intake(tmp_path)
    unpaid = DRAWN | {"payments": with_cell(table(DRAWN["payments"]), principal_paid="0")}
    tables = {name: rows for name, rows in unpaid.items() if name != "loan_events"}
    loans = with_cell(table(DRAWN["loans"]), renews_loan_id="L1")
    intake.deliver(**{**tables, "loans": loans.sort(pl.col("loan_id") != first)[:1]})
    intake.load(intake.inbox(loans=loans.sort(pl.col("loan_id") != first)[1:]))
    ledger = intake.ledger
    assert features_at(_AFTER, ledger.tables())["loan_id"].to_list() == ["L2"]
    of_counties = [features_at(_AFTER, ledger.tables(county))["loan_id"].to_list() for county in ledger.counties]
    assert of_counties == [[], ["L2"]]
    of_households = [features_at(_AFTER, ledger.tables(*at)).height for at in (("990101", "H1"), ("990102", "H2"))]
    assert of_households == [0, 1]


def test_whoever_borrowed_and_is_recorded_elsewhere_now_is_the_borrower_still(intake: Intake) -> None:
    there = with_cell(
        table(DRAWN["members"])[:1], household_id="H2", relation="child", status="deceased", known_on="2024-05-20"
    )
    intake.load(intake.inbox(members=there), corrections=True)
    for rows in (intake.ledger.tables(), intake.ledger.tables("990101"), intake.ledger.tables("990101", "H1")):
        of_loan = features_at(_AFTER, rows).filter(pl.col("loan_id") == "L1")
        assert of_loan.select("borrower_deceased", "household_size").row(0) == (1, 0)


def test_a_claim_follows_its_policy_into_a_county_that_has_delivered_no_claims(tmp_path: Path) -> None:
    intake = Intake(tmp_path)
    intake.deliver(**DRAWN | {"claims": table(DRAWN["claims"])[1:]})
    held = with_cell(table(DRAWN["policies"])[1:], household_id="H1", known_on="2024-05-20")
    intake.load(intake.inbox(policies=held), corrections=True)
    for rows in (intake.ledger.tables(), intake.ledger.tables("990101"), intake.ledger.tables("990101", "H1")):
        assert features_at(_AFTER, rows).filter(pl.col("loan_id") == "L1")["open_claims"].item() == 1
