"""What whoever comes in leaves in the audit, and what never stands there."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
from fastapi import FastAPI
from starlette.testclient import TestClient

from features.console import utc_now
from serving.access import accounts as people
from serving.app import application
from serving.audit.command_line import database_of
from serving.http.dependencies import SESSION_COOKIE
from serving.settings import settings_of
from tests.conftest import County
from tests.running_service import key_for
from tests.serving.access.seen import NOBODYS, seen_by


def test_a_look_leaves_who_what_and_how_many_and_an_identity_number_only_as_its_pseudonym(
    county: County, desk: FastAPI
) -> None:
    official, auditor = seen_by(desk, "county_official"), seen_by(desk, "auditor")
    household = county.warnings["household_id"][0]
    official.get(f"/households/{household}")
    official.get("/api/v1/warnings", params={"light": "red", "q": "H"})
    official.get(f"/households/{NOBODYS}")
    entries = auditor.get("/api/v1/audit", params={"person": "county_official", "limit": 3}).json()["items"]
    assert [entry["action"] for entry in entries] == ["refusal", "list", "look"]
    assert entries[2]["detail"]["household_id"] == household
    assert re.fullmatch("p[0-9a-f]{24}", entries[0]["detail"]["household_id"])
    red = county.warnings.filter(pl.col("light") == "red").height
    assert (entries[1]["detail"]["light"], entries[1]["detail"]["loans"]) == ("red", red)
    assert [entry["number"] for entry in entries] == sorted((entry["number"] for entry in entries), reverse=True)


def test_whoever_asks_with_a_thousand_names_does_not_fill_the_audit(desk: FastAPI) -> None:
    official, auditor = seen_by(desk, "county_official"), seen_by(desk, "auditor")
    many = {f"{'x' * 100}{number}": "y" for number in range(100)}
    official.get("/api/v1/warnings", params={"q": f"号{NOBODYS}", NOBODYS: "y", **many})
    [entry] = auditor.get("/api/v1/audit", params={"person": "county_official", "limit": 1}).json()["items"]
    assert len(str(entry["detail"])) < 3_000
    assert NOBODYS not in str(entry)


def test_a_key_that_lets_nobody_in_is_audited_by_its_name_alone(county: County, desk: FastAPI) -> None:
    key, auditor = key_for(county.data, "analyst"), seen_by(desk, "auditor")
    with database_of(county.data).write_session() as session:
        people.revoke_key(session, people.person_named(session, "analyst"), key.partition(".")[0], utc_now())
    for given in (key, "hunter2", NOBODYS, ""):
        assert TestClient(desk).get("/api/v1/summary", headers={"authorization": f"Bearer {given}"}).status_code == 401
    entries = auditor.get("/api/v1/audit", params={"limit": 3, "action": "refusal"}).json()["items"]
    assert {entry["subject"] for entry in entries} == {"GET /api/v1/summary"}
    assert [entry["detail"].get("key") for entry in entries] == [None, None, key.partition(".")[0]]
    assert {entry["person"] for entry in entries} == {"-"}
    assert not re.search(f"hunter2|{NOBODYS}|{key.partition('.')[2]}", str(entries))


def test_keys_that_let_nobody_in_do_not_fill_the_audit(county: County, desk: FastAPI) -> None:
    before = seen_by(desk, "auditor").get("/api/v1/audit", params={"limit": 1}).json()["items"][0]["number"]
    few = settings_of(county.data).model_copy(update={"requests_per_minute": 5})
    client = TestClient(application(county.store, few), headers={"authorization": "Bearer none"})
    answers = [client.get("/api/v1/summary").status_code for _ in range(8)]
    assert answers == [401] * 5 + [429] * 3
    entries = seen_by(desk, "auditor").get("/api/v1/audit", params={"action": "refusal"}).json()["items"]
    assert [each["subject"] for each in entries if each["number"] > before] == ["GET /api/v1/summary"] * 5


def test_a_session_that_is_over_is_no_refusal(desk: FastAPI) -> None:
    def refusals() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = seen_by(desk, "auditor").get("/api/v1/audit?action=refusal").json()["items"]
        return found

    before = refusals()
    assert TestClient(desk, cookies={SESSION_COOKIE: "over"}).get("/api/v1/summary").status_code == 401
    assert refusals() == before


def test_failed_sign_ins_are_audited_without_the_name_that_was_typed(desk: FastAPI) -> None:
    client = TestClient(desk)
    token = re.findall('name="csrf" value="([^"]+)"', client.get("/sign-in").text)[0]
    answer = client.post("/sign-in", data={"csrf": token, "name": "hunter2", "password": "x"})
    assert (answer.status_code, "账号或密码不正确。" in answer.text) == (401, True)
    [entry] = seen_by(desk, "auditor").get("/api/v1/audit", params={"limit": 1, "action": "refusal"}).json()["items"]
    assert (entry["subject"], "hunter2" in str(entry)) == ("password", False)
