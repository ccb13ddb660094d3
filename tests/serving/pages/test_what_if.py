"""The what-if form as an officer fills it in: what was supposed, what comes of it, and what cannot be."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import County
from tests.serving.browsers import follow

SUMMARY = {"zh": "假如", "en": "What if"}


@pytest.fixture
def yellow(county: County) -> str:
    return county.one_of_each()["yellow"]


def form(page: Page, served: str, household: str, lang: str) -> Locator:
    """The form of the household's first loan, unfolded."""
    page.goto(f"{served}/households/{household}?lang={lang}")
    page.locator("summary", has_text=SUMMARY[lang]).first.click()
    return page.locator("form.what-if").first


@pytest.mark.parametrize(
    ("lang", "field", "ask", "supposed"),
    [
        (
            "zh",
            "困难损失（元）",
            "计算",
            ("新发生的困难：疾病", "困难损失（元）：8,000 元", "重新做收入调查，数字不变"),
        ),
        ("en", "Its loss (yuan)", "Compute", ("New hardship: illness", "Its loss (yuan): 8,000 yuan")),
    ],
)
def test_what_is_filled_in_is_said_again_beside_both_lights(
    served: str, page: Page, yellow: str, lang: str, field: str, ask: str, supposed: tuple[str, ...]
) -> None:
    filled = form(page, served, yellow, lang)
    filled.locator("select[name=hardship]").select_option("illness")
    filled.get_by_label(field).fill("8000")
    filled.locator("input[name=statement]").check()
    follow(filled.get_by_role("button", name=ask))
    expect(page.get_by_role("heading", level=1)).to_contain_text(SUMMARY[lang])
    listed = page.locator("main ul").first.inner_text()
    assert [one for one in supposed if one not in listed] == []
    expect(page.locator("article").first.locator("table").first.locator(".lamp")).to_have_count(2)
    page.get_by_role("link", name=yellow).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(yellow)


@pytest.mark.parametrize(
    ("lang", "nothing", "back"),
    [("zh", "没有填写任何假设；请至少填一项。", "返回"), ("en", "Nothing is supposed; fill in one field", "Back")],
)
def test_an_empty_form_is_a_sentence_with_a_way_back(
    served: str, page: Page, yellow: str, lang: str, nothing: str, back: str
) -> None:
    form(page, served, yellow, lang).get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text(nothing)
    page.get_by_role("link", name=back).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(yellow)


@pytest.mark.parametrize(("lang", "said"), [("zh", "卖羊须填所得金额。"), ("en", "Give what the sheep sold bring.")])
def test_half_of_what_belongs_together_is_asked_for(served: str, page: Page, yellow: str, lang: str, said: str) -> None:
    filled = form(page, served, yellow, lang)
    filled.locator("input[name=sheep_sold]").fill("3")
    filled.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_have_text(said)


def test_a_field_that_a_browser_would_not_send_is_a_page_in_the_readers_language(
    served: str, page: Page, yellow: str
) -> None:
    filled = form(page, served, yellow, "zh")
    page.evaluate("document.querySelector('input[name=more_time]').type = 'text'")
    filled.locator("input[name=more_time]").fill("许多")
    filled.evaluate("form => form.noValidate = true")
    filled.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_have_text("请求参数有误：more_time：应为整数")


def test_the_other_language_of_an_answer_is_the_household_and_no_dead_end(served: str, page: Page, yellow: str) -> None:
    form(page, served, yellow, "zh").get_by_role("button").click()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Household {yellow}")


def test_the_fields_are_one_line_high(served: str, page: Page, yellow: str) -> None:
    filled = form(page, served, yellow, "zh")
    heights = [field.bounding_box() for field in filled.locator("input[type=number], select").all()]
    assert all(box and box["height"] < 60 for box in heights)
