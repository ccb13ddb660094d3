"""Every page on a phone, by keyboard and for a screen reader; the household's sheet on paper."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect

from tests import http_requests
from tests.conftest import County
from tests.serving.browsers import unfold
from tests.serving.pages.conftest import alone

PAGES = ("/", "/board", "/board?measure=overdue", "/model", "/groups", "/maturities", "/cases", "/account")
UNLABELLED = """[...document.querySelectorAll("input:not([type=hidden]), select, textarea")].filter(
    (field) => !field.labels.length && !field.ariaLabel).map((field) => field.outerHTML)"""
HEADLESS = """[...document.querySelectorAll("thead th:not([scope])")].map((cell) => cell.outerHTML)"""


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_each_page_has_landmarks_labels_headers_and_a_language(
    served: str, browser: Browser, path: str, lang: str
) -> None:
    with alone(browser, width=375) as narrow:
        narrow.goto(f"{served}{path}{'&' if '?' in path else '?'}lang={lang}")
        expect(narrow.get_by_role("main")).to_have_count(1)
        expect(narrow.get_by_role("heading", level=1)).to_have_count(1)
        expect(narrow.locator("html")).to_have_attribute("lang", "zh-Hans" if lang == "zh" else "en")
        assert narrow.evaluate(UNLABELLED) == []
        assert narrow.evaluate(HEADLESS) == []
        assert narrow.evaluate("document.documentElement.scrollWidth") <= 375


def test_the_first_key_offers_to_skip_to_the_content(served: str, page: Page) -> None:
    page.goto(f"{served}/board?lang=en")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize(("path", "name"), [("/", "Work list"), ("/board", "County board"), ("/model", "The model")])
def test_the_navigation_says_where_one_is(served: str, page: Page, path: str, name: str) -> None:
    page.goto(f"{served}{path}?lang=en")
    expect(page.get_by_role("navigation", name="Pages").locator("[aria-current=page]")).to_have_text(name)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", ["red", "yellow", "green", "gone_bad"])
def test_a_sheet_prints_on_two_pages_with_its_own_glyphs(
    county: County, served: str, page: Page, tmp_path: Path, kind: str, lang: str
) -> None:
    household = county.one_of_each()[kind]
    page.goto(f"{served}/households/{household}?lang={lang}")
    printed = tmp_path / "sheet.pdf"
    page.pdf(path=printed, format="A4", prefer_css_page_size=True)
    assert printed.read_bytes().count(b"/Type /Page\n") <= 2
    if not shutil.which("pdftotext"):
        pytest.skip("two pages, but their glyphs cannot be read: apt-get install poppler-utils")
    read = subprocess.run(["pdftotext", printed, "-"], capture_output=True, text=True, check=True).stdout
    assert household in read
    words = {"zh": ("农户", "应采取的措施", "还款计划与记录"), "en": ("Household", "What to do", "Schedule")}
    assert [one for one in words[lang] if one not in read] == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_household_with_two_loans_prints_on_two_pages_and_each_fact_of_the_household_once(
    county: County, served: str, page: Page, lang: str
) -> None:
    loans = county.warnings.group_by("household_id").len().filter(pl.col("len") == 2)["household_id"].sort()
    page.goto(f"{served}/households/{loans[0]}?lang={lang}")
    assert page.pdf(format="A4", prefer_css_page_size=True).count(b"/Type /Page\n") <= 2
    unfold(page)
    size = page.locator("article .facts tr", has_text={"zh": "家庭人口", "en": "People in the household"}[lang])
    expect(size).to_have_count(2)
    page.emulate_media(media="print")
    assert [row.is_visible() for row in size.all()] == [True, False]


def test_a_light_over_time_names_each_published_month(county: County, served: str, page: Page) -> None:
    household = county.one_of_each()["yellow"]
    page.goto(f"{served}/households/{household}?lang=en")
    said = page.locator("figure.history svg").first.get_attribute("aria-label") or ""
    light = county.warnings.filter(county.warnings["household_id"] == household)["light"][0]
    assert said.endswith(f"{county.newest:%Y-%m} {light}")


def test_the_sheet_asks_in_the_order_of_whoever_works_with_it(county: County, served: str, page: Page) -> None:
    page.goto(f"{served}/households/{county.one_of_each()['yellow']}?lang=en")
    unfold(page)
    found = page.locator("main h3, main h2").all_inner_texts()
    order = (
        "What would turn it green",
        "What changed",
        "Rules that fired",
        "What is known",
        "Schedule",
        "Cases",
    )
    places = [next(at for at, text in enumerate(found) if text.startswith(words)) for words in order]
    assert places == sorted(places)
    assert found[1].startswith("What would turn it green")


NUMBER = re.compile(r"\d[\d.,:%-]*")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", ["red", "yellow", "green", "gone_bad"])
def test_a_sheet_says_at_first_what_an_officer_needs_in_sixty_numbers_and_no_log_odds(
    county: County, served: str, browser: Browser, kind: str, lang: str
) -> None:
    household = county.one_of_each()[kind]
    with alone(browser, width=390) as phone:
        phone.goto(f"{served}/households/{household}?lang={lang}")
        said = phone.locator("main").inner_text()
        assert len(NUMBER.findall(said)) <= 60
        assert "log-odds" not in said
        assert "对数几率" not in said
        assert phone.evaluate("document.documentElement.scrollHeight") <= 2 * 900
        reasons = phone.locator(".main-reasons li").first.bounding_box()
        assert reasons is not None
        assert reasons["y"] < 900


@pytest.mark.parametrize("kind", ["red", "yellow"])
def test_the_first_words_agree_with_the_interface(county: County, served: str, page: Page, kind: str) -> None:
    household = county.one_of_each()[kind]
    told = http_requests.get(f"{served}/api/v1/households/{household}/explanation").json()["loans"][0]
    page.goto(f"{served}/households/{household}?lang=zh")
    expect(page.locator(".summary").first).to_have_text(told["summary_zh"])
    listed = page.locator("article").first.locator(".main-reasons li").all_inner_texts()
    assert len(listed) == len(told["main_reasons"]) <= 3
    for line, reason in zip(listed, told["main_reasons"], strict=True):
        assert reason["zh"] in line
        assert ("▲" in line) == (reason["direction"] == "raises")
        assert reason["points"] is None or f"{reason['points']} 分" in line


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("path", ["/", "/maturities"])
def test_on_a_phone_a_line_of_a_list_is_a_card_with_every_field_in_sight(
    served: str, browser: Browser, path: str, lang: str
) -> None:
    with alone(browser, width=390) as phone:
        phone.goto(f"{served}{path}?lang={lang}")
        cells = phone.locator("table.cards tbody tr:has(td)").first.locator("td")
        boxes = [cell.bounding_box() for cell in cells.all()]
        assert len(boxes) >= 7
        assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
        if path != "/":  # the work list says what its cells are by what stands in them
            assert all(cell.get_attribute("data-label") for cell in cells.all())


def test_groups_are_called_by_their_names(served: str, page: Page) -> None:
    for path in ("/groups?level=township", "/groups?level=village", "/groups?level=bank", "/maturities?level=village"):
        page.goto(f"{served}{path}&lang=zh")
        named = page.locator("table tbody th, table tbody a").all_inner_texts()
        assert named
        assert [each for each in named if each.startswith("640323")] == []
    page.goto(f"{served}/groups?level=product&lang=en")
    assert "microloan" in page.locator("tbody th").all_inner_texts()


def test_a_calendar_that_is_narrowed_says_to_what_and_can_be_widened(served: str, page: Page) -> None:
    page.goto(f"{served}/maturities?lang=en")
    township = page.locator("tbody a").first
    name = township.inner_text()
    township.click()
    expect(page.get_by_text(f"Narrowed to: {name}")).to_be_visible()
    page.get_by_role("link", name="Clear").click()
    expect(page.get_by_text("Narrowed to")).to_have_count(0)
