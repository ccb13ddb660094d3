"""The clerk's month in a browser without scripts: what is missing, the month's run watched to its end, quarantine."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from openpyxl import Workbook, load_workbook
from playwright.sync_api import Browser, Page, expect

from features.runs import read_runs
from serving.monitor.acknowledgements import read_acknowledgements
from tests import http_requests
from tests.conftest import County
from tests.running_service import done, lights, serving
from tests.serving.browsers import follow
from tests.serving.pages.conftest import alone


@pytest.fixture(scope="module")
def own(by_rules: County, tmp_path_factory: pytest.TempPathFactory) -> County:
    county = by_rules.copied_to(tmp_path_factory.mktemp("clerk") / "var")
    inbox = tmp_path_factory.mktemp("inbox")
    header = "payment_id,loan_id,paid_on,principal_paid,interest_paid,payer,known_on"
    good = ",".join(("P-new", county.warnings["loan_id"][0], "2025-12-30", "1", "0", "borrower", "2026-01-10"))
    wrong = good.replace("P-new", "P-wrong").replace("2025-12-30", "long ago")
    many = [good.replace("P-new", f"P-{number}") for number in range(30)]
    (inbox / "payments.csv").write_text("\n".join((header, good, wrong, *many)), "utf-8")
    done(lights(county.data, "load", inbox, "--delivered-on", "2026-01-12", "--json"))
    return county


@pytest.fixture(scope="module")
def address(own: County) -> Iterator[str]:
    with serving(own.data, role="clerk") as signed:
        yield signed


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    with alone(browser, scripts=False) as page:
        yield page


def workbook(folder: Path, households: Sequence[str]) -> Path:
    """Loans of a bank as it keeps them: a unit of 万元 that nothing names, its own words, and two wrong rows."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["借据编号", "农户编号", "借据金额", "借据利率", "还款方式", "生效日期", "到期日期"])
    for number, household in enumerate([*households, *households]):
        sheet.append([f"N{number}", household, 5, "3.45%", "到期一次", date(2025, 3, 15), date(2027, 3, 15)])
    sheet.append(["N-day", households[0], 5, "3.45%", "到期一次", "去年", date(2027, 3, 15)])
    sheet.append(["N-rate", households[0], 5, "345%", "到期一次", date(2025, 3, 15), date(2027, 3, 15)])
    book.save(folder / "贷款台账-12月.xlsx")
    return folder / "贷款台账-12月.xlsx"


def test_the_clerk_uploads_a_workbook_corrects_the_map_and_loads(
    own: County, address: str, plain: Page, tmp_path: Path
) -> None:
    sent = workbook(tmp_path, own.warnings["household_id"].unique(maintain_order=True)[:30].to_list())
    plain.goto(f"{address}/deliveries?lang=en")
    plain.get_by_label("Choose files").set_input_files(sent)
    follow(plain.get_by_role("button", name="Send and look at them"))
    expect(plain.get_by_role("heading", name="Column map: open questions")).to_be_visible()
    expect(plain.get_by_text("Answer the questions above first.")).to_be_visible()
    asked = plain.locator(".question")
    principal = asked.filter(has_text="principal is written 5")
    expect(principal.locator("select")).to_have_value('unit = "万元"')
    asked.filter(has_text="no heading is bank").locator("input").fill("农商行")
    asked.filter(has_text="repayment_method").get_by_label("到期一次").select_option("bullet_quarterly_interest")
    follow(plain.get_by_role("button", name="Save the answers and look again"))
    expect(plain.locator("strong.wrong")).to_contain_text("2 rows are wrong")
    expect(plain.locator(".faults")).to_contain_text("生效日期")
    expect(plain.get_by_role("region", name="First lines of")).to_contain_text("50000")
    follow(plain.get_by_role("button", name="Load the files"))
    expect(plain.locator("main p strong").first).to_have_text("done", timeout=60_000)
    expect(plain.locator("pre")).to_contain_text("60 new")
    follow(plain.get_by_role("link", name="Deliveries").last)
    follow(plain.get_by_role("region", name="Send files").get_by_role("link", name=sent.name))
    expect(plain.get_by_text("taken in, file removed")).to_be_visible()
    loans = own.store.ledger.scan("loans").filter(pl.col("loan_id") == "N0").collect()
    assert loans.select("principal", "bank", "repayment_method").rows() == [
        (50_000.0, "农商行", "bullet_quarterly_interest")
    ]
    plain.goto(f"{address}/quarantine?lang=en")
    expect(plain.get_by_role("cell", name="去年")).to_be_visible()


def test_a_form_that_is_out_of_date_is_refused(own: County, address: str, tmp_path: Path) -> None:
    sent = workbook(tmp_path, own.warnings["household_id"].unique(maintain_order=True)[:30].to_list())
    answer = http_requests.post(
        f"{address}/uploads", files={"file": (sent.name, sent.read_bytes())}, follow_redirects=True
    ).raise_for_status()
    number = str(answer.url.path).rpartition("/")[2]
    stale = http_requests.post(f"{address}/uploads/{number}/columns?lang=en", data={"asked": "other", "a-0-0-0-0": "x"})
    assert (stale.status_code, "out of date" in stale.text) == (409, True)


def test_an_upload_that_is_too_large_or_empty_is_refused(own: County) -> None:
    with serving(own.data, role="clerk", LIGHTS_UPLOAD_MB="1") as address:
        token = {"file": ("households.csv", b"x" * (2 << 20))}
        answer = http_requests.post(f"{address}/uploads?lang=en", files=token)
        assert (answer.status_code, "1 MB at most" in answer.text) == (413, True)
        empty = http_requests.post(f"{address}/uploads?lang=en", data={"file": ""})
        assert (empty.status_code, "No file was chosen" in empty.text) == (409, True)
        assert http_requests.post(f"{address}/uploads/77/load", data={"delivered_on": "2026-01-01"}).status_code == 409


def test_the_clerk_sees_what_is_missing_runs_the_month_and_watches_it(own: County, address: str, plain: Page) -> None:
    plain.goto(f"{address}/deliveries?lang=en")
    expect(plain.get_by_text("needed deliveries are missing this month")).to_be_visible()
    offered = plain.get_by_label("Month", exact=True).locator("option").first.get_attribute("value")
    follow(plain.get_by_role("button", name="Run the month"))
    expect(plain.get_by_role("heading", level=1)).to_contain_text(f"lights score --as-of={offered}")
    expect(plain.locator("[role=alert]")).to_contain_text("refused", timeout=60_000)
    expect(plain.locator("pre")).to_contain_text("--incomplete")
    follow(plain.get_by_role("link", name="Deliveries").last)
    last = read_runs(own.data).runs[-1]
    assert (last.what, last.outcome, last.by.rpartition(" ")[2]) == ("score", "refused", "clerk")
    plain.get_by_text("Runs", exact=True).click()
    expect(plain.get_by_role("region", name="Runs").locator("tbody tr").first).to_contain_text("refused")


def test_with_a_reason_the_month_is_published_and_says_so(own: County, address: str, plain: Page) -> None:
    plain.goto(f"{address}/deliveries?lang=zh")
    month = plain.get_by_label("月份").locator("option").first.get_attribute("value")
    plain.get_by_label("送达不全仍发布的原因（可空）").fill("等银行补送")
    follow(plain.get_by_role("button", name="开始评灯"))
    expect(plain.locator("main [role=status]")).to_contain_text("已完成", timeout=60_000)
    manifest = own.store.warnings
    assert (manifest / f"month={str(month)[:7]}").is_symlink()


def test_empty_workbooks_are_there_to_hand_to_a_bank(address: str, plain: Page) -> None:
    plain.goto(f"{address}/deliveries?lang=zh")
    expect(plain.get_by_role("link", name="空白表")).to_have_attribute("href", "/templates.zip")
    archive = zipfile.ZipFile(io.BytesIO(http_requests.get(f"{address}/templates.zip").raise_for_status().content))
    assert {"农户_households.xlsx", "贷款_loans.xlsx", "还款计划_instalments.xlsx"} <= set(archive.namelist())
    assert archive.testzip() is None


def test_rows_in_quarantine_are_listed_and_taken_away(address: str, plain: Page) -> None:
    plain.goto(f"{address}/quarantine?lang=en")
    row = plain.locator("tbody tr", has_text="payments.csv")
    expect(row).to_contain_text("long ago")
    expect(row).to_contain_text("paid_on")
    book = http_requests.get(f"{address}/quarantine.xlsx").raise_for_status()
    cells = [value for sheet in load_workbook(io.BytesIO(book.content)) for line in sheet.values for value in line]
    assert "long ago" in cells
    assert http_requests.get(f"{address}/quarantine?bank=nobody").status_code == 409


def test_no_other_role_comes_to_the_desk_and_the_clerk_sees_no_household(own: County, address: str) -> None:
    for path in ("/", "/cases", "/people", "/audit", f"/households/{own.warnings['household_id'][0]}"):
        assert http_requests.get(f"{address}{path}").status_code == 403, path
    for role in ("county_official", "analyst", "auditor", "administrator"):
        with serving(own.data, role=role) as other:
            for path in ("/deliveries", "/quarantine", "/quarantine.xlsx", "/jobs/1", "/uploads/1"):
                assert http_requests.get(f"{other}{path}").status_code == 403, (role, path)
            assert http_requests.post(f"{other}/jobs/score", data={"as_of": "2025-12-31"}).status_code == 403


def test_findings_are_acknowledged_with_a_reason(own: County, address: str, plain: Page) -> None:
    plain.goto(f"{address}/deliveries?lang=en")
    follow(plain.get_by_role("button", name="Monitor the newest month"))
    expect(plain.get_by_text("exit code 3")).to_be_visible(timeout=120_000)
    plain.goto(f"{address}/deliveries?lang=en")
    boxes = plain.get_by_role("group", name="Findings of").get_by_role("checkbox")
    codes = [str(box.get_attribute("value")) for box in boxes.all()]
    assert codes
    boxes.first.check()
    follow(plain.get_by_role("button", name="Acknowledge the ticked ones"))
    expect(plain.get_by_text("Say why the findings are known")).to_be_visible()
    plain.goto(f"{address}/deliveries?lang=en")
    plain.get_by_role("group", name="Findings of").get_by_role("checkbox").first.check()
    plain.get_by_label("Known because").fill("the bank said so")
    follow(plain.get_by_role("button", name="Acknowledge the ticked ones"))
    expect(plain.locator("main p strong").first).not_to_have_text("under way", timeout=120_000)
    [known] = read_acknowledgements(own.data)
    assert (known.code, known.reason, known.by.rpartition(" ")[2]) == (codes[0], "the bank said so", "clerk")


def test_a_job_that_is_not_there_is_refused_and_text_is_no_option(own: County, address: str) -> None:
    assert http_requests.get(f"{address}/jobs/999?lang=en").status_code == 404
    asked = {"as_of": "2025-12-30", "incomplete": "--help"}
    answer = http_requests.post(f"{address}/jobs/score?lang=en", data=asked, follow_redirects=True)
    assert "lights score --as-of=2025-12-30 --incomplete=--help" in answer.text
    for _ in range(600):
        if read_runs(own.data).runs[-1].told.get("as_of") == "2025-12-30":
            break
        time.sleep(0.1)
    assert "is no month end" in str(read_runs(own.data).runs[-1].refused)


def test_a_refused_file_stands_beside_the_matrix_until_it_is_loaded(own: County, address: str, tmp_path: Path) -> None:
    file = tmp_path / "assets.csv"
    file.write_text("no,heading\n1,2\n", "utf-8")
    assert lights(own.data, "load", tmp_path, "--delivered-on", "2026-01-12").returncode == 1
    assert (
        "Files that were refused and have not been loaded since: assets.csv"
        in http_requests.get(f"{address}/deliveries?lang=en").text
    )
    household = own.warnings["household_id"][0]
    file.write_text(f"household_id,observed_on,known_on\n{household},2026-01-01,2026-01-02\n", "utf-8")
    done(lights(own.data, "load", tmp_path, "--delivered-on", "2026-01-12"))
    assert "have not been loaded since" not in http_requests.get(f"{address}/deliveries?lang=en").text
