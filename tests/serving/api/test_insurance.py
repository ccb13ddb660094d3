"""Insurance 2+X over HTTP: the figures of a plain count of the delivered tables, of six households at least."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pandas as pd
import polars as pl
import pytest
from fastapi import FastAPI
from openpyxl import load_workbook
from starlette.testclient import TestClient

from models.disclosure import LEAST_OTHERS
from tests.conftest import County
from tests.serving.access.seen import seen_by
from tests.serving.api.raw_tables import households_of, raw_table, twelve_months_before

Answer = dict[str, Any]
KINDS = {
    "base": {"accident", "serious_illness"},
    "industry": {"sheep_income", "daylily_price", "crop"},
    **{kind: {kind} for kind in ("accident", "serious_illness", "sheep_income", "daylily_price", "crop", "other")},
}


@pytest.fixture(scope="module")
def official(desk: FastAPI) -> TestClient:
    return seen_by(desk, "county_official")


def asked(client: TestClient, **parameters: object) -> Answer:
    values = {name: str(value) for name, value in parameters.items()}
    answer: Answer = client.get("/api/v1/insurance", params=values).raise_for_status().json()
    return answer


def policies_of(county: County) -> pd.DataFrame:
    policies = raw_table(county, "policies", "policy_id")
    return policies[policies["insured_from"] <= county.newest]


def in_force(county: County) -> pd.DataFrame:
    policies = policies_of(county)
    return policies[policies["insured_to"] >= county.newest]


def claims_of(county: County) -> pd.DataFrame:
    claims = raw_table(county, "claims", "claim_id").merge(
        policies_of(county)[["policy_id", "household_id", "kind"]], on="policy_id"
    )
    settled = claims["settled_on"].map(lambda day: not pd.isna(day) and day <= county.newest)
    return claims.assign(settled=settled.astype(bool))


def insured(county: County, cover: str) -> set[str]:
    policies = in_force(county)
    kinds = policies[policies["kind"].isin(KINDS[cover])].groupby("household_id")["kind"].nunique()
    return set(kinds[kinds >= (2 if cover == "base" else 1)].index)


@pytest.mark.parametrize("cover", list(KINDS))
def test_each_cover_counts_households_policies_and_sums_insured(
    county: County, official: TestClient, cover: str
) -> None:
    [row] = [row for row in asked(official)["covers"] if row["cover"] == cover]
    policies = in_force(county)
    policies = policies[policies["kind"].isin(KINDS[cover])]
    households = len(households_of(county))
    assert (row["households"], row["insured_households"]) == (households, len(insured(county, cover)))
    assert row["insured_share"] == pytest.approx(len(insured(county, cover)) / households)
    assert (row["policies"], row["without_sum"]) == (len(policies), policies["sum_insured"].isna().sum())
    if policies["household_id"].nunique() > LEAST_OTHERS + 1:
        assert row["sum_insured"] == pytest.approx(policies["sum_insured"].sum())


@pytest.mark.parametrize("cover", ["base", "industry"])
def test_claims_are_those_of_twelve_months_and_all_that_wait(county: County, official: TestClient, cover: str) -> None:
    [row] = [row for row in asked(official)["covers"] if row["cover"] == cover]
    claims = claims_of(county)
    claims = claims[claims["kind"].isin(KINDS[cover])]
    recent = claims[claims["occurred_on"] > twelve_months_before(county.newest)]
    waiting = claims[~claims["settled"]]
    assert (row["claims_12m"], row["waiting"]) == (len(recent), len(waiting))
    assert row["without_amount"] == recent["claimed_amount"].isna().sum()
    if row["claimed_12m"] is not None:
        assert row["claimed_12m"] == pytest.approx(recent["claimed_amount"].sum())
        assert row["paid_12m"] == pytest.approx(recent[recent["settled"]]["paid_amount"].sum())
    if len(waiting) and row["longest_wait_days"] is not None:
        assert row["longest_wait_days"] == (county.newest - waiting["occurred_on"].min()).days


@pytest.mark.parametrize(("level", "digits"), [("township", 9), ("village", 12)])
def test_places_have_the_figures_of_their_households_where_these_are_six_or_more(
    county: County, official: TestClient, level: str, digits: int
) -> None:
    households = households_of(county)
    place = households.set_index("household_id")["village_code"].str[:digits]
    sizes = place.value_counts()
    policies = in_force(county)
    policies = policies[policies["kind"].isin(KINDS["industry"])]
    groups = asked(official, level=level)["groups"]
    assert {group["code"] for group in groups} == set(place)
    members = insured(county, "industry")
    for group in groups:
        code = group["code"]
        own = policies[policies["household_id"].map(place) == code]
        if sizes[code] <= LEAST_OTHERS:
            assert group["households"] is None
        if group["households"] is not None:
            assert group["households"] == sizes[code]
            assert group["insured_households"] == sum(place[household] == code for household in members)
            assert group["policies"] == len(own)
        if 0 < own["household_id"].nunique() <= LEAST_OTHERS:
            assert group["sum_insured"] is None
        if group["sum_insured"] is not None:
            assert group["sum_insured"] == pytest.approx(own["sum_insured"].sum())
    whole = [group["insured_households"] for group in groups]
    if None not in whole:
        assert sum(whole) == len(members)


def test_amounts_of_a_few_households_of_a_village_are_not_told(county: County, official: TestClient) -> None:
    households = households_of(county).set_index("household_id")["village_code"]
    claims = claims_of(county)
    claims = claims[
        claims["kind"].isin(KINDS["industry"]) & (claims["occurred_on"] > twelve_months_before(county.newest))
    ]
    behind = claims.groupby(claims["household_id"].map(households))["household_id"].nunique()
    groups = {group["code"]: group for group in asked(official, level="village")["groups"]}
    few = [code for code, count in behind.items() if count <= LEAST_OTHERS]
    assert few
    assert [groups[code]["claimed_12m"] for code in few] == [None] * len(few)


@pytest.mark.parametrize("days", [30, 180, 400])
def test_loans_due_without_industry_insurance_are_listed_the_soonest_first(
    county: County, official: TestClient, days: int
) -> None:
    due = county.warnings.filter(pl.col("days_to_maturity").is_between(0, days)).to_pandas()
    wanted = due[~due["household_id"].isin(insured(county, "industry"))]
    answer = asked(official, within_days=days, limit=500)
    assert {item["loan_id"] for item in answer["uncovered"]} == set(wanted["loan_id"])
    assert (answer["uncovered_total"], answer["uncovered_unknown"]) == (len(wanted), 0)
    left = [item["days_to_maturity"] for item in answer["uncovered"]]
    assert left == sorted(left)


def test_the_list_of_loans_can_be_turned_page_by_page(official: TestClient) -> None:
    whole = asked(official, within_days=400, limit=500)["uncovered"]
    page = asked(official, within_days=400, limit=7)
    items = page["uncovered"]
    while page["next_cursor"]:
        page = asked(official, within_days=400, limit=7, cursor=page["next_cursor"])
        items += page["uncovered"]
    assert items == whole


def test_filing_days_are_those_of_covered_hardships_that_no_claim_is_for(county: County, official: TestClient) -> None:
    rules = county.month.policy.insurance
    claims, hardships = claims_of(county), raw_table(county, "hardships", "event_id")
    hardships = hardships[hardships["occurred_on"] <= county.newest]
    wanted = set()
    covers: dict[str, tuple[str, ...]] = {str(kind): causes for kind, causes in rules.covers.items()}
    limits = {str(kind): days for kind, days in rules.claim_within_days.items()}
    for policy in policies_of(county).itertuples():
        kind = str(policy.kind)
        if kind not in covers:
            continue
        own = hardships[(hardships["household_id"] == policy.household_id)]
        own = own[own["cause"].isin(covers[kind])]
        open_days = sorted(day for day in own["occurred_on"] if policy.insured_from <= day <= policy.insured_to)
        for filed in claims[claims["policy_id"] == policy.policy_id].sort_values("occurred_on")["occurred_on"]:
            near = [day for day in open_days if abs((day - filed).days) <= 30]
            if near:
                open_days.remove(min(near, key=lambda day: abs((day - filed).days)))
        last = {day: day + timedelta(days=limits[kind]) for day in open_days}
        wanted |= {(policy.policy_id, str(day)) for day, by in last.items() if county.newest <= by}
    answer = asked(official, filing_within_days=3660)
    assert answer["filings_total"] >= len(wanted) > 0
    assert {(item["policy_id"], item["happened_on"]) for item in answer["filings"]} <= wanted
    days = [item["days_left"] for item in answer["filings"]]
    assert days == sorted(days)
    assert [row["filings"] for row in answer["covers"] if row["cover"] in ("base", "industry", "other")] != [0, 0, 0]


def test_an_officer_has_the_figures_of_the_banks_borrowers(county: County, desk: FastAPI) -> None:
    bank = sorted(set(county.warnings["bank"]))[0]
    borrowers = set(county.warnings.filter(pl.col("bank") == bank)["household_id"])
    answer = asked(seen_by(desk, "officer", bank), bank="another")
    assert answer["bank"] == bank
    [industry] = [row for row in answer["covers"] if row["cover"] == "industry"]
    assert industry["households"] == len(borrowers)
    assert industry["insured_households"] == len(borrowers & insured(county, "industry"))
    assert {item["bank"] for item in answer["uncovered"]} <= {bank}


def test_a_cadre_has_the_figures_of_the_own_area(county: County, desk: FastAPI) -> None:
    households = households_of(county)
    township = sorted(households["village_code"].str[:9])[0]
    answer = asked(seen_by(desk, "cadre", area=township), level="village")
    assert {group["code"][:9] for group in answer["groups"]} == {township}
    assert answer["covers"][0]["households"] == households["village_code"].str.startswith(township).sum()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_workbook_has_the_figures_of_the_page(county: County, official: TestClient, lang: str) -> None:
    answer = official.get("/insurance.xlsx", params={"lang": lang, "within_days": "365"}).raise_for_status()
    assert f"insurance-{county.newest}.xlsx" in answer.headers["content-disposition"]
    book = load_workbook(io.BytesIO(answer.content))
    assert len(book.sheetnames) == 5
    report = asked(official, within_days=365, limit=1)
    rows = list(book.worksheets[0].iter_rows(min_row=5, values_only=True))
    assert [row[1] for row in rows] == [row["households"] for row in report["covers"]]
    loans = [row for row in book.worksheets[3].iter_rows(min_row=5, values_only=True) if row[3]]
    assert len(loans) == report["uncovered_total"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_says_what_the_tables_cannot_tell(official: TestClient, lang: str) -> None:
    page = official.get("/insurance", params={"lang": lang, "level": "village"}).raise_for_status().text
    assert {"zh": "没有保险公司和保费", "en": "neither insurers nor premiums"}[lang] in page
    assert len(page.encode()) < 150_000
