"""The work list as a list of work, in a browser without scripts: assign, see what is mine, visit, print it whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect

from features.console import county_today, utc_now
from features.months import month_end_after
from serving.access.accounts import account_details, create_account
from serving.audit.command_line import database_of
from serving.months.published_editions import month_folder_name
from tests import http_requests
from tests.conftest import County
from tests.running_service import key_for, serving
from tests.serving.browsers import follow
from tests.serving.pages.conftest import alone


@pytest.fixture(scope="module")
def own(by_rules: County, tmp_path_factory: pytest.TempPathFactory) -> County:
    county = by_rules.copied_to(tmp_path_factory.mktemp("work") / "var")
    bank = county.warnings["bank"][0]
    with database_of(county.data).write_session() as session:
        create_account(session, account_details("li.wei", "officer", bank=bank), utc_now())
        create_account(session, account_details("ma.hong", "officer", bank="another bank"), utc_now())
    return county


@pytest.fixture(scope="module")
def address(own: County) -> Iterator[str]:
    with serving(own.data) as signed:
        yield signed


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    with alone(browser, scripts=False) as page:
        yield page


def loans_of_bank(own: County, light: str) -> list[str]:
    rows = own.warnings.filter(pl.col("bank") == own.warnings["bank"][0], pl.col("light") == light)
    return rows["loan_id"].to_list()


def row(page: Page, loan: str) -> str:
    return page.locator("tbody tr", has=page.get_by_text(loan, exact=True)).inner_text()


def test_ticked_loans_are_assigned_at_once_and_are_then_the_officers(own: County, address: str, plain: Page) -> None:
    first, second = loans_of_bank(own, "red")[:2]
    plain.goto(f"{address}/?lang=en&light=red&sort=loan_id&bank={own.warnings['bank'][0]}")
    for loan in (first, second):
        plain.get_by_label(f"Tick {loan}").check()
    plain.get_by_label("Assign the ticked loans to").select_option("li.wei")
    follow(plain.get_by_role("button", name="Assign"))
    expect(plain.get_by_role("status")).to_have_text("Assigned: 2.")
    assert "light=red" in plain.url
    assert "li.wei" in row(plain, first)
    assert "li.wei" in row(plain, second)


def test_a_loan_cannot_be_assigned_to_somebody_who_does_not_see_it(own: County, address: str, plain: Page) -> None:
    loan = loans_of_bank(own, "red")[2]
    plain.goto(f"{address}/?lang=en&light=red&sort=loan_id&bank={own.warnings['bank'][0]}")
    plain.get_by_label(f"Tick {loan}").check()
    plain.get_by_label("Assign the ticked loans to").select_option("ma.hong")
    follow(plain.get_by_role("button", name="Assign"))
    expect(plain.get_by_text(f"1 loans cannot be assigned to ma.hong ({loan})")).to_be_visible()
    follow(plain.get_by_role("link", name="Back"))
    assert "light=red" in plain.url
    plain.goto(f"{address}/cases?lang=en&state=all")
    expect(plain.get_by_text(loan, exact=True)).to_have_count(0)


def test_nothing_ticked_is_told(address: str, plain: Page) -> None:
    plain.goto(f"{address}/?lang=zh&light=red")
    follow(plain.get_by_role("button", name="指派"))
    expect(plain.get_by_text("请先勾选贷款并选择责任人")).to_be_visible()


def test_a_visit_that_is_recorded_on_the_sheet_leaves_the_view_of_those_to_visit(
    own: County, address: str, plain: Page
) -> None:
    elsewhere = pl.col("bank") != own.warnings["bank"][0]
    loan, household = own.warnings.filter(elsewhere, light="red").select("loan_id", "household_id").row(0)
    view = f"{address}/?lang=en&work=unvisited&q={loan}"
    plain.goto(view)
    assert "to be visited" in row(plain, loan)
    plain.goto(f"{address}/households/{household}?lang=en")
    expect(plain.get_by_text("Visit: to be visited")).to_be_visible()
    follow(plain.get_by_role("button", name=f"Open a case on loan {loan}"))
    plain.get_by_text("visit", exact=True).click()
    plain.locator("input[id$='visit-on_date']").fill(str(county_today()))
    plain.locator("input[id$='visit-joint']").check()
    follow(plain.get_by_role("button", name="Save (visit)"))
    expect(plain.get_by_text(f"Visit: visited {county_today()}")).to_be_visible()
    expect(plain.locator(".case li")).to_contain_text("bank and township together")
    plain.goto(view)
    expect(plain.locator("tbody tr")).to_have_count(0)
    plain.goto(f"{address}/?lang=en&q={loan}")
    assert "visited" in row(plain, loan)


def test_bad_loans_stand_in_a_group_of_their_own_after_those_to_prevent(own: County, address: str, plain: Page) -> None:
    plain.goto(f"{address}/worklist/print?lang=zh")
    groups = plain.locator("tr.group").all_inner_texts()
    assert [words.split("：")[0] for words in groups] == ["可预防", "已形成不良", "绿灯"]
    loans = plain.locator(".loan").all_inner_texts()
    assert len(loans) == own.warnings.height
    bad = own.warnings.filter(pl.col("status") == "bad")["loan_id"].to_list()
    lit = own.warnings.filter(pl.col("light") != "green").height
    assert set(loans[lit - len(bad) : lit]) == set(bad)


def test_the_printed_list_has_neither_boxes_nor_forms(address: str, plain: Page) -> None:
    plain.goto(f"{address}/worklist/print?lang=en")
    plain.emulate_media(media="print")
    expect(plain.locator("td.tick").first).to_be_hidden()
    expect(plain.get_by_role("button", name="Assign")).to_be_hidden()
    assert plain.get_by_role("link", name="Next page").count() == 0


def test_an_analyst_sees_no_cases_in_the_list(own: County, browser: Browser) -> None:
    with serving(own.data, role="analyst") as address, alone(browser, scripts=False) as page:
        page.goto(f"{address}/?lang=en")
        assert page.locator("th", has_text="Responsible").count() == 0
        assert page.locator("td.tick").count() == 0
        answer = page.goto(f"{address}/?lang=en&work=mine")
        assert answer is not None
        assert answer.status == 409


def test_the_files_hold_the_visits_and_the_printed_list_is_an_export_in_the_audit(own: County, address: str) -> None:
    rows = list(
        csv.DictReader(io.StringIO(http_requests.get(f"{address}/worklist.csv?lang=en").content.decode("utf-8-sig")))
    )
    lit = [line for line in rows if line["Light"] != "green"]
    assert {"to be visited", "visited"} >= {line["Visit"] for line in lit}
    assert all(line["Visit due by"] for line in lit)
    http_requests.get(f"{address}/worklist/print?lang=en&light=red").raise_for_status()
    auditor = key_for(own.data, "auditor")
    host = f"http://127.0.0.1:{address.rpartition(':')[2]}"
    entries = http_requests.get(f"{host}/api/v1/audit", headers={"authorization": f"Bearer {auditor}"}).json()["items"]
    [printed] = [one for one in entries if "/worklist/print" in one["subject"] and one["detail"].get("light") == "red"]
    assert (printed["action"], printed["detail"]["loans"]) == ("export", own.month.manifest.lights["red"]["loans"])


def test_the_numbers_of_the_views_are_those_of_their_lists(address: str, plain: Page) -> None:
    plain.goto(f"{address}/?lang=en&light=red&rows=200")
    link = plain.get_by_role("navigation", name="Visits").get_by_role("link", name="no visit yet")
    told = int(link.inner_text().rsplit(" ", 1)[1])
    follow(link)
    assert plain.locator("tbody tr:has(td)").count() == told


def test_an_earlier_month_has_no_visits_to_make(own: County, address: str, plain: Page) -> None:
    plain.goto(f"{address}/?lang=en&as_of={own.before}")
    assert plain.locator("td.tick").count() == 0
    answer = plain.goto(f"{address}/?lang=en&as_of={own.before}&work=overdue")
    assert answer is not None
    assert answer.status == 409
    plain.goto(f"{address}/board?lang=en&as_of={own.before}")
    expect(plain.get_by_role("heading", name="Visits so far")).to_have_count(0)


def test_my_cases_are_those_that_were_assigned_to_me(own: County, address: str, plain: Page) -> None:
    loan = own.warnings.filter(light="yellow")["loan_id"][0]
    body = {"loan_ids": [loan], "responsible": "county_official"}
    http_requests.post(f"{address}/api/v1/cases/assign", json=body).raise_for_status()
    plain.goto(f"{address}/cases?state=mine&lang=en")
    assert plain.locator("tbody td:nth-child(4)").all_inner_texts() == [loan]


def test_an_earlier_month_that_cannot_be_read_is_told_beside_the_visits(own: County, browser: Browser) -> None:
    """The last test of this file: it damages the county's own copy."""
    link = own.store.warnings / month_folder_name(month_end_after(own.newest, -2))
    damaged = own.data / "editions" / link.name / "edition-1" / "warnings"
    damaged.mkdir(parents=True)
    (damaged / "640323.parquet").write_bytes(b"cut")
    newest = (own.month.folder / "manifest.json").read_text("utf-8")
    (damaged.parent / "manifest.json").write_text(newest, "utf-8")
    link.symlink_to(damaged)
    with serving(own.data) as address, alone(browser, scripts=False) as page:
        page.goto(f"{address}/?lang=en")
        expect(page.get_by_role("note").filter(has_text=str(month_end_after(own.newest, -2)))).to_be_visible()
