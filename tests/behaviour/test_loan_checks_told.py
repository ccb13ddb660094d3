"""A loan whose data contradict themselves is told at load, in the manifest, by `lights explain`, API and page."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from serving.batch.run import score
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from tests import http_requests
from tests.running_service import done, lights, serving

AS_OF = date(2025, 12, 31)
AT = datetime(2026, 1, 2, 9, 0, tzinfo=UTC)
TABLES = {
    "households": "household_id,village_code\nH1,990101100201\nH2,990101100201\n",
    "loans": (
        "loan_id,household_id,bank,principal,annual_rate,originated_on,matures_on,repayment_method,known_on\n"
        "L1,H1,RCB,20000,0.04,2025-06-01,2026-06-01,bullet_all,2025-06-01\n"
        "L2,H2,RCB,20000,0.04,2025-06-01,2026-06-01,bullet_all,2025-06-01\n"
        "L3,H2,RCB,10000,0.04,2024-06-01,2025-06-01,bullet_all,2024-06-01\n"
    ),
    "instalments": (
        "loan_id,due_on,principal_due,interest_due,known_on\n"
        "L1,2026-06-01,2000,800,2025-06-01\n"
        "L2,2026-06-01,20000,800,2025-06-01\n"
        "L3,2025-06-01,10000,400,2024-06-01\n"
    ),
    "payments": (
        "payment_id,loan_id,paid_on,principal_paid,interest_paid,known_on\n"
        "P3,L3,2025-05-30,12000,400,2025-06-02\n"
        "P1,L1,2025-12-30,0,1,2025-12-31\n"
    ),
}
EN = "the schedule asks for another principal than is owed; let the bank deliver the whole schedule: 2000.0 / 20000.0"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county")
    inbox = folder / "inbox"
    inbox.mkdir()
    for name, text in TABLES.items():
        (inbox / f"{name}.csv").write_text(text, "utf-8")
    told = done(lights(folder / "var", "load", inbox, "--delivered-on", "2025-12-31"))
    assert "! L101" in told
    assert "L1 (2000.0 / 20000.0)" in told
    return folder / "var"


def test_the_run_counts_the_loans_by_check_ended_ones_among_them(data: Path) -> None:
    told = done(lights(data, "score", "--as-of", AS_OF))
    assert MonthRepository(DataFolder(data)).month(AS_OF).manifest.loan_checks == {"L101": 1, "L105": 1}
    assert "1 loans: more principal was repaid than was ever lent, by over 1%" in told


def test_the_sheet_of_the_loan_has_both_amounts_everywhere(data: Path) -> None:
    lights(data, "score", "--as-of", AS_OF)
    [loan] = json.loads(done(lights(data, "explain", "H1", "--json")))["loans"]
    [failed] = loan["warning"]["loan_checks"]
    assert (failed["check"], failed["first"], failed["second"], failed["en"]) == ("L101", "2000.0", "20000.0", EN)
    assert f"! L101 {EN}" in done(lights(data, "explain", "H1", "--lang", "en"))
    [other] = json.loads(done(lights(data, "explain", "H2", "--json")))["loans"]
    assert other["warning"]["loan_checks"] == []
    with serving(data) as address:
        assert http_requests.get(f"{address}/api/v1/loans/L1/warning").json()["loan_checks"] == [failed]
        page = http_requests.get(f"{address}/households/H1", params={"lang": "zh"}).text
    assert "与送达数据矛盾之处，请银行核对" in page
    assert "2000.0 / 20000.0" in page


OWN_POLICY = """\
[[policy]]
since = {since}
source = "county notice 2026-4"
[policy.arrears]
least = 18000.0
"""
"""The schedule of L1 asks 18,000 too little."""


@pytest.mark.parametrize(
    ("since", "failing"), [("2025-12-31", {}), ("2026-01-01", {"L101": 1, "L105": 1})], ids=["in force", "not yet"]
)
def test_load_and_score_compare_sums_by_the_policy_in_force(
    tmp_path: Path, since: str, failing: dict[str, int]
) -> None:
    """Scored in blocks of one household, and as a whole county."""
    inbox, data = tmp_path / "inbox", tmp_path / "var"
    inbox.mkdir()
    data.mkdir()
    (data / "policy.toml").write_text(OWN_POLICY.format(since=since), "utf-8")
    for name, text in TABLES.items():
        (inbox / f"{name}.csv").write_text(text, "utf-8")
    report = json.loads(done(lights(data, "load", inbox, "--delivered-on", "2025-12-31", "--json")))
    assert {finding["check"]: 1 for finding in report["loan_findings"]} == failing
    for households_in_part in (1, 30_000):
        manifest = score(DataFolder(data), AS_OF, "clerk", AT, lambda *_: None, None, households_in_part)
        assert manifest.loan_checks == failing


def test_rows_known_before_the_first_policy_are_loaded_and_checked(tmp_path: Path) -> None:
    """The table that ships begins in 2016."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for name, text in TABLES.items():
        earlier = text.replace("2024-", "2013-").replace("2025-", "2014-").replace("2026-", "2015-")
        (inbox / f"{name}.csv").write_text(earlier, "utf-8")
    loaded = done(lights(tmp_path / "var", "load", inbox, "--delivered-on", "2014-12-31"))
    assert "L1 (2000.0 / 20000.0)" in loaded
