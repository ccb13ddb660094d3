"""Identity numbers: a household is found by its own, and nothing that is kept or said holds one."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from features.contract.identity_numbers import is_identity_number
from tests import http_requests
from tests.running_service import done, lights, serving

NUMBER = next(f"64032319900101001{digit}" for digit in "0123456789X" if is_identity_number(f"64032319900101001{digit}"))
ONE_HOUSEHOLD = {
    "households": f"household_id,village_code,known_on\n{NUMBER},640323101202,2025-01-01\n",
    "loans": "loan_id,household_id,bank,principal,annual_rate,originated_on,matures_on,repayment_method,known_on\n"
    f"L1,{NUMBER},甲银行,1000,0.0345,2025-01-10,2026-01-10,bullet_all,2025-01-10\n",
    "instalments": "loan_id,due_on,principal_due,interest_due,known_on\nL1,2026-01-10,1000,34.5,2025-01-10\n",
    "payments": "payment_id,loan_id,paid_on,principal_paid,interest_paid,known_on\nP1,L1,2025-11-01,100,0,2025-11-01\n",
}


@pytest.fixture(scope="module")
def one_household(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one household that was delivered under its identity number, scored by the rules."""
    folder = tmp_path_factory.mktemp("one")
    for table, cells in ONE_HOUSEHOLD.items():
        (folder / f"{table}.csv").write_text(cells)
    data = folder / "var"
    done(lights(data, "load", folder, "--delivered-on", "2025-12-01"))
    done(lights(data, "score", "--as-of", "2025-12-31"))
    return data


def test_a_household_is_found_by_the_identity_number_it_was_delivered_with(one_household: Path) -> None:
    told = json.loads(done(lights(one_household, "explain", NUMBER, "--json")))
    kept = told["household_id"]
    assert told == json.loads(done(lights(one_household, "explain", kept, "--json")))
    with serving(one_household) as address:
        assert http_requests.get(f"{address}/api/v1/households/{NUMBER}/explanation").json() == told
        assert http_requests.get(f"{address}/api/v1/warnings", params={"q": NUMBER}).json()["total"] == 1
        assert kept in http_requests.get(f"{address}/households/{NUMBER}").text
        assert kept in http_requests.get(address, params={"q": f" {NUMBER}"}).text


def test_no_file_of_the_store_and_no_refusal_holds_an_identity_number(one_household: Path) -> None:
    assert NUMBER in (one_household.parent / "loans.csv").read_text()
    tables = [pl.read_parquet(path) for path in one_household.rglob("*.parquet")]
    assert [table for table in tables if NUMBER in str(table.rows())] == []
    assert [path for path in one_household.rglob("*.json") if NUMBER in path.read_text()] == []
    other = NUMBER.replace("1990", "1991")
    assert NUMBER not in lights(one_household, "explain", NUMBER, "--as-of", "2020-01-31").stderr
    assert lights(one_household, "explain", other).returncode == 1
