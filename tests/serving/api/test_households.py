"""Households by place and number, those without a loan included; their records; loans that have ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from serving.app import application
from serving.audit.command_line import database_of
from serving.audit.log import AuditQuery, search_entries
from serving.settings import settings_of
from tests.conftest import County
from tests.running_service import done, key_for, lights
from tests.serving.access.seen import NOBODYS, seen_by
from tests.serving.api.raw_tables import households_of, loans_of, raw_table, yuan

Answer = dict[str, Any]


@pytest.fixture(scope="module")
def official(desk: FastAPI) -> TestClient:
    return seen_by(desk, "county_official")


def answered(client: TestClient, path: str, **asked: object) -> Answer:
    parameters = {name: str(value) for name, value in asked.items()}
    answer: Answer = client.get(f"/api/v1{path}", params=parameters).raise_for_status().json()
    return answer


def all_listed(client: TestClient, **asked: object) -> list[Answer]:
    """The households of all pages."""
    page = answered(client, "/households", limit=500, **asked)
    items: list[Answer] = page["items"]
    while page["next_cursor"]:
        page = answered(client, "/households", limit=500, cursor=page["next_cursor"], **asked)
        items += page["items"]
    assert len(items) == page["total"]
    return items


def ids(items: list[Answer]) -> list[str]:
    return [item["household_id"] for item in items]


def settled_loans(county: County) -> pd.DataFrame:
    """Loans that were settled and that no other loan renews, of households without an open loan."""
    events = raw_table(county, "loan_events", "loan_id kind occurred_on")
    settled = events[(events["kind"] == "settled") & (events["occurred_on"] <= county.newest)]
    loans = loans_of(county)
    borrowing = set(county.warnings["household_id"])
    ended = loans.merge(settled[["loan_id", "occurred_on"]], on="loan_id")
    ended = ended[~ended["loan_id"].isin(loans["renews_loan_id"]) & ~ended["household_id"].isin(borrowing)]
    assert len(ended)
    return ended.sort_values("loan_id")


def test_every_household_of_the_ledger_is_listed_once_by_village_whether_it_borrows_or_not(
    county: County, official: TestClient
) -> None:
    households = households_of(county)
    items = all_listed(official)
    assert sorted(ids(items)) == sorted(households["household_id"])
    assert items == sorted(items, key=lambda item: (item["village_code"], item["household_id"]))
    borrowing = set(county.warnings["household_id"])
    assert set(ids(all_listed(official, loans="open"))) == borrowing
    without = all_listed(official, loans="none")
    assert set(ids(without)) == set(households["household_id"]) - borrowing
    assert {(item["open_loans"], item["light"], item["outstanding_principal"]) for item in without} == {(0, None, 0)}


def test_open_loans_are_counted_with_balance_and_worst_light(county: County, official: TestClient) -> None:
    rank = {"green": 0, "yellow": 1, "red": 2}
    warnings = county.warnings.to_pandas()
    warnings["rank"] = warnings["light"].astype(str).map(rank)
    wanted = warnings.groupby("household_id").agg(
        loans=("loan_id", "size"), money=("outstanding_principal", "sum"), worst=("rank", "max")
    )
    by_household = wanted.to_dict("index")
    for item in all_listed(official, loans="open"):
        row = by_household[item["household_id"]]
        assert (item["open_loans"], rank[item["light"]]) == (row["loans"], row["worst"])
        assert item["outstanding_principal"] == pytest.approx(row["money"])
    loans = loans_of(county).groupby("household_id").size()
    assert {item["household_id"]: item["loans"] for item in all_listed(official) if item["loans"]} == loans.to_dict()


def test_the_day_the_last_loan_ended_is_that_of_its_settlement(county: County, official: TestClient) -> None:
    ended = settled_loans(county)
    loans = loans_of(county).groupby("household_id")["loan_id"].size()
    single = ended[ended["household_id"].map(loans) == 1].head(20)
    shown = {item["household_id"]: item["last_ended_on"] for item in all_listed(official, loans="none")}
    for household, settled_on in zip(single["household_id"], single["occurred_on"], strict=True):
        assert shown[household] <= str(settled_on)
    no_loan = set(households_of(county)["household_id"]) - set(loans.index)
    assert {shown[household] for household in no_loan} <= {None}


@pytest.mark.parametrize("column", ["village_name", "township_name"])
def test_a_place_is_found_by_its_name(county: County, official: TestClient, column: str) -> None:
    households = households_of(county)
    name = households[column].dropna().sort_values().iloc[0]
    is_named = households[["village_name", "township_name", "county_name"]].eq(name).any(axis=1)
    assert 0 < is_named.sum() < len(households)
    contains = households[["village_name", "township_name", "county_name"]].apply(
        lambda names: names.str.contains(name, regex=False)
    )
    of_places = households[contains.any(axis=1)]["village_code"]
    digits = 12 if column == "village_name" else 9
    wanted = households[households["village_code"].str[:digits].isin(set(of_places.str[:digits]))]
    assert set(ids(all_listed(official, q=name))) == set(wanted["household_id"])


def test_all_words_have_to_fit_and_a_code_is_one(county: County, official: TestClient) -> None:
    row = households_of(county).dropna(subset=["village_name", "township_name"]).iloc[0]
    found = all_listed(official, q=f"{row.township_name} {row.village_name}")
    assert {item["village_code"] for item in found} == {row.village_code}
    assert ids(all_listed(official, q=row.village_code)) == ids(found)
    assert ids(all_listed(official, area=row.village_code)) == ids(found)
    assert ids(all_listed(official, q=f"{row.village_code} {row.household_id}")) == [row.household_id]
    assert all_listed(official, q=f"{row.township_name} 不存在村") == []


def test_a_closed_loans_number_finds_its_household_and_an_identity_number_nobody(
    county: County, official: TestClient
) -> None:
    loan = settled_loans(county).iloc[0]
    assert ids(all_listed(official, q=loan.loan_id)) == [loan.household_id]
    assert all_listed(official, q=NOBODYS) == []
    database = database_of(county.data)
    with database.read_session() as session:
        entries = search_entries(session, AuditQuery(limit=5))
    database.engine.dispose()
    assert NOBODYS not in str([entry.detail for entry in entries])
    assert entries[0].subject == "GET /api/v1/households"
    assert json.loads(entries[0].detail)["loans"] == 0


def test_an_officer_lists_households_that_have_or_had_a_loan_of_the_bank_and_counts_these_alone(
    county: County, desk: FastAPI
) -> None:
    loans = loans_of(county)
    for bank in sorted(set(loans["bank"])):
        officer = seen_by(desk, "officer", bank)
        items = all_listed(officer)
        own = loans[loans["bank"] == bank].groupby("household_id").size()
        assert {item["household_id"]: item["loans"] for item in items} == own.to_dict()
        open_loans = county.warnings.filter(pl.col("bank") == bank).group_by("household_id").len()
        counted = {item["household_id"]: item["open_loans"] for item in items if item["open_loans"]}
        assert counted == dict(open_loans.rows())


def test_a_cadre_lists_all_households_of_the_own_area(county: County, desk: FastAPI) -> None:
    households = households_of(county)
    township = sorted(households["village_code"].str[:9])[0]
    cadre = seen_by(desk, "cadre", area=township)
    own = households[households["village_code"].str.startswith(township)]
    assert set(ids(all_listed(cadre))) == set(own["household_id"])
    elsewhere = households[~households["village_code"].str.startswith(township)]["household_id"].iloc[0]
    assert cadre.get(f"/api/v1/households/{elsewhere}").status_code == 404
    assert all_listed(cadre, q=elsewhere) == []


@pytest.mark.parametrize("role", ["analyst", "clerk", "auditor", "administrator"])
@pytest.mark.parametrize("path", ["/api/v1/households", "/households", "/insurance", "/api/v1/insurance"])
def test_whoever_sees_no_persons_searches_none(desk: FastAPI, role: str, path: str) -> None:
    assert seen_by(desk, role).get(path).status_code == 403


def test_a_cursor_of_another_search_is_refused(official: TestClient) -> None:
    cursor = answered(official, "/households", limit=3)["next_cursor"]
    refusal = official.get("/api/v1/households", params={"loans": "none", "cursor": cursor})
    assert (refusal.status_code, refusal.json()["zh"][:7]) == (409, "预警台账已更新")


def test_a_household_without_an_open_loan_has_its_records(county: County, official: TestClient) -> None:
    household = settled_loans(county).iloc[0]["household_id"]
    records = answered(official, f"/households/{household}")
    row = households_of(county).set_index("household_id").loc[household]
    assert (records["village_code"], records["household_type"]) == (row["village_code"], row["household_type"])
    assert records["data_version"] == county.month.manifest.data_version

    def own(table: str, key: str) -> pd.DataFrame:
        rows: pd.DataFrame = raw_table(county, table, key)
        mine: pd.DataFrame = rows[rows["household_id"] == household]
        return mine

    members = own("members", "member_id")
    assert records["members"] == members["status"].isin(["present", "working_away"]).sum()
    statements = own("income_statements", "household_id period_end").sort_values("period_end", ascending=False)
    incomes = statements[["wage_income", "business_income", "property_income", "transfer_income"]].sum(axis=1)
    net = incomes - statements["production_cost"].fillna(0)
    assert [each["period_end"] for each in records["statements"]] == [str(day) for day in statements["period_end"]]
    assert [each["net_income"] for each in records["statements"]] == pytest.approx(list(net))
    assert len(records["assets"]) == len(own("assets", "household_id observed_on"))
    reviews = own("village_reviews", "household_id reviewed_on").sort_values("reviewed_on", ascending=False)
    assert [each["reviewed_on"] for each in records["reviews"]] == [str(day) for day in reviews["reviewed_on"]]
    policies = own("policies", "policy_id")
    begun = policies[policies["insured_from"] <= county.newest]
    assert sorted(each["policy_id"] for each in records["policies"]) == sorted(begun["policy_id"])
    assert {each["policy_id"] for each in records["policies"] if each["in_force"]} == set(
        begun[begun["insured_to"] >= county.newest]["policy_id"]
    )
    assert "sex" not in str(records)


def test_every_household_has_records(county: County, official: TestClient) -> None:
    for household in households_of(county)["household_id"].sort_values()[::40]:
        assert answered(official, f"/households/{household}")["household_id"] == household


def test_a_household_of_which_nothing_else_was_delivered_says_what_is_missing(by_rules: County, tmp_path: Path) -> None:
    own = by_rules.copied_to(tmp_path / "var")
    village = households_of(own)["village_code"].iloc[0]
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    rows = f"household_id,village_code,household_type,known_on\nNEW1,{village},ordinary,2025-12-30\n"
    (inbox / "households.csv").write_text(rows, "utf-8")
    done(lights(own.data, "load", inbox, "--delivered-on", "2026-01-11"))
    done(lights(own.data, "score", "--as-of", own.newest))
    key = key_for(own.data, "county_official")
    client = TestClient(application(own.store, settings_of(own.data)), headers={"authorization": f"Bearer {key}"})
    records = answered(client, "/households/NEW1")
    assert (records["village_code"], records["members"], records["loans"]) == (village, None, [])
    assert [sentence["zh"] for sentence in records["missing"]] == [
        f"没有该户的{table}记录。" for table in ("家庭成员", "收入调查", "资产登记", "保险", "村级评议")
    ]
    page = client.get("/households/NEW1", params={"lang": "en"}).text
    assert "There are no income statements of this household." in page


def test_the_explanation_of_a_household_without_an_open_loan_points_at_its_page(
    county: County, official: TestClient
) -> None:
    household = settled_loans(county).iloc[0]["household_id"]
    refusal = official.get(f"/api/v1/households/{household}/explanation")
    assert refusal.status_code == 404
    assert f"/households/{household}" in refusal.json()["zh"]
    unknown = official.get("/api/v1/households/nobody")
    assert (unknown.status_code, "不在您的查看范围内" in unknown.json()["zh"]) == (404, True)


def test_a_bank_sees_of_a_household_its_own_loans_alone(county: County, desk: FastAPI) -> None:
    loans = loans_of(county)
    several = loans.groupby("household_id")["bank"].nunique()
    if not (several > 1).any():
        household = loans["household_id"].iloc[0]
        other = next(bank for bank in sorted(set(loans["bank"])) if bank != loans["bank"].iloc[0])
        refusal = seen_by(desk, "officer", other).get(f"/api/v1/households/{household}")
        assert refusal.status_code == 404
        return
    household = several[several > 1].index[0]
    for bank in set(loans[loans["household_id"] == household]["bank"]):
        told = answered(seen_by(desk, "officer", bank), f"/households/{household}")
        assert {loan["bank"] for loan in told["loans"]} == {bank}


def test_a_settled_loans_history_has_ending_payments_schedule_and_checks(county: County, official: TestClient) -> None:
    loan = settled_loans(county).iloc[0]
    told = answered(official, f"/loans/{loan.loan_id}/history")
    assert (told["household_id"], told["as_of"]) == (loan.household_id, str(county.newest))
    record = told["record"]
    assert (record["bank"], record["principal"]) == (loan.bank, loan.principal)
    assert record["ending"]["kind"] in ("settled", "repaid")
    assert record["ending"]["ended_on"] <= str(loan.occurred_on)
    assert record["outstanding_principal"] == 0
    payments = raw_table(county, "payments", "payment_id")
    paid = payments[(payments["loan_id"] == loan.loan_id) & (payments["paid_on"] <= county.newest)]
    assert len(told["payments"]) == len(paid)
    assert sum(each["principal_paid"] for each in told["payments"]) == pytest.approx(yuan(paid["principal_paid"]))
    assert [each["paid_on"] for each in told["payments"]] == sorted(str(day) for day in paid["paid_on"])
    checks = raw_table(county, "use_checks", "loan_id checked_on")
    assert len(told["use_checks"]) == len(checks[checks["loan_id"] == loan.loan_id])
    assert told["instalments"]
    assert all(due["covered"] for due in told["instalments"])


def test_a_renewed_loan_names_the_loan_that_renews_it(county: County, official: TestClient) -> None:
    loans = loans_of(county)
    renewing = loans[loans["renews_loan_id"].notna()].sort_values("loan_id")
    endings = []
    for row in renewing.head(10).itertuples():
        ending = answered(official, f"/loans/{row.renews_loan_id}/history")["record"]["ending"]
        endings.append(ending["kind"])
        if ending["kind"] == "renewed":
            assert (ending["renewed_by"], ending["ended_on"]) == (row.loan_id, str(row.originated_on))
            assert row.loan_id in ending["zh"]
    assert "renewed" in endings


@pytest.mark.parametrize("kind", ["compensated", "written_off"])
def test_a_loan_that_was_lost_says_by_which_event(county: County, official: TestClient, kind: str) -> None:
    events = raw_table(county, "loan_events", "loan_id kind occurred_on")
    lost = events[(events["kind"] == kind) & (events["occurred_on"] <= county.newest)].sort_values("loan_id")
    if lost.empty:
        pytest.skip(f"no loan of this county was {kind}")
    row = lost.iloc[0]
    ending = answered(official, f"/loans/{row.loan_id}/history")["record"]["ending"]
    first = events[(events["loan_id"] == row.loan_id) & events["kind"].isin(["compensated", "written_off"])]
    assert ending["ended_on"] == str(first["occurred_on"].min())
    assert ending["kind"] in set(first["kind"])


def test_a_loan_that_ended_before_the_first_month_has_no_months_and_an_open_one_no_ending(
    county: County, official: TestClient
) -> None:
    early = settled_loans(county)
    early = early[early["occurred_on"] < county.before.replace(day=1)]
    assert answered(official, f"/loans/{early.iloc[0]['loan_id']}/history")["months"] == []
    told = answered(official, f"/loans/{county.warnings['loan_id'][0]}/history")
    assert (told["record"]["ending"], told["months"][-1]["as_of"]) == (None, str(county.newest))


def test_a_loan_of_another_bank_has_no_history(county: County, desk: FastAPI) -> None:
    loan = settled_loans(county).iloc[0]
    other = next(bank for bank in sorted(set(loans_of(county)["bank"])) if bank != loan.bank)
    refusal = seen_by(desk, "officer", other).get(f"/api/v1/loans/{loan.loan_id}/history")
    assert (refusal.status_code, loan.loan_id in refusal.json()["zh"]) == (404, True)
    assert seen_by(desk, "officer", loan.bank).get(f"/api/v1/loans/{loan.loan_id}/history").status_code == 200
    page = seen_by(desk, "officer", other).get(f"/loans/{loan.loan_id}/history")
    assert page.status_code == 404


def test_a_past_month_tells_a_loan_as_it_was_open_then(county: County, official: TestClient) -> None:
    month_before = set(pl.read_parquet(county.data / f"warnings/month={county.before:%Y-%m}/*.parquet")["loan_id"])
    closed_since = sorted(month_before - set(county.warnings["loan_id"]))
    loan = closed_since[0]
    assert answered(official, f"/loans/{loan}/history", as_of=county.before)["record"]["ending"] is None
    assert answered(official, f"/loans/{loan}/history")["record"]["ending"] is not None
