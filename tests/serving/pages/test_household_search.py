"""From a village's name to a household without a loan, and on to the history of the loan that it repaid."""

from __future__ import annotations

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from features.ledger.ledger import Ledger
from tests import http_requests
from tests.conftest import County


def repaid(county: County) -> tuple[str, str, str]:
    """A household without an open loan in a village that has a name, its settled loan, and the village's name."""
    ledger = Ledger(county.data / "ledger")
    events = ledger.scan("loan_events").filter(pl.col("kind") == "settled").select("loan_id", "household_id")
    places = ledger.scan("households").select("household_id", "village_name").drop_nulls()
    rows = events.join(places, on="household_id").collect().sort("loan_id").rows()
    borrowing = set(county.warnings["household_id"])
    loan, household, village = next(row for row in rows if row[1] not in borrowing)
    return household, loan, village


def test_a_village_leads_to_a_household_without_a_loan_and_to_the_history_of_its_repaid_loan(
    county: County, served: str, page: Page
) -> None:
    household, loan, village = repaid(county)
    http_requests.get(f"{served}/households").raise_for_status()  # the first search of a service takes longer
    page.goto(f"{served}/?lang=zh")
    page.get_by_role("textbox", name="查找农户或贷款").fill(village)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("查找农户")
    page.get_by_label("贷款", exact=True).select_option("none")
    page.get_by_role("button", name="应用筛选").click()
    page.get_by_role("link", name="200", exact=True).click()
    page.get_by_role("link", name=household).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"农户 {household}")
    expect(page.get_by_role("status")).to_contain_text("无未结贷款")
    page.get_by_role("link", name=loan).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"贷款 {loan}")
    expect(page.get_by_role("status")).to_contain_text(county_words(served, loan))
    page.get_by_role("link", name=household).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"农户 {household}")


def county_words(served: str, loan: str) -> str:
    """How the loan ended, as the interface says it."""
    record = http_requests.get(f"{served}/api/v1/loans/{loan}/history").raise_for_status().json()["record"]
    return str(record["ending"]["zh"])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_household_with_an_open_loan_links_to_the_loans_that_it_has_repaid(
    county: County, served: str, page: Page, lang: str
) -> None:
    ledger = Ledger(county.data / "ledger")
    closed = ledger.scan("loans").select("loan_id", "household_id").collect()
    closed = closed.filter(~pl.col("loan_id").is_in(county.warnings["loan_id"].implode()))
    both = closed.filter(pl.col("household_id").is_in(county.warnings["household_id"].implode())).sort("loan_id")
    loan, household = both.row(0)
    page.goto(f"{served}/households/{household}?lang={lang}")
    page.get_by_text({"zh": "已结束的贷款", "en": "Closed loans"}[lang]).first.click()
    page.get_by_role("link", name=loan, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(loan)


def test_a_sheet_leads_to_the_whole_history_of_an_open_loan(county: County, served: str, page: Page) -> None:
    warning = county.warnings.row(0, named=True)
    page.goto(f"{served}/households/{warning['household_id']}?lang=en")
    page.get_by_role("link", name="All since it was paid out").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Loan L")
    expect(page.get_by_role("status")).to_contain_text("open")


@pytest.mark.parametrize("path", ["/households", "/ledger"])
def test_a_field_of_the_filters_is_a_line_high(served: str, page: Page, path: str) -> None:
    page.goto(f"{served}{path}?lang=zh")
    box = page.locator("form.narrow input:not([type=hidden])").first.bounding_box()
    assert box is not None
    assert box["height"] <= 60
