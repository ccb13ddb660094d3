"""The pages as a credit officer uses them: find a household, read its light and why, in either language."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import polars as pl
import pytest
from playwright.sync_api import Page, expect

from tests import http_requests
from tests.conftest import County
from tests.running_service import serving, unsigned
from tests.serving.browsers import follow, unfold

KINDS = ("red", "yellow", "green", "gone_bad")
SAID = {
    "zh": ("规则预警", "触发的规则", "已知情况", "还款计划与记录", "应采取的措施"),
    "en": ("Rule light", "Rules that fired", "What is known", "Schedule and repayments", "What to do"),
}


def body(page: Page) -> str:
    return " ".join(page.inner_text("body").split())


@pytest.mark.parametrize("kind", KINDS)
def test_a_typed_number_and_enter_find_the_household(county: County, served: str, page: Page, kind: str) -> None:
    household = county.one_of_each()[kind]
    page.goto(served)
    page.get_by_role("textbox", name="查找农户或贷款").fill(f" {household} ")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr:has(td)")).to_have_count(1)
    page.get_by_role("link", name=household).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"农户 {household}")


def test_a_loans_number_finds_its_household_too(county: County, served: str, page: Page) -> None:
    loan, household = county.warnings.select("loan_id", "household_id").row(0)
    page.goto(served)
    page.get_by_role("textbox", name="查找农户或贷款").fill(loan)
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_role("link", name=household)).to_be_visible()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_household_shows_its_light_and_why_in_either_language(
    county: County, served: str, page: Page, kind: str, lang: str
) -> None:
    household = county.one_of_each()[kind]
    told = http_requests.get(f"{served}/api/v1/households/{household}/explanation").json()
    page.goto(f"{served}/households/{household}?lang={lang}")
    unfold(page)
    shown = body(page)
    for loan in told["loans"]:
        sentences = [one[lang] for one in (*loan["warning"]["rules"], *loan["warning"]["reasons"])]
        assert [one for one in (*sentences, loan[f"likelihood_{lang}"], *SAID[lang]) if one not in shown] == []
        assert loan["instalments"][0]["due_on"] in shown


def test_the_language_switch_keeps_the_household_and_the_month(county: County, served: str, page: Page) -> None:
    household = county.one_of_each()["yellow"]
    page.goto(f"{served}/households/{household}?as_of={county.before}")
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Household {household} As of {county.before}")
    page.get_by_role("link", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"农户 {household} 截至 {county.before}")


def test_a_light_in_the_list_shows_the_loans_of_that_light(county: County, served: str, page: Page) -> None:
    page.goto(served)
    for light, words in (("red", "红灯"), ("yellow", "黄灯")):
        follow(page.locator(".filters").get_by_role("link", name=words))
        assert set(page.locator("tbody td .lamp").all_inner_texts()) == {words}
        expect(page.get_by_text(f"{county.month.manifest.lights[light]['loans']} 笔贷款", exact=True)).to_be_visible()
        expect(page.locator(".filters [aria-current]")).to_contain_text(words)


def test_every_row_of_the_list_says_why(served: str, page: Page) -> None:
    for light in ("red", "yellow"):
        page.goto(f"{served}/?light={light}")
        assert all(text.strip() for text in page.locator("tbody tr td:last-child").all_inner_texts())


def test_turning_pages_shows_every_loan_of_an_earlier_month_once(county: County, served: str, page: Page) -> None:
    page.goto(f"{served}/?as_of={county.before}")
    found = page.locator("tbody .loan").all_inner_texts()
    while page.get_by_role("link", name="下一页").count():
        follow(page.get_by_role("link", name="下一页"))
        expect(page.get_by_role("heading", level=1)).to_contain_text(str(county.before))
        found += page.locator("tbody .loan").all_inner_texts()
    month = http_requests.get(
        f"{served}/api/v1/warnings", params={"as_of": str(county.before), "limit": 500, "sort": "prevention"}
    ).json()
    assert found == [item["loan_id"] for item in month["items"]]


def test_the_keyboard_alone_finds_and_opens_a_household(county: County, served: str, page: Page) -> None:
    household = county.one_of_each()["red"]
    page.goto(served)
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.type(household)
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr:has(td)")).to_have_count(1)
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == household:
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(household)


def test_what_the_keyboard_is_on_is_seen(served: str, page: Page) -> None:
    page.goto(served)
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_it_works_without_scripts(county: County, served: str, without_scripts: Page) -> None:
    household = county.one_of_each()["yellow"]
    without_scripts.goto(served)
    without_scripts.get_by_role("textbox", name="查找农户或贷款").fill(household)
    without_scripts.keyboard.press("Enter")
    without_scripts.get_by_role("link", name=household).click()
    without_scripts.get_by_role("link", name="English").click()
    expect(without_scripts.get_by_role("heading", level=1)).to_contain_text(f"Household {household}")
    expect(without_scripts.get_by_text("Of 100 loans like this one").first).to_be_visible()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_phone_never_scrolls_sideways(county: County, served: str, phone: Page, kind: str, lang: str) -> None:
    for path in ("/", f"/households/{county.one_of_each()[kind]}", "/households/nobody"):
        phone.goto(f"{served}{path}?lang={lang}")
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh", "的预警台账中没有农户 H999 的未结贷款；请核对编号。"),
        ("en", "No open loan of household H999 is in the list of"),
    ],
)
def test_an_unknown_household_is_a_sentence_and_404(served: str, page: Page, lang: str, said: str) -> None:
    answer = page.goto(f"{served}/households/H999?lang={lang}")
    assert answer
    assert answer.status == 404
    assert said in page.get_by_role("alert").inner_text()
    expect(page.get_by_role("search")).to_be_visible()


def test_the_switch_works_for_a_household_with_any_name(served: str, page: Page) -> None:
    page.goto(f"{served}/households/农户 1%3F&x?lang=zh")
    follow(page.get_by_role("link", name="English"))
    assert "household 农户 1?&x is" in page.get_by_role("alert").inner_text()


def test_what_is_typed_is_text_and_never_markup(served: str, page: Page) -> None:
    page.goto(served)
    page.get_by_role("textbox", name="查找农户或贷款").fill('"><b id=x>')
    page.keyboard.press("Enter")
    expect(page.get_by_text("没有找到。请核对编号。")).to_be_visible()
    expect(page.locator("#x")).to_have_count(0)
    expect(page.get_by_role("textbox", name="查找农户或贷款")).to_have_value('"><b id=x>')


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a store in which nothing is published."""
    with serving(tmp_path_factory.mktemp("empty")) as address:
        yield address


@pytest.mark.parametrize(
    ("lang", "said"),
    [("zh", "尚未发布任何月份；请先运行 lights score。"), ("en", "No month is published; run lights score first.")],
)
@pytest.mark.parametrize("path", ["/", "/households/H1"])
def test_before_the_first_month_there_is_a_sentence(empty: str, page: Page, path: str, lang: str, said: str) -> None:
    page.goto(f"{empty}{path}?lang={lang}")
    expect(page.get_by_role("alert")).to_have_text(said)


def test_a_month_lit_by_the_rules_says_so(by_rules: County, page: Page) -> None:
    household = by_rules.one_of_each()["gone_bad"]
    green = by_rules.facts.filter(~by_rules.facts["has_gone_bad"])["household_id"][0]
    with serving(by_rules.data) as address:
        page.goto(f"{address}/households/{green}?lang=en")
        expect(page.get_by_text("There was no usable model; the light is by the rules alone.").first).to_be_visible()
        page.goto(f"{address}/households/{household}?lang=en")
        expect(page.get_by_text("model none")).to_be_visible()


def test_the_interfaces_own_document_needs_nothing_from_outside(served: str, page: Page) -> None:
    page.goto(f"{unsigned(served)}/docs")
    expect(page.get_by_text("/api/v1/warnings")).to_be_visible()


def test_no_browser_fault_is_logged(county: County, served: str, page: Page) -> None:
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(served)
    page.goto(f"{served}/households/{county.one_of_each()['yellow']}")
    assert faults == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_household_shows_its_ratings_notes_and_routes_of_help(
    county: County, served: str, page: Page, lang: str
) -> None:
    household = county.one_of_each()["red"]
    told = http_requests.get(f"{served}/api/v1/households/{household}/explanation").json()
    page.goto(f"{served}/households/{household}?lang={lang}")
    unfold(page)
    shown = body(page)
    sentences = [one[lang] for loan in told["loans"] for one in (*loan["notes"], *loan["routes"])]
    lines = [rating[lang] for rating in told["ratings"]] + [one[lang] for one in told["ratings"][0]["lines"]]
    assert [one for one in (*sentences, *lines) if one not in shown] == []
    assert len(sentences) > 3


def test_the_calendar_leads_from_a_township_to_the_notices_of_its_loans(served: str, page: Page) -> None:
    page.goto(f"{served}/maturities")
    follow(page.locator("tbody a").first)
    area = httpx2.URL(page.url).params["area"]
    due = http_requests.get(f"{served}/api/v1/maturities", params={"area": area, "limit": 500}).json()
    expect(page.get_by_role("heading", level=2)).to_contain_text(f"{due['total']:,}")
    follow(page.get_by_role("link", name="打印到期通知"))
    expect(page.locator("article.notice")).to_have_count(due["total"])
    shown = body(page)
    assert [one["loan_id"] for one in due["items"] if one["loan_id"] not in shown] == []


def test_each_notice_prints_on_a_sheet_of_its_own_without_the_header(served: str, page: Page) -> None:
    page.goto(f"{served}/maturities/notices?within_days=30&lang=zh")
    notices = page.locator("article.notice").count()
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="查找")).to_be_hidden()
    sheets = page.pdf(format="A4").count(b"/Type /Page\n")
    assert notices <= sheets <= notices + 1


def test_the_notices_of_a_loan_can_be_printed_from_its_household(county: County, served: str, page: Page) -> None:
    loan = county.warnings.filter(pl.col("days_to_maturity") > 0).row(0, named=True)
    page.goto(f"{served}/households/{loan['household_id']}?lang=en")
    follow(page.locator(f"article#{loan['loan_id']}").get_by_role("link", name="Print its notice"))
    expect(page.locator("article.notice")).to_have_count(1)
    assert loan["loan_id"] in body(page)
