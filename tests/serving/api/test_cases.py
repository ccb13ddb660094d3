"""Cases over HTTP: opened on a loan that exists for whoever asks, added to as seen, told in both languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from serving.access.accounts import account_details, create_account, disable_account, person_named
from serving.access.scope import ALL_LOANS, Scope
from serving.app import application
from serving.audit.command_line import database_of
from serving.audit.log import AuditAction, AuditQuery, search_entries
from serving.cases.assignees import assignees_within
from serving.database.engine import Database
from serving.database.tables import Case
from serving.settings import settings_of
from tests.behaviour.test_identity_numbers import NUMBER
from tests.conftest import County
from tests.running_service import key_for
from tests.serving.moments import NOW


@pytest.fixture
def own(by_rules: County, tmp_path: Path) -> County:
    return by_rules.copied_to(tmp_path / "var")


@pytest.fixture
def officer(own: County) -> TestClient:
    return asking(own, own.warnings["bank"][0])


def asking(own: County, bank: str) -> TestClient:
    key = key_for(own.data, "officer", bank)
    return TestClient(application(own.store, settings_of(own.data)), headers={"authorization": f"Bearer {key}"})


def opened(client: TestClient, loan: str) -> dict[str, Any]:
    answer = client.post("/api/v1/cases", json={"loan_id": loan, "event": {"kind": "note", "text": "called"}})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_case_is_opened_found_added_to_and_closed(own: County, officer: TestClient) -> None:
    case = opened(officer, own.warnings["loan_id"][0])
    assert (case["light"], case["events"][0]["zh"]) == (own.warnings["light"][0], "备注")
    assert officer.get("/api/v1/cases", params={"state": "open"}).json()["items"] == [case]
    ended = {"version": case["version"], "event": {"kind": "outcome", "outcome": "extended"}}
    closed = officer.patch(f"/api/v1/cases/{case['id']}", json=ended)
    assert (closed.json()["state"], closed.json()["events"][1]["outcome_en"]) == ("closed", "extended")
    assert officer.patch(f"/api/v1/cases/{case['id']}", json=ended).status_code == 409
    assert officer.get("/api/v1/cases", params={"state": "open"}).json()["total"] == 0


def test_another_banks_loan_and_case_do_not_exist(own: County, officer: TestClient) -> None:
    bank = own.warnings["bank"][0]
    other = own.warnings.filter(own.warnings["bank"] != bank).row(0, named=True)
    assert officer.post("/api/v1/cases", json={"loan_id": other["loan_id"]}).status_code == 404
    case = opened(asking(own, other["bank"]), other["loan_id"])
    change = {"version": 2, "event": {"kind": "note", "text": "x"}}
    assert officer.patch(f"/api/v1/cases/{case['id']}", json=change).status_code == 404
    assert officer.get("/api/v1/cases").json()["items"] == []


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({"kind": "note", "text": "x" * 500}, 200),
        ({"kind": "note", "text": "x" * 501}, 422),
        ({"kind": "note", "text": "   "}, 422),
        ({"kind": "note", "text": "x\x00"}, 422),
        ({"kind": "dance"}, 422),
        ({"kind": "note", "text": "x", "colour": "red"}, 422),
        ({"kind": "promise", "on_date": "2099-01-01", "amount": 1}, 409),
        ({"kind": "visit"}, 409),
    ],
)
def test_the_bounds_of_an_event(own: County, officer: TestClient, event: dict[str, Any], status: int) -> None:
    case = opened(officer, own.warnings["loan_id"][0])
    answer = officer.patch(f"/api/v1/cases/{case['id']}", json={"version": case["version"], "event": event})
    assert answer.status_code == status, answer.text


def test_an_identity_number_in_a_note_is_kept_as_its_pseudonym(own: County, officer: TestClient) -> None:
    case = opened(officer, own.warnings["loan_id"][0])
    event = {"kind": "note", "text": f"holder of {NUMBER} came"}
    told = officer.patch(f"/api/v1/cases/{case['id']}", json={"version": case["version"], "event": event}).json()
    assert told["events"][1]["text"] == f"holder of {own.store.stored_id(NUMBER)} came"


def assigned(client: TestClient, loans: list[str], responsible: str) -> Any:
    return client.post("/api/v1/cases/assign", json={"loan_ids": loans, "responsible": responsible})


def test_several_loans_are_assigned_at_once_and_the_audit_names_their_cases(own: County, officer: TestClient) -> None:
    bank = own.warnings["bank"][0]
    loans = own.warnings.filter(own.warnings["bank"] == bank)["loan_id"].to_list()[:3]
    opened(officer, loans[0])
    answer = assigned(officer, [*loans, loans[0]], f"officer-{bank}").json()
    assert [case["loan_id"] for case in answer["items"]] == loans
    assert {case["responsible"] for case in answer["items"]} == {f"officer-{bank}"}
    again = assigned(officer, loans, f"officer-{bank}").json()
    assert [case["version"] for case in again["items"]] == [case["version"] for case in answer["items"]]
    mine = officer.get("/api/v1/cases", params={"responsible": f"officer-{bank}"}).json()
    assert {case["loan_id"] for case in mine["items"]} == set(loans)
    assert officer.get("/api/v1/cases", params={"responsible": "nobody"}).json()["total"] == 0
    with database_of(own.data).read_session() as session:
        entries = search_entries(session, AuditQuery(action=AuditAction.CHANGE, limit=10))
        told = [json.loads(entry.detail) for entry in entries if entry.subject == "POST /api/v1/cases/assign"]
    assert {tuple(detail["case_ids"]) for detail in told} == {tuple(case["id"] for case in answer["items"])}


def test_with_another_banks_loan_nothing_of_the_request_is_assigned(own: County, officer: TestClient) -> None:
    bank = own.warnings["bank"][0]
    mine = own.warnings.filter(own.warnings["bank"] == bank)["loan_id"][0]
    other = own.warnings.filter(own.warnings["bank"] != bank)["loan_id"][0]
    assert assigned(officer, [mine, other], f"officer-{bank}").status_code == 404
    assert officer.get("/api/v1/cases").json()["total"] == 0


@pytest.mark.parametrize("who", ["disabled", "auditor", "elsewhere", "nobody", "township"])
def test_a_loan_is_assigned_to_an_active_account_that_works_on_cases_and_sees_it(own: County, who: str) -> None:
    row = own.warnings.row(0, named=True)
    names = {"disabled": f"officer-{row['bank']}", "auditor": "auditor", "elsewhere": "officer-丁丁银行"}
    names |= {"nobody": "nobody", "township": "cadre-640399"}
    key_for(own.data, "auditor")
    key_for(own.data, "officer", "丁丁银行")
    key_for(own.data, "cadre", area="640399")
    client = asking(own, row["bank"])
    if who == "disabled":
        other = key_for(own.data, "county_official")
        with database_of(own.data).write_session() as session:
            disable_account(session, person_named(session, names[who]), NOW)
        client = TestClient(application(own.store, settings_of(own.data)), headers={"authorization": f"Bearer {other}"})
    answer = assigned(client, [row["loan_id"]], names[who])
    assert (answer.status_code, client.get("/api/v1/cases").json()["total"]) == (409, 0), answer.text
    assert "cannot be assigned" in answer.json()["en"]


def test_the_case_of_a_loan_that_came_from_another_bank_shows_the_new_bank_nothing(
    own: County, officer: TestClient
) -> None:
    row = own.warnings.row(0, named=True)
    opened(officer, row["loan_id"])
    with database_of(own.data).write_session() as session:
        session.execute(update(Case).values(bank="the old bank"))
    refused = assigned(officer, [row["loan_id"]], f"officer-{row['bank']}")
    assert refused.status_code == 409
    assert "another bank or area" in refused.json()["en"]
    assert "called" not in refused.text
    key = key_for(own.data, "county_official")
    county = TestClient(application(own.store, settings_of(own.data)), headers={"authorization": f"Bearer {key}"})
    [case] = assigned(county, [row["loan_id"]], f"officer-{row['bank']}").json()["items"]
    assert case["bank"] == row["bank"]
    assert officer.get("/api/v1/cases").json()["total"] == 1


def test_more_loans_than_two_hundred_are_refused(officer: TestClient) -> None:
    assert assigned(officer, [f"L{number}" for number in range(201)], "x").status_code == 422
    assert assigned(officer, [], "x").status_code == 422


def test_somebody_is_offered_accounts_that_share_loans_with_them_alone(database: Database) -> None:
    with database.write_session() as session:
        for name, bank, area in (
            ("a1", "甲银行", None),
            ("b1", "乙银行", None),
            ("t1", None, "640323101"),
            ("t2", None, "640323102"),
        ):
            create_account(session, account_details(name, "officer" if bank else "cadre", bank, area), NOW)
        create_account(session, account_details("boss", "county_official"), NOW)
        create_account(session, account_details("au", "auditor"), NOW)
        assert assignees_within(session, Scope(bank="甲银行")) == ["a1", "boss", "t1", "t2"]
        assert assignees_within(session, Scope(area="640323101")) == ["a1", "b1", "boss", "t1"]
        assert assignees_within(session, ALL_LOANS) == ["a1", "b1", "boss", "t1", "t2"]


def test_events_are_numbered_within_their_case(own: County, officer: TestClient) -> None:
    """A number over all cases would tell one bank how much another records."""
    loans = own.warnings.filter(pl.col("bank") == own.warnings["bank"][0])["loan_id"]
    for loan in loans[:2]:
        case = opened(officer, loan)
        for event in ({"kind": "objection", "text": "not my loan"}, {"kind": "answer", "answers": 2, "text": "it is"}):
            changed = officer.patch(f"/api/v1/cases/{case['id']}", json={"version": case["version"], "event": event})
            case = changed.raise_for_status().json()
        assert [(event["id"], event["answers"]) for event in case["events"]] == [(1, None), (2, None), (3, 2)]
        again = {"version": case["version"], "event": {"kind": "answer", "answers": 2, "text": "again"}}
        assert officer.patch(f"/api/v1/cases/{case['id']}", json=again).status_code == 409
