"""One month of each role in the browser, from the first page to what is left behind; the clerk's stands apart."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page, expect

from features.console import county_today
from serving.access.scope import ALL_LOANS
from serving.audit.command_line import database_of
from serving.cases.repository import CaseQuery, search_cases
from tests import http_requests
from tests.conftest import County
from tests.running_service import KEYS, key_for, serving
from tests.serving.browsers import follow, unfold
from tests.serving.pages.conftest import alone

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def own(county: County, tmp_path_factory: pytest.TempPathFactory) -> County:
    return county.copied_to(tmp_path_factory.mktemp("roles") / "var")


@pytest.fixture(scope="module")
def address(own: County) -> Iterator[str]:
    with serving(own.data) as signed:
        yield f"http://127.0.0.1:{signed.rpartition(':')[2]}"


@pytest.fixture
def as_role(own: County, address: str, browser: Browser) -> Iterator[OpenPage]:
    """Opens a page of somebody with a role; width: of the window."""
    opened = []

    def open_page(role: str, width: int = 1280, **narrowed: str) -> Page:
        KEYS[int(address.rpartition(":")[2])] = key_for(own.data, role, **narrowed)
        page = alone(browser, width=width, scripts=False)
        opened.append(page)
        return page.__enter__()

    yield open_page
    for page in reversed(opened):
        page.__exit__(None, None, None)


def test_the_officer_reads_why_records_the_visit_and_puts_the_case_off(
    own: County, address: str, as_role: OpenPage
) -> None:
    bank = own.warnings.filter(pl.col("light") == "red")["bank"][0]
    page = as_role("officer", bank=bank)
    page.goto(f"{address}/?lang=zh")
    follow(page.locator("tbody a[href^='/households/']").first)
    reasons = page.locator(".main-reasons li").all_inner_texts()
    assert 1 <= len(reasons) <= 3
    follow(page.get_by_role("button", name="开走访处置单").first)
    page.get_by_text("走访", exact=True).first.click()
    visit = page.locator("form:has(input[name='kind'][value='visit'])")
    visit.locator("input[name='on_date']").fill(str(county_today()))
    visit.locator("textarea").fill("人在家，已说明到期日")
    follow(visit.get_by_role("button"))
    expect(page.locator(".case li").last).to_contain_text("已说明到期日")
    page.get_by_text("暂缓", exact=True).click()
    snooze = page.locator("form:has(input[name='kind'][value='snooze'])")
    snooze.locator("input[name='on_date']").fill(str(county_today() + timedelta(days=14)))
    snooze.locator("textarea").fill("卖羊后还")
    follow(snooze.get_by_role("button"))
    expect(page.locator(".case h3")).to_contain_text("暂缓至")
    with database_of(own.data).read_session() as session:
        [case] = search_cases(session, CaseQuery(), ALL_LOANS)
    assert (case.bank, case.snoozed_until) == (bank, county_today() + timedelta(days=14))


def test_the_cadre_finds_the_villages_due_loans_on_a_phone_and_prints_the_notices(
    own: County, address: str, as_role: OpenPage
) -> None:
    due = own.warnings.filter(pl.col("days_to_maturity").is_between(0, 90))
    village = due["village_code"].value_counts(sort=True)["village_code"][0]
    mine = due.filter(pl.col("village_code") == village)
    page = as_role("cadre", width=390, area=village)
    page.goto(f"{address}/maturities?lang=zh")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.get_by_role("heading", level=2)).to_contain_text(f"{mine.height} 笔贷款")
    follow(page.get_by_role("link", name="打印到期通知"))
    expect(page.locator("article.notice")).to_have_count(mine.height)
    expect(page.locator("article.notice").first).to_contain_text("回执")
    shown = page.locator("main").inner_text()
    assert all(loan in shown for loan in mine["loan_id"])


def test_the_official_follows_a_figure_to_its_loans_and_issues_the_bulletin(
    own: County, address: str, as_role: OpenPage
) -> None:
    page = as_role("county_official")
    page.goto(f"{address}/board?lang=zh")
    red = page.locator(".tiles li", has_text="红灯").locator("a")
    counted = red.inner_text()
    follow(red)
    expect(page.locator(".beside p").first).to_contain_text(f"{counted} 笔贷款")
    follow(page.get_by_role("link", name="报表"))
    page.get_by_label("种类").select_option("quarterly")
    with page.expect_download() as download:
        page.get_by_role("button", name="生成 Excel").click()
    assert download.value.suggested_filename == f"quarterly-{own.newest}-zh.xlsx"
    book = load_workbook(io.BytesIO(download.value.path().read_bytes()))
    assert book.worksheets[0]["A1"].value == "小额信贷季度通报"
    assert {"要点", "排名 银行", "趋势"} <= set(book.sheetnames)


def test_the_analyst_compares_the_models_and_sees_no_household(own: County, address: str, as_role: OpenPage) -> None:
    page = as_role("analyst")
    page.goto(f"{address}/model?lang=en")
    unfold(page)
    expect(page.get_by_role("row", name="in use")).to_be_visible()
    expect(page.get_by_role("row", name="challenger")).to_be_visible()
    page.goto(f"{address}/?lang=en")
    shown = page.locator("main").inner_text()
    assert not [one for one in own.warnings["household_id"] if one in shown]


def test_before_any_month_the_reports_say_so(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    with serving(tmp_path / "var") as signed:
        answer = http_requests.get(f"{signed}/reports/statistics.xlsx?as_of=2025-12-31&kind=monthly&lang=en")
        assert (answer.status_code, "No month is published" in http_requests.get(f"{signed}/reports?lang=en").text) == (
            409,
            True,
        )


def test_the_auditor_finds_the_export(address: str, as_role: OpenPage) -> None:
    official = as_role("county_official")
    official.goto(f"{address}/reports?lang=en")
    with official.expect_download():
        official.get_by_role("button", name="Make the Excel file").click()
    page = as_role("auditor")
    page.goto(f"{address}/audit?lang=en&action=export")
    row = page.locator("tbody tr", has_text="GET /reports/statistics.xlsx").first
    expect(row).to_contain_text("report=monthly")
    expect(row).to_contain_text("county_official")
