"""Facts that corrections have moved along a chain of households: who is computed alone is as among all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.compute import features_at, peer_statistics_at, snapshot_at
from features.contract.tables import TABLES
from features.delivered_tables import partners_by_name
from features.ledger.ledger import Ledger
from features.snapshot.latest_versions import LatestVersions
from serving.explain.what_if.apply import HouseholdSnapshot
from serving.explain.what_if.facts import MoreTime
from tests.features.inboxes import Intake
from tests.features.one_loan import loan, one_loan

AS_OF = date(2023, 6, 30)
FIRST, LATER = date(2024, 3, 1), date(2024, 5, 1)
HEADS = {
    "households": "household_id,village_code,known_on",
    "loans": "loan_id,household_id,renews_loan_id,originated_on,known_on,"
    "bank,principal,annual_rate,matures_on,repayment_method",
    "instalments": "loan_id,due_on,principal_due,interest_due,known_on",
    "payments": "payment_id,loan_id,paid_on,principal_paid,interest_paid,known_on",
    "policies": "policy_id,household_id,kind,insured_from,insured_to,known_on",
    "claims": "claim_id,policy_id,occurred_on,claimed_amount,known_on",
}
TERMS = "A,1000,0.04,2025-01-01,bullet_all"


def terms(name: str, household: str, known_on: str = "2023-01-01", renews: str = "", drawn: str = "2023-01-01") -> str:
    return f"{name},{household},{renews},{drawn},{known_on},{TERMS}"


def policy(name: str, household: str, known_on: str = "2023-01-01") -> str:
    return f"{name},{household},crop,2023-01-01,2024-01-01,{known_on}"


def payment_moved_after_its_loan() -> list[dict[str, list[str]]]:
    return [
        {"loans": [terms("L1", "H1"), terms("L3", "H3")], "payments": ["P1,L1,2023-03-01,400,0,2023-03-01"]},
        {"loans": [terms("L1", "H2", "2023-04-01")]},
        {"payments": ["P1,L3,2023-03-01,400,0,2023-05-01"]},
    ]


def claim_moved_after_its_policy() -> list[dict[str, list[str]]]:
    return [
        {
            "loans": [terms(f"L{number}", f"H{number}") for number in (1, 2, 3)],
            "policies": [policy("I1", "H1"), policy("I3", "H3")],
            "claims": ["K1,I1,2023-02-01,100,2023-02-01"],
        },
        {"policies": [policy("I1", "H2", "2023-03-01")]},
        {"claims": ["K1,I3,2023-02-01,100,2023-04-01"]},
    ]


def renewal_moved_and_taken_back() -> list[dict[str, list[str]]]:
    renewing = terms("L9", "H3", "2023-02-01", "L1", "2023-02-01")
    return [
        {"loans": [terms("L1", "H1"), terms("L2", "H2"), renewing]},
        {"loans": [terms("L9", "H2", "2023-03-01", "", "2023-02-01")]},
    ]


CHAINS = [payment_moved_after_its_loan, claim_moved_after_its_policy, renewal_moved_and_taken_back]


def ledger_of(folder: Path, loads: list[dict[str, list[str]]], counties: tuple[str, str, str]) -> Ledger:
    intake = Intake(folder, bad_share=1)
    homes = [f"H{number},{county}100201,2023-01-01" for number, county in enumerate(counties, 1)]
    first = {"instalments": ["L1,2025-01-01,1000,40,2023-01-01"], "payments": [], **loads[0], "households": homes}
    for number, tables in enumerate([first, *loads[1:]]):
        texts = {f"{name}.csv": "\n".join([HEADS[name], *rows, ""]).encode() for name, rows in tables.items()}
        intake.load(intake.inbox(**texts), on=f"2023-07-{number + 1:02d}", corrections=number > 0)
    return intake.ledger


@pytest.mark.parametrize("counties", [("990101",) * 3, ("990101", "990102", "990103")])
@pytest.mark.parametrize("loads", CHAINS)
def test_a_household_or_county_alone_is_as_among_all(
    tmp_path: Path, loads: Callable[[], list[dict[str, list[str]]]], counties: tuple[str, str, str]
) -> None:
    ledger = ledger_of(tmp_path, loads(), counties)
    tables = ledger.tables()
    among_all, peers = features_at(AS_OF, tables), peer_statistics_at(AS_OF, tables)
    assert among_all.height >= 2
    for number, county in enumerate(counties, 1):
        household = f"H{number}"
        own = pl.col("household_id") == household
        alone = features_at(AS_OF, ledger.tables(county, household), peers=peers.without(among_all.filter(own)))
        assert_frame_equal(alone, among_all.filter(own), check_exact=True)
    for county in set(counties):
        in_county = pl.col("county_code") == county
        assert_frame_equal(
            features_at(AS_OF, ledger.tables(county), peers=peers), among_all.filter(in_county), check_exact=True
        )


@pytest.mark.parametrize(
    ("loads", "rows", "left"),
    [
        (
            payment_moved_after_its_loan,
            {"payments": ["P1"], "instalments": ["L1"]},
            {"payments": [], "instalments": []},
        ),
        (claim_moved_after_its_policy, {"claims": ["K1"], "policies": ["I1"]}, {"claims": [], "policies": []}),
    ],
)
def test_rows_of_a_loan_or_policy_are_those_of_who_has_it_now(
    tmp_path: Path,
    loads: Callable[[], list[dict[str, list[str]]]],
    rows: dict[str, list[str]],
    left: dict[str, list[str]],
) -> None:
    ledger = ledger_of(tmp_path, loads()[:2], ("990101",) * 3)
    for household, expected in (("H2", rows), ("H1", left)):
        versions = LatestVersions(ledger.tables("990101", household), AS_OF)
        for name, keys in expected.items():
            frame = versions.newest_of_household(name, household).collect()
            assert frame[TABLES[name].key[0]].to_list() == keys
            assert set(frame["household_id"]) <= {household}


@pytest.mark.parametrize("by_number", [True, False])
def test_an_open_claim_goes_with_its_policy_to_another_household(tmp_path: Path, by_number: bool) -> None:
    ledger = ledger_of(tmp_path, claim_moved_after_its_policy()[:2], ("990101",) * 3)
    if by_number:
        ledger.store_by_number(ledger.counties, fewest_rows=0)
    tables = ledger.tables("990101")
    assert (tables.numbered is not None) == by_number
    claims = features_at(AS_OF, tables).select("household_id", "open_claims").sort("household_id")
    assert claims.rows() == [("H1", 0.0), ("H2", 1.0), ("H3", 0.0)]


def test_more_time_for_a_loan_that_has_moved_leaves_what_is_due_before(tmp_path: Path) -> None:
    first, moved = payment_moved_after_its_loan()[:2]
    dues = ["L1,2023-12-01,400,10,2023-01-01", "L1,2025-01-01,600,10,2023-01-01"]
    ledger = ledger_of(tmp_path, [{**first, "instalments": dues}, moved], ("990101",) * 3)
    home = HouseholdSnapshot(snapshot_at(AS_OF, ledger.tables("990101", "H2")), "H2", "990101")
    later = home.apply_facts([MoreTime(kind="more_time", loan_id="L1", new_matures_on=date(2026, 1, 1))])
    principal = later.snapshot.instalments.filter(pl.col("principal_due") > 0).select("day_offset", "principal_due")
    asked = {(date(2023, 12, 1) - AS_OF).days: 400.0, (date(2026, 1, 1) - AS_OF).days: 600.0}
    assert dict(principal.collect().rows()) == asked


def test_rows_of_frames_belong_to_the_household_that_their_loan_has_by_its_newest_version() -> None:
    versions = [loan("L1") | {"household_id": name, "known_on": day} for name, day in (("H2", LATER), ("H1", FIRST))]
    homes = [{"household_id": name, "village_code": "990101100201"} for name in ("H1", "H2")]
    rows = one_loan(households=homes, loans=versions)
    assert rows["instalments"].collect()["household_id"].to_list() == ["H2"]


def test_partners_are_all_that_a_chain_of_pairs_connects() -> None:
    partners = partners_by_name([("a", "b"), ("c", "d"), ("b", "c"), ("e", "f"), ("a", "d")])
    assert {name: sorted(others) for name, others in partners.items()} == {
        "a": ["b", "c", "d"],
        "b": ["a", "c", "d"],
        "c": ["a", "b", "d"],
        "d": ["a", "b", "c"],
        "e": ["f"],
        "f": ["e"],
    }
