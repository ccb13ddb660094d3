"""The document is true: requests made from it get the answers it declares, and its examples work."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from tests import http_requests
from tests.conftest import County
from tests.running_service import key_for, serving, unsigned

CHINESE = re.compile("[一-鿿]")
TRUE = (
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)
OPERATIONS = (
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/api/v1/warnings"),
    ("GET", "/api/v1/loans/{loan_id}/warning"),
    ("GET", "/api/v1/loans/{loan_id}/history"),
    ("GET", "/api/v1/households"),
    ("GET", "/api/v1/households/{household_id}"),
    ("GET", "/api/v1/households/{household_id}/explanation"),
    ("GET", "/api/v1/ledger"),
    ("GET", "/api/v1/ledger/{household_id}"),
    ("POST", "/api/v1/households/{household_id}/what-if"),
    ("POST", "/api/v1/score"),
    ("GET", "/api/v1/summary"),
    ("GET", "/api/v1/migration"),
    ("GET", "/api/v1/maturities"),
    ("GET", "/api/v1/insurance"),
    ("POST", "/api/v1/cases"),
    ("POST", "/api/v1/cases/assign"),
    ("GET", "/api/v1/cases"),
    ("PATCH", "/api/v1/cases/{case_id}"),
    ("GET", "/api/v1/news"),
    ("GET", "/api/v1/households/{household_id}/today"),
    ("GET", "/api/v1/model"),
    ("GET", "/api/v1/audit"),
    ("GET", "/api/v1/news/feed"),
    ("GET", "/api/v1/news/feed.atom"),
    ("GET", "/api/v1/news/feed.json"),
)
Document = dict[str, Any]


@pytest.fixture(scope="module")
def desk(county: County, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[County, str]]:
    """A county of its own, since requests open cases, and its address; as many requests as there are."""
    mine = county.copied_to(tmp_path_factory.mktemp("document") / "var")
    with serving(mine.data, LIGHTS_REQUESTS_PER_MINUTE="100000") as address:
        yield mine, unsigned(address)


@cache
def key(data: Path, role: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key_for(data, role)}"}


def document(desk: tuple[County, str], role: str = "county_official") -> Document:
    county, address = desk
    answer = http_requests.get(f"{address}/openapi.json", headers=key(county.data, role))
    read: Document = answer.raise_for_status().json()
    return read


def refuse(constant: str) -> Any:
    raise AssertionError(f"{constant} is no JSON")


def speaks(answer: schemathesis.Response) -> None:
    """JSON without NaN, or XML; where it refuses, a problem in both languages."""
    if answer.headers["content-type"] == ["application/atom+xml"]:
        assert ElementTree.fromstring(answer.content).tag.endswith("feed")  # noqa: S314 - the service's own answer
        return
    read = json.loads(answer.content, parse_constant=refuse)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == ["application/problem+json"]
        assert (CHINESE.search(read["zh"]) is not None, read["status"]) == (True, answer.status_code)
        assert read["en"]


def test_the_operations_tried_are_those_of_the_document(desk: tuple[County, str]) -> None:
    paths = document(desk)["paths"]
    assert {(method.upper(), path) for path, route in paths.items() for method in route} == set(OPERATIONS)


def real(given: Any, named: Document) -> Any:
    """What was made up, with numbers of things that there are."""
    match given:
        case dict():
            return {name: named[name] if name in named else real(each, named) for name, each in given.items()}
        case list():
            return [real(each, named) for each in given]
    return given


def named_in(told: Document) -> Document:
    """Numbers of a loan, household and case that the document's examples name."""
    operations = [operation for route in told["paths"].values() for operation in route.values()]
    parameters = [each for operation in operations for each in operation.get("parameters", ())]
    named = {each["name"]: each["example"] for each in parameters if each["in"] == "path"}
    return {**named, "loan_ids": [named["loan_id"]]}


def tried(operation: Any, mode: GenerationMode, address: str, headers: dict[str, str], named: Document) -> None:
    """Requests as the operation takes them, about things that there are; or such as it must refuse."""

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=10,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    def answered(case: schemathesis.Case[Any]) -> None:
        if mode is GenerationMode.POSITIVE:
            case.path_parameters, case.body = real(case.path_parameters, named), real(case.body, named)
        answer = case.call(base_url=address, headers=headers, timeout=60)
        case.validate_response(answer, checks=list(TRUE))
        speaks(answer)

    answered()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_requests_made_from_the_document_get_answers_that_it_declares(
    desk: tuple[County, str], method: str, path: str
) -> None:
    told, role = document(desk), "auditor" if path == "/api/v1/audit" else "county_official"
    operation = schemathesis.openapi.from_dict(told)[path][method]
    tried(operation, GenerationMode.POSITIVE, desk[1], key(desk[0].data, role), named_in(told))


@pytest.mark.parametrize(("method", "path"), [each for each in OPERATIONS if each[1].startswith("/api")])
def test_requests_that_break_the_document_get_answers_that_it_declares(
    desk: tuple[County, str], method: str, path: str
) -> None:
    told, role = document(desk), "auditor" if path == "/api/v1/audit" else "county_official"
    operation = schemathesis.openapi.from_dict(told)[path][method]
    tried(operation, GenerationMode.NEGATIVE, desk[1], key(desk[0].data, role), {})


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_example_of_an_operation_is_accepted(desk: tuple[County, str], method: str, path: str) -> None:
    county, address = desk
    role = "auditor" if path == "/api/v1/audit" else "county_official"
    asked = document(desk, role)["paths"][path][method.lower()]
    given = {each["name"]: each["example"] for each in asked.get("parameters", ()) if "example" in each}
    query = {name: value for name, value in given.items() if f"{{{name}}}" not in path}
    body = asked.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    url = address + path.format_map(given)
    answer = http_requests.request(method, url, params=query, json=body, headers=key(county.data, role))
    assert answer.status_code == (201 if (method, path) == ("POST", "/api/v1/cases") else 200), answer.text


def test_every_operation_but_health_says_how_to_sign_in(desk: tuple[County, str]) -> None:
    told = document(desk)
    assert {scheme["type"] for scheme in told["components"]["securitySchemes"].values()} == {"http", "apiKey"}
    for path, route in told["paths"].items():
        for operation in route.values():
            wanted = {"key", "session"} if path.startswith("/api") else set()
            assert {name for way in operation.get("security", ()) for name in way} == wanted


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_the_document_is_shown_to_whoever_is_signed_in_alone(desk: tuple[County, str], path: str) -> None:
    county, address = desk
    assert http_requests.get(address + path).status_code == 303
    for role in ("county_official", "analyst", "auditor", "administrator"):
        assert http_requests.get(address + path, headers=key(county.data, role)).status_code == 200


def test_an_example_names_nobody_to_a_role_that_may_not_see_persons(desk: tuple[County, str]) -> None:
    loans = desk[0].warnings["loan_id"].to_list()
    path = "/api/v1/loans/{loan_id}/warning"
    named = {
        role: document(desk, role)["paths"][path]["get"]["parameters"][0] for role in ("auditor", "county_official")
    }
    assert named["auditor"]["example"] not in loans
    assert named["county_official"]["example"] in loans
