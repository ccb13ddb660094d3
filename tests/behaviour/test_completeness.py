"""A month whose deliveries are not complete is refused in one sentence, or published with a reason told everywhere."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from openpyxl import load_workbook

from features.completeness import assess_completeness, bank_deliveries
from features.contract.tables import REQUIRED_TABLES
from features.ledger.ledger import Ledger
from features.ledger.receipts import RECEIPTS_FILE, read_receipts
from features.snapshot.as_of import Snapshot
from features.snapshot.latest_versions import LatestVersions
from features.snapshot.life_rules import SHIPPED_RULES
from features.snapshot.loan_book import LoanBook
from serving.months.data_folder import DataFolder
from serving.months.manifest import Manifest
from serving.months.repository import MonthRepository
from tests import http_requests
from tests.running_service import done, lights, refused, serving

BANKS = ("RCB", "PSB")
HEADERS = {
    "households": "household_id,village_code,household_type,known_on",
    "loans": "loan_id,household_id,bank,principal,annual_rate,originated_on,matures_on,repayment_method,known_on",
    "instalments": "loan_id,due_on,principal_due,interest_due,known_on",
    "payments": "payment_id,loan_id,paid_on,principal_paid,interest_paid,known_on",
}
METHOD = "equal_principal"
NOVEMBER, DECEMBER = date(2025, 11, 30), date(2025, 12, 31)


def first_delivery() -> dict[str, list[str]]:
    """Two loans of each bank, with dues in November and December; the dues of November are paid."""
    numbers = [1, 2, 3, 4]
    banks = {number: BANKS[number > 2] for number in numbers}
    return {
        "households": [f"H{n},990101100201,ordinary,2025-06-01" for n in numbers],
        "loans": [f"L{n},H{n},{banks[n]},20000,0.04,2025-06-01,2027-06-01,{METHOD},2025-06-01" for n in numbers],
        "instalments": [f"L{n},2025-{month}-10,1000,50,2025-06-01" for n in numbers for month in (11, 12)],
        "payments": [f"P{n},L{n},2025-11-09,1000,50,2025-11-20" for n in numbers],
    }


def payments_of_december(*numbers: int) -> dict[str, list[str]]:
    return {"payments": [f"Q{n},L{n},2025-12-09,1000,50,2025-12-20" for n in numbers]}


def unchanged_but_payments() -> dict[str, list[str]]:
    """Households, loans and schedules delivered again, which bring nothing new."""
    return {name: rows for name, rows in first_delivery().items() if name != "payments"}


def deliver(data: Path, day: str, tables: dict[str, list[str]], exit_code: int = 0) -> None:
    inbox = data.parent / f"inbox-{day}-{len(list(data.parent.iterdir()))}"
    inbox.mkdir()
    for name, rows in tables.items():
        (inbox / f"{name}.csv").write_text("\n".join([HEADERS[name], *rows]) + "\n", "utf-8")
    ran = lights(data, "load", inbox, "--delivered-on", day)
    assert ran.returncode == exit_code, ran.stderr


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A county whose November is published."""
    folder = tmp_path / "var"
    deliver(folder, "2025-12-02", first_delivery())
    done(lights(folder, "score", "--as-of", NOVEMBER))
    return folder


def score(data: Path, *words: object) -> str:
    return done(lights(data, "score", "--as-of", DECEMBER, *words))


def manifest(data: Path, as_of: date = DECEMBER) -> Manifest:
    return MonthRepository(DataFolder(data)).month(as_of).manifest


def test_a_history_loaded_in_one_go_is_complete_and_the_manifest_says_what_came(data: Path) -> None:
    told = manifest(data, NOVEMBER)
    assert told.incomplete is None
    payments = {one["bank"]: one for one in told.completeness["deliveries"] if one["table"] == "payments"}
    assert payments["PSB"]["newest_known_on"] == "2025-11-20"
    assert payments["PSB"]["delivered_on"] == "2025-12-02"
    assert told.completeness["rows"]["loans"] == {"stored": 4, "set_aside": 0, "waiting": 0}


def test_a_load_keeps_a_receipt_of_each_file_also_where_it_brings_nothing_new(data: Path) -> None:
    deliver(data, "2026-01-05", unchanged_but_payments())
    receipts = read_receipts(data / "ledger")
    assert [receipt.table for receipt in receipts] == [*REQUIRED_TABLES, *REQUIRED_TABLES[:3]]
    again = {receipt.table: receipt for receipt in receipts if receipt.delivered_on == "2026-01-05"}
    assert again["instalments"].banks == again["loans"].banks == tuple(sorted(BANKS))
    assert (again["households"].banks, again["households"].rows) == ((), 4)
    assert len(Ledger(data / "ledger").commits) == 4


def test_a_receipt_torn_by_a_power_cut_is_none_and_takes_no_other_with_it(data: Path) -> None:
    path = data / "ledger" / RECEIPTS_FILE
    path.write_bytes(path.read_bytes()[:-9])
    assert [receipt.table for receipt in read_receipts(path.parent)] == list(REQUIRED_TABLES[:3])
    deliver(data, "2026-01-05", unchanged_but_payments())
    assert len(read_receipts(path.parent)) == 6


def test_a_month_without_any_delivery_is_refused_naming_tables_and_banks(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    deliver(folder, "2025-11-28", first_delivery())
    told = refused(lights(folder, "score", "--as-of", DECEMBER))
    assert "nothing came for the month of the table(s) households, loans, instalments, payments" in told
    assert f"nothing came for the month from {', '.join(sorted(BANKS))}, with open loans" in told
    assert '--incomplete "reason"' in told
    assert not MonthRepository(DataFolder(folder)).months()


def test_loans_without_schedules_and_payments_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    deliver(folder, "2026-01-05", {name: first_delivery()[name] for name in ("households", "loans")})
    told = refused(lights(folder, "score", "--as-of", DECEMBER))
    assert "nothing came for the month of the table(s) instalments, payments. Load" in told


def test_a_bank_that_is_silent_in_a_month_is_named_and_the_other_is_not(data: Path) -> None:
    mine = unchanged_but_payments()
    mine["loans"] = [row for row in mine["loans"] if BANKS[0] in row]
    mine["instalments"] = [row for row in mine["instalments"] if row[:2] in ("L1", "L2")]
    deliver(data, "2026-01-05", mine | payments_of_december(1, 2))
    # November's file came on 2 December; the next month's is the one that is missing.
    told = refused(lights(data, "score", "--as-of", DECEMBER))
    assert f"instalments of {BANKS[1]} fell due in the month, but no payments came" in told
    assert BANKS[0] not in told


def test_payments_are_not_missing_where_nothing_was_due(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    tables = first_delivery()
    tables["instalments"] = [row for row in tables["instalments"] if "2025-12-10" not in row]
    deliver(folder, "2025-12-02", tables)
    score(folder)
    assert manifest(folder).incomplete is None


def test_payments_that_came_on_the_day_or_later_are_enough_also_where_they_are_known(data: Path) -> None:
    refused(lights(data, "score", "--as-of", DECEMBER))
    deliver(data, "2025-12-31", first_delivery())
    score(data)
    assert manifest(data).incomplete is None


def test_more_rows_waiting_than_the_set_share_are_told(data: Path) -> None:
    deliver(data, "2026-01-05", unchanged_but_payments() | payments_of_december(1, 2, 3, 4, 8, 9), exit_code=1)
    told = refused(lights(data, "score", "--as-of", DECEMBER))
    assert "2 of 10 rows of payments wait for their household or loan" in told
    deliver(data, "2026-01-06", unchanged_but_payments())
    assert "2 of 10 rows" in refused(lights(data, "score", "--as-of", DECEMBER))


@pytest.mark.parametrize(("before", "is_told"), [(5, False), (6, True)])
def test_loans_of_the_month_before_that_are_gone_are_told_above_a_fifth(data: Path, before: int, is_told: bool) -> None:
    ledger = Ledger(data / "ledger")
    open_loans = pl.DataFrame({"loan_id": ["L1", "L2", "L3", "L4"], "bank": [BANKS[0]] * 4})
    earlier = pl.DataFrame({"loan_id": [f"L{n + 1}" for n in range(before)], "bank": [BANKS[0]] * before})
    book = LoanBook(LatestVersions(ledger.tables(), NOVEMBER), NOVEMBER, SHIPPED_RULES)
    banks = bank_deliveries(book, Snapshot.of_borrowing(book))
    assessed = assess_completeness(ledger, NOVEMBER, banks, open_loans, earlier)
    assert assessed.loans[BANKS[0]] == {"before": before, "now": 4, "gone": before - 4}
    told = [finding.en for finding in assessed.findings if "are gone" in finding.en]
    assert told == (["2 of 6 loans of RCB that were open the month before are gone, and did not end"] * is_told)


def test_a_reason_publishes_the_month_and_completing_it_makes_a_new_edition(data: Path) -> None:
    printed = score(data, "--incomplete", "邮储系统故障")
    assert "邮储系统故障" in printed
    assert manifest(data).incomplete is not None
    refused(lights(data, "score", "--as-of", DECEMBER))
    score(data, "--incomplete", "邮储系统故障")
    assert manifest(data).edition == 1
    done(lights(data, "replay", "--as-of", DECEMBER))
    before = manifest(data).checksums
    deliver(data, "2026-01-05", first_delivery())
    score(data)
    assert (manifest(data).edition, manifest(data).incomplete, manifest(data).checksums) == (2, None, before)


def test_a_reason_changes_nothing_where_the_month_is_complete_and_an_empty_one_is_none(data: Path) -> None:
    before = manifest(data, NOVEMBER)
    done(lights(data, "score", "--as-of", NOVEMBER, "--incomplete", "so"))
    assert manifest(data, NOVEMBER) == before
    assert lights(data, "score", "--as-of", NOVEMBER, "--incomplete", " ").returncode == 2


def test_a_manifest_from_before_this_check_is_read(data: Path) -> None:
    folder = MonthRepository(DataFolder(data)).month(NOVEMBER).folder
    stored = json.loads((folder / "manifest.json").read_text("utf-8"))
    del stored["completeness"], stored["incomplete"]
    (folder / "manifest.json").write_text(json.dumps(stored), "utf-8")
    (folder / "manifest.sha256").unlink()
    assert manifest(data, NOVEMBER).incomplete is None
    done(lights(data, "replay", "--as-of", NOVEMBER))


def test_the_reason_stands_on_every_page_list_report_and_answer_of_the_month(data: Path) -> None:
    score(data, "--incomplete", "邮储系统故障")
    with serving(data) as address:
        for path in (
            "/warnings",
            "/households/H1/explanation",
            "/summary",
            "/maturities",
            "/loans/L1/history",
            "/loans/L1/warning",
        ):
            told = http_requests.get(f"{address}/api/v1{path}").json()
            incomplete = told["month_incomplete" if path == "/loans/L1/warning" else "incomplete"]
            assert incomplete["reason"] == "邮储系统故障", path
        for path in ("/", "/households/H1", "/board", "/groups", "/maturities", "/maturities/notices"):
            page = http_requests.get(f"{address}{path}", params={"lang": "zh"}).text
            assert "照样发布的原因：邮储系统故障" in page, path
        assert "邮储系统故障" in http_requests.get(f"{address}/worklist.csv", params={"lang": "zh"}).text
        november = http_requests.get(f"{address}/api/v1/warnings", params={"as_of": str(NOVEMBER)}).json()
    assert november["incomplete"] is None
    assert "邮储系统故障" in done(lights(data, "explain", "H1"))
    folder = data.parent / "reports"
    done(lights(data, "report", "--as-of", DECEMBER, "--out", folder))
    for file in folder.rglob("*.html"):
        assert "邮储系统故障" in file.read_text("utf-8"), file.name
    for file in folder.rglob("*.xlsx"):
        for sheet in load_workbook(file):
            ahead = [str(row[0].value) for row in sheet.iter_rows(max_row=4)]
            assert "邮储系统故障" in "".join(ahead), (file.name, sheet.title)


def test_the_run_log_names_the_files_of_a_load(data: Path) -> None:
    printed = done(lights(data, "runs"))
    assert "file_names households.csv, loans.csv, instalments.csv, payments.csv" in printed


def test_a_reason_that_a_complete_month_does_not_need_is_said_to_be_unused(data: Path) -> None:
    deliver(data, "2026-01-05", unchanged_but_payments() | payments_of_december(1, 2, 3, 4))
    told = score(data, "--incomplete", "PSB is late")
    assert "--incomplete was not needed: the deliveries of the month are complete" in told
    assert manifest(data).incomplete is None
    assert "not needed" in score(data, "--incomplete", "PSB is late")
    assert "not needed" not in score(data)
