"""The work list narrowed, sorted and taken away, as an officer does."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx2
import openpyxl
import polars as pl
import pytest
from playwright.sync_api import Page, expect

from serving.pages.rendering import PAGE_SIZES
from serving.portfolio.quadrants import QUADRANT_WORDS, Quadrant
from tests import http_requests
from tests.conftest import County
from tests.running_service import key_for
from tests.serving.browsers import follow


def shown(page: Page) -> list[str]:
    """Loan numbers of the list's first page."""
    return page.locator("table.list tbody .loan").all_inner_texts()


def loans(county: County, condition: pl.Expr) -> set[str]:
    return set(county.warnings.filter(condition)["loan_id"])


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("corner", Quadrant)
def test_a_corner_lists_its_loans_and_says_how_many(
    county: County, served: str, page: Page, corner: Quadrant, lang: str
) -> None:
    mine = loans(county, corner.condition)
    page.goto(f"{served}/?lang={lang}")
    follow(page.locator(".corners").get_by_role("link", name=f"{getattr(QUADRANT_WORDS[corner], lang)} {len(mine):,}"))
    assert set(shown(page)) <= mine
    assert len(shown(page)) == min(PAGE_SIZES[0], len(mine))
    expect(page.locator(".corners [aria-current]")).to_contain_text(getattr(QUADRANT_WORDS[corner], lang))


def test_the_form_narrows_by_bank_place_and_day_together(county: County, served: str, page: Page) -> None:
    first = county.warnings.filter(pl.col("days_to_maturity").is_between(0, 180)).row(0, named=True)
    page.goto(f"{served}/?lang=en")
    page.get_by_label("Bank", exact=True).select_option(first["bank"])
    page.get_by_label("Township", exact=True).select_option(first["township_code"])
    page.get_by_label("Falls due").select_option("180")
    follow(page.get_by_role("button", name="Apply"))
    due = pl.col("days_to_maturity").is_between(0, 180)
    place = (pl.col("bank") == first["bank"]) & (pl.col("township_code") == first["township_code"])
    follow(page.locator(".pager").get_by_role("link", name="200"))
    assert set(shown(page)) == loans(county, due & place)
    page.get_by_label("Village", exact=True).select_option(first["village_code"])
    follow(page.get_by_role("button", name="Apply"))
    assert set(shown(page)) == loans(county, due & place & (pl.col("village_code") == first["village_code"]))


@pytest.mark.parametrize(
    ("sort", "by"), [("days_to_maturity", "days_to_maturity"), ("outstanding_principal", "-outstanding_principal")]
)
def test_the_list_is_sorted_as_chosen(county: County, served: str, page: Page, sort: str, by: str) -> None:
    page.goto(f"{served}/?lang=en")
    page.get_by_label("Order").select_option(sort)
    follow(page.get_by_role("button", name="Apply"))
    key = pl.col(by.removeprefix("-"))
    order = county.warnings.sort(-key if by.startswith("-") else key, "loan_id")
    assert shown(page) == order["loan_id"].to_list()[: PAGE_SIZES[0]]


def test_a_phone_folds_the_form_away_and_a_wide_page_does_not(served: str, page: Page, phone: Page) -> None:
    for each, is_open in ((page, True), (phone, False)):
        each.goto(f"{served}/?lang=en")
        assert each.get_by_label("Bank", exact=True).is_visible() == is_open
    phone.get_by_text("Narrow", exact=True).click()
    expect(phone.get_by_label("Bank", exact=True)).to_be_visible()


def taken(served: str, kind: str, **asked: str) -> httpx2.Response:
    answer = http_requests.get(f"{served}/worklist.{kind}", params={"lang": "en", **asked})
    assert "attachment" in answer.raise_for_status().headers["content-disposition"]
    return answer


def test_csv_and_excel_hold_exactly_what_is_listed_in_its_order(served: str) -> None:
    asked = {"corner": "rules_only", "sort": "outstanding_principal"}
    listed = _items(served, sort="outstanding_principal")
    expected = [one["loan_id"] for one in listed if one["rule_light"] != "green" and one["model_light"] == "green"]
    rows = list(csv.DictReader(io.StringIO(taken(served, "csv", **asked).content.decode("utf-8-sig"))))
    assert [row["Loan"] for row in rows] == expected
    assert {row["Rules and model"] for row in rows} == {"only the rules lit"}
    sheet = openpyxl.load_workbook(io.BytesIO(taken(served, "xlsx", **asked).content)).worksheets[0]
    header, *cells = list(sheet.iter_rows(min_row=4, values_only=True))
    assert [row[header.index("Loan")] for row in cells] == expected


def _items(served: str, **asked: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        more: dict[str, str] = {"cursor": cursor} if cursor else {}
        answer = http_requests.get(f"{served}/api/v1/warnings", params={"limit": "500", **asked, **more}).json()
        items += answer["items"]
        cursor = answer["next_cursor"]
        if cursor is None:
            return items


def test_what_is_taken_away_is_in_scope_and_in_the_audit(county: County, served: str) -> None:
    bank = county.warnings["bank"][0]
    address = f"http://127.0.0.1:{served.rpartition(':')[2]}"
    officer, auditor = key_for(county.data, "officer", bank), key_for(county.data, "auditor")
    answer = http_requests.get(f"{address}/worklist.csv?lang=en", headers={"authorization": f"Bearer {officer}"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["Loan"] for row in rows} == loans(county, pl.col("bank") == bank)
    entries = http_requests.get(f"{address}/api/v1/audit", headers={"authorization": f"Bearer {auditor}"}).json()[
        "items"
    ]
    exported = [one for one in entries if one["action"] == "export" and "/worklist.csv" in one["subject"]]
    assert exported[0]["detail"]["loans"] == len(rows)


def test_a_filter_that_is_left_empty_asks_for_nothing_and_one_that_is_wrong_is_refused(served: str) -> None:
    empty = "/?light=&bank=&area=&village=&due_within_days=&corner=&sort=&as_of=&q=&cursor="
    assert http_requests.get(f"{served}{empty}").status_code == 200
    for wrong in ("light=blue", "area=1", "due_within_days=-1", "due_within_days=3661", "corner=middle"):
        assert http_requests.get(f"{served}/?{wrong}").status_code == 422
