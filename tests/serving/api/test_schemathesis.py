"""Schemathesis with all its checks, as its own command runs them: every role, requests as declared and broken ones."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest

from tests import http_requests
from tests.conftest import County
from tests.running_service import key_for, serving, unsigned

CONFIGURATION = """
[[operations]]
include-path = "/api/v1/score"
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 404, 409, 422]

[[operations]]
include-path = "/api/v1/households/{household_id}/what-if"
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 404, 409, 422]
"""
"""No schema says that rows are of one household, or that a household has the sheep that it is said to sell."""

HOUSEHOLD = {"household_id": "H1", "village_code": "640323100001"}


@pytest.fixture(scope="module")
def desk(county: County, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A data folder of its own, since requests open cases, and its address; as many requests as there are."""
    mine = county.copied_to(tmp_path_factory.mktemp("schemathesis") / "var")
    with serving(mine.data, LIGHTS_REQUESTS_PER_MINUTE="1000000") as address:
        yield mine.data, unsigned(address)


def told_to(desk: tuple[Path, str], key: str) -> dict[str, object]:
    answer = http_requests.get(f"{desk[1]}/openapi.json", headers={"authorization": f"Bearer {key}"})
    read: dict[str, object] = answer.raise_for_status().json()
    return read


@pytest.mark.parametrize(
    ("role", "phases"),
    [
        ("county_official", "examples,coverage,fuzzing,stateful"),
        ("officer", "coverage,stateful"),
        ("cadre", "coverage"),
        ("clerk", "coverage"),
        ("analyst", "coverage"),
        ("auditor", "coverage"),
        ("administrator", "coverage"),
    ],
)
def test_a_role_gets_what_the_document_says(
    desk: tuple[Path, str], county: County, tmp_path: Path, role: str, phases: str
) -> None:
    data, address = desk
    bank = county.warnings["bank"][0] if role == "officer" else None
    area = county.warnings["township_code"][0] if role == "cadre" else None
    key = key_for(data, role, bank, area)
    (tmp_path / "openapi.json").write_text(json.dumps(told_to(desk, key)), "utf-8")
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION, "utf-8")
    asked = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run", "openapi.json"]
    limits = ["--url", address, "--checks", "all", "--phases", phases, "--max-examples", "5", "--seed", "1"]
    told = ["-H", f"Authorization: Bearer {key}", "--generation-database", "none", "--no-color"]
    ran = subprocess.run([*asked, *limits, *told], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("model", "taken", "refused"),
    [
        ("LivestockSold", {"kind": "livestock_sold", "sheep": 1, "yuan": 5}, {"sheep": 0, "cattle": 0}),
        ("LivestockBought", {"kind": "livestock_bought", "cattle": 1, "yuan": 5}, {"cattle": 0}),
        (
            "HouseholdTables",
            {"tables": {"households": [HOUSEHOLD], "loans": [], "instalments": [], "payments": []}},
            {"tables": {}},
        ),
        (
            "HouseholdTables",
            {"tables": {"households": [HOUSEHOLD], "loans": [], "instalments": [], "payments": []}},
            {"tables": {"households": [{**HOUSEHOLD, "hous": "H1"}], "loans": [], "instalments": [], "payments": []}},
        ),
        (
            "HouseholdTables",
            {"tables": {"households": [HOUSEHOLD], "loans": [], "instalments": [], "payments": []}},
            {"tables": {"households": [], "loans": [], "instalments": [], "payments": []}},
        ),
    ],
)
def test_the_document_forbids_what_is_always_refused(
    desk: tuple[Path, str], model: str, taken: dict[str, object], refused: dict[str, object]
) -> None:
    told = told_to(desk, key_for(desk[0], "county_official"))
    schema = {"$ref": f"#/components/schemas/{model}", "components": told["components"]}
    assert jsonschema_rs.is_valid(schema, taken)
    assert not jsonschema_rs.is_valid(schema, {**taken, **refused})
