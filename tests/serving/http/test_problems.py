"""Errors are problem+json, in Chinese and English, and say what to do."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import http_requests
from tests.running_service import serving

CHINESE = re.compile("[一-鿿]")


def cursor_of(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/v1/loans/L999/warning", 404, "L999"),
        ("/api/v1/households/H999/explanation", 404, "H999"),
        ("/api/v1/nothing", 404, "nothing at this address"),
        ("/nothing", 404, "nothing at this address"),
        ("/api/v1/warnings?as_of=2020-01-31", 409, "is not published; published: 2025-12-31"),
        ("/api/v1/loans/L1/warning?as_of=2020-01-31", 409, "is not published"),
        ("/api/v1/households/H1/explanation?as_of=2020-01-31", 409, "is not published"),
        ("/api/v1/warnings?cursor=nonsense", 409, "none of ours"),
        ("/api/v1/warnings?cursor=%FF%FE", 409, "none of ours"),
        (f"/api/v1/warnings?cursor={cursor_of('2025-11-30:1:50')}", 409, "published anew"),
        (f"/api/v1/warnings?cursor={cursor_of('2025-12-31:2:50')}", 409, "published anew"),
        (f"/api/v1/warnings?cursor={cursor_of('2025-12-31:1:-5')}", 409, "published anew"),
        ("/api/v1/warnings?as_of=yesterday", 422, "as_of"),
        ("/api/v1/warnings?as_of=2025-02-30", 422, "as_of"),
        ("/api/v1/warnings?light=purple", 422, "light"),
        ("/api/v1/warnings?area=6", 422, "area"),
        ("/api/v1/warnings?area=1234567890123", 422, "area"),
        ("/api/v1/warnings?area=64a", 422, "area"),
        ("/api/v1/warnings?due_within_days=-1", 422, "due_within_days"),
        ("/api/v1/warnings?sort=colour", 422, "sort"),
        ("/api/v1/warnings?limit=0", 422, "limit"),
        ("/api/v1/warnings?limit=501", 422, "limit"),
        (f"/api/v1/warnings?q={'x' * 65}", 422, "q"),
        (f"/api/v1/loans/{'x' * 65}/warning", 422, "loan_id"),
    ],
)
def test_a_problem_says_what_is_wrong(served: str, path: str, status: int, said: str) -> None:
    answer = http_requests.get(served + path)
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in problem["en"] == problem["detail"]
    assert CHINESE.search(problem["zh"])
    assert not re.search("[A-Za-z]+ [a-z]+ [a-z]+", problem["zh"])
    assert not CHINESE.search(problem["en"])
    assert problem["title"]


@pytest.mark.parametrize("limit", [1, 500])
def test_the_limits_of_a_page_are_taken(served: str, limit: int) -> None:
    assert http_requests.get(f"{served}/api/v1/warnings", params={"limit": limit}).status_code == 200


def test_a_position_beyond_the_list_is_an_empty_page(served: str) -> None:
    first = http_requests.get(f"{served}/api/v1/warnings", params={"limit": 1}).json()["next_cursor"]
    of_list, _ = base64.urlsafe_b64decode(first).decode().rsplit(":", 1)
    cursor = cursor_of(f"{of_list}:{'9' * 40}")
    answer = http_requests.get(f"{served}/api/v1/warnings", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["items"]) == (200, [])


@pytest.mark.parametrize(
    ("path", "asked"),
    [("warnings", {"light": "red"}), ("warnings", {"sort": "loan_id"}), ("maturities", {}), ("warnings", {"q": "H"})],
)
def test_a_cursor_leads_on_in_its_own_list_alone(served: str, path: str, asked: dict[str, str]) -> None:
    cursor = http_requests.get(f"{served}/api/v1/warnings", params={"limit": 1}).json()["next_cursor"]
    answer = http_requests.get(f"{served}/api/v1/{path}", params={**asked, "cursor": cursor})
    assert (answer.status_code, "is another one" in answer.json()["en"]) == (409, True)


@pytest.mark.parametrize("path", ["/api/v1/warnings", "/api/v1/model", "/health/ready", "/"])
def test_a_method_that_is_not_there_is_a_problem_that_names_those_that_are(served: str, path: str) -> None:
    answer = http_requests.post(served + path)
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.json()["zh"] == "此地址不支持该方法。"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v1/cases", "GET, HEAD, OPTIONS, POST"),
        ("/api/v1/cases/assign", "OPTIONS, POST"),
        ("/api/v1/cases/7", "OPTIONS, PATCH"),
        ("/cases/7", "OPTIONS, POST"),
        ("/static/lights.css", "GET, HEAD, OPTIONS"),
    ],
)
def test_whoever_asks_is_told_all_methods_of_an_address(served: str, path: str, methods: str) -> None:
    answer = http_requests.request("OPTIONS", served + path)
    assert (answer.status_code, answer.headers["allow"]) == (204, methods)
    refusal = http_requests.request("DELETE", served + path)
    assert (refusal.status_code, refusal.headers["allow"]) == (405, methods)


def test_a_case_of_very_many_digits_is_none(served: str) -> None:
    for path in (f"/api/v1/cases/{'7' * 5000}", f"/cases/{'7' * 5000}"):
        assert http_requests.request("PATCH", served + path).status_code == 404


def test_every_day_that_the_document_declares_is_a_written_one(served: str) -> None:
    document = http_requests.get(f"{served}/openapi.json").json()
    asked = [
        (path, parameter["name"])
        for path, route in document["paths"].items()
        for parameter in route.get("get", {}).get("parameters", ())
        if "date" in [kind.get("format") for kind in (parameter["schema"], *parameter["schema"].get("anyOf", ()))]
    ]
    assert len(asked) > 5
    for path, name in asked:
        answer = http_requests.get(served + re.sub("{[^}]+}", "1", path), params={name: "86400"})
        assert answer.status_code in (422, 403), (path, name)  # the audit is the auditor's alone


@pytest.mark.parametrize("day", ["0", "86400", "1735603200", "2025-12-31T00:00:00", "20251231", "2025-12-1"])
def test_only_a_written_day_is_a_day(served: str, day: str) -> None:
    answer = http_requests.get(f"{served}/api/v1/warnings", params={"as_of": day})
    assert (answer.status_code, "expected a day such as 2026-01-01" in answer.json()["en"]) == (422, True)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a store in which nothing is published."""
    data: Path = tmp_path_factory.mktemp("empty")
    with serving(data) as address:
        yield address


def test_before_the_first_month_it_lives_and_is_not_ready(empty: str) -> None:
    assert http_requests.get(f"{empty}/health/live").status_code == 200
    answer = http_requests.get(f"{empty}/health/ready")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.json()["en"] == "No month is published; run lights score first."


@pytest.mark.parametrize("path", ["warnings", "loans/L1/warning", "households/H1/explanation"])
def test_before_the_first_month_there_is_nothing_to_answer_and_it_says_so(empty: str, path: str) -> None:
    answer = http_requests.get(f"{empty}/api/v1/{path}")
    assert (answer.status_code, answer.json()["zh"]) == (409, "尚未发布任何月份；请先运行 lights score。")


def test_before_the_first_model_there_is_none_and_it_says_why(empty: str) -> None:
    answer = http_requests.get(f"{empty}/api/v1/model").json()
    assert (answer["model_version"], answer["history"]) == (None, [])
    assert answer["refused"] == "尚无模型 / there is no model yet"
