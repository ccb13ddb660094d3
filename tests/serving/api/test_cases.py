"""Cases over HTTP: opened on a loan that exists for whoever asks, added to as seen, told in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.app import application
from serving.settings import settings_of
from tests.behaviour.test_identity_numbers import NUMBER
from tests.conftest import County
from tests.running_service import key_for


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
