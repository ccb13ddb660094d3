"""The pages of the desk in a browser without scripts: sign in, work a case, add a person, read the audit, sign out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from features.console import utc_now
from serving.access import accounts as people
from serving.audit.command_line import database_of
from tests.conftest import County
from tests.running_service import key_for, serving, unsigned
from tests.serving.browsers import follow
from tests.serving.pages.conftest import alone


@pytest.fixture(scope="module")
def own(by_rules: County, tmp_path_factory: pytest.TempPathFactory) -> County:
    return by_rules.copied_to(tmp_path_factory.mktemp("own") / "var")


@pytest.fixture(scope="module")
def address(own: County) -> Iterator[str]:
    with serving(own.data) as signed:
        yield unsigned(signed)


@pytest.fixture
def known(browser: Browser) -> Iterator[Page]:
    with alone(browser, scripts=False, with_key=False) as page:
        yield page


def enter(own: County, page: Page, address: str, role: str) -> None:
    """By a one-time link."""
    key_for(own.data, role)
    with database_of(own.data).write_session() as session:
        token = people.create_link(session, people.person_named(session, role), utc_now(), 1)
    page.goto(f"{address}/sign-in?token={token}&lang=zh")
    page.get_by_role("button", name="登录").click()


def test_a_case_is_opened_visited_and_closed_on_the_households_page(own: County, address: str, known: Page) -> None:
    enter(own, known, address, "county_official")
    loan, household = own.warnings.select("loan_id", "household_id").row(0)
    known.goto(f"{address}/households/{household}?lang=zh")
    known.get_by_role("button", name=f"开走访处置单：贷款 {loan}").click()
    known.get_by_text("备注", exact=True).click()
    known.locator("textarea[id$='note-text']").fill("<b>电话</b>已联系")
    known.get_by_role("button", name="保存（备注）").click()
    expect(known.locator(".case li")).to_contain_text("<b>电话</b>已联系")
    known.get_by_text("办结", exact=True).click()
    known.locator("select[name='outcome']").select_option("extended")
    known.get_by_role("button", name="保存（办结）").click()
    expect(known.locator(".case h3")).to_contain_text("已办结")


def test_an_administrator_adds_a_person_who_signs_in_and_sets_a_password(
    own: County, address: str, known: Page, browser: Browser
) -> None:
    enter(own, known, address, "administrator")
    known.goto(f"{address}/people?lang=en")
    known.locator("#name").fill("li.na")
    known.locator("#role").select_option("county_official")
    follow(known.get_by_role("button", name="Add a person"))
    link = known.locator("[role=status] code").inner_text()
    with alone(browser, scripts=False, with_key=False) as other:
        other.goto(link)
        other.get_by_role("link", name="English").click()
        follow(other.get_by_role("button", name="Sign in"))
        other.goto(f"{address}/account?lang=en")
        for field in ("#password", "#again"):
            other.locator(field).fill("sheep graze on hills")
        other.get_by_role("button", name="Save").click()
        expect(other.get_by_text("A password is set.")).to_be_visible()
        follow(other.get_by_role("button", name="Sign out"))
        other.get_by_label("Account name").fill("li.na")
        other.get_by_label("Password").fill("sheep graze on hills")
        other.get_by_role("button", name="Sign in").click()
        expect(other.get_by_role("heading", level=1)).to_contain_text("Work list")


def test_an_officer_of_a_bank_without_loans_is_not_added(own: County, address: str, known: Page) -> None:
    enter(own, known, address, "administrator")
    known.goto(f"{address}/people?lang=en")
    known.locator("#name").fill("wang.wu")
    known.locator("#role").select_option("officer")
    known.locator("#bank").fill(f"{own.warnings['bank'][0]}x")
    follow(known.get_by_role("button", name="Add a person"))
    expect(known.get_by_role("alert")).to_contain_text(f"Did you mean '{own.warnings['bank'][0]}'?")
    known.goto(f"{address}/people?lang=en")
    expect(known.get_by_text("wang.wu")).to_have_count(0)


def test_the_auditor_sees_what_was_done_and_that_the_chain_holds(own: County, address: str, known: Page) -> None:
    enter(own, known, address, "auditor")
    expect(known.get_by_role("heading", level=1)).to_have_text("审计")
    known.get_by_role("button", name="校验审计链").click()
    expect(known.get_by_role("status")).to_contain_text("审计链完整")
    assert known.goto(f"{address}/people").status == 403  # type: ignore[union-attr]


@pytest.mark.parametrize("path", ["/sign-in", "/account", "/cases", "/people", "/audit"])
def test_a_phone_never_scrolls_sideways_on_the_desk(
    own: County, address: str, browser: Browser, path: str, tmp_path: Path
) -> None:
    role = {"/people": "administrator", "/audit": "auditor"}.get(path, "county_official")
    with alone(browser, width=390, with_key=False) as phone:
        enter(own, phone, address, role)
        for lang in ("zh", "en"):
            phone.goto(f"{address}{path}?lang={lang}")
            phone.screenshot(path=tmp_path / f"{lang}.png")
            assert phone.evaluate("document.documentElement.scrollWidth") <= 390, path
