"""The manuals as ./run docs builds them: no warning, no outside address, all pages; searched in the service."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser

from docs_hooks import CODE_PAGES, rewrite_links
from tests.running_service import KEYS, key_for, serving, unsigned
from tests.serving.pages.conftest import alone

ROOT = Path(__file__).parents[1]
LISTED = re.findall(r"^ +- [^:\n]+: ([\w/]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
IN_BOTH_LANGUAGES = ("index", "clerk", "officer", "official", "operator")
LOADED = re.compile(
    r"""(?:\b(?:src|srcset|href|action|poster|data)\s*=\s*["']?|url\(\s*["']?|@import\s*["']?|["'`])(?:https?:)?//[\w.-]+"""
)
NAMESPACE = "http://www.w3.org"
RELATIVE = re.compile(r"""\b(?:src|href)="(?![\w+]+:|/|#)([^"#?]+)""")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("manuals") / "site"
    asked = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(target)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    ran = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    assert [line for line in ran.stderr.splitlines() if not line.startswith("INFO ")] == []
    return target


@pytest.fixture(scope="module")
def address(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service of a county without data, for an auditor, who reads the index first."""
    data = tmp_path_factory.mktemp("reader") / "var"
    with serving(data, role="auditor", LIGHTS_MANUALS=str(site)) as signed:
        KEYS[int(signed.rpartition(":")[2])] = key_for(data, "auditor")
        yield f"http://127.0.0.1:{signed.rpartition(':')[2]}"


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    texts = [path for path in site.rglob("*") if path.suffix in (".html", ".css", ".js", ".svg", ".json", ".xml")]
    assert len(texts) > 40
    addresses = {
        f"{path.relative_to(site)}: {address}"
        for path in texts
        for address in LOADED.findall(path.read_text("utf-8"))
        if NAMESPACE not in address
    }
    assert addresses == set()


@pytest.mark.parametrize("page", LISTED)
def test_a_page_of_the_navigation_is_written(page: str) -> None:
    assert (ROOT / "docs" / page).is_file() or page in CODE_PAGES.values()


@pytest.mark.parametrize("name", IN_BOTH_LANGUAGES)
def test_a_page_for_users_is_written_in_both_languages(name: str) -> None:
    assert (ROOT / "docs" / f"{name}.md").is_file()
    assert (ROOT / "docs" / f"{name}.en.md").is_file()


def test_every_page_is_built_in_both_languages_and_stands_in_the_navigation(site: Path) -> None:
    written = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    pages = {page for page in written if not page.endswith(".en.md")} | set(CODE_PAGES.values())
    assert pages - set(LISTED) == set()
    for page in pages:
        for folder in ("", "en/"):
            assert (site / f"{folder}{page.removesuffix('.md')}.html").is_file(), (folder, page)


def test_every_page_with_the_code_is_reached() -> None:
    folders = ("features", "models", "notebooks", "serving", "training")
    written = {path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).rglob("*.md")}
    assert written - set(CODE_PAGES) == set()


def test_a_link_is_the_same_in_the_repository_and_in_the_site() -> None:
    text = "[a](../models/rating/RATINGS.md#one) [b](none.md) [c](../models/light.py) [d](https://x.y) `[e](f.md)`"
    moved = rewrite_links(text, "docs/index.md", "index.md")
    assert moved == "[a](reference/ratings.md#one) b c (`models/light.py`) d `[e](f.md)`"
    below = rewrite_links(
        "![a](../../docs/list.png) [b](../../docs/index.en.md)", "models/rating/R.md", "reference/r.md"
    )
    assert below == "![a](../list.png) [b](../index.md)"


def test_every_link_leads_to_a_file_of_the_site(site: Path) -> None:
    broken = {
        f"{page.relative_to(site)}: {link}"
        for page in site.rglob("*.html")
        for link in set(RELATIVE.findall(page.read_text("utf-8")))
        if not (page.parent / unquote(link)).is_file()
    }
    assert broken == set()


@pytest.mark.parametrize(
    ("lang", "words", "title"), [("zh", "预警台账", "谁看什么"), ("en", "your role", "Who reads what")]
)
def test_a_word_is_searched_and_found(address: str, browser: Browser, lang: str, words: str, title: str) -> None:
    with alone(browser) as page:
        errors: list[str] = []
        page.on(
            "console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None
        )
        page.goto(f"{address}/help?lang={lang}")
        assert page.url == f"{address}/help/{'' if lang == 'zh' else 'en/'}index.html"
        assert page.locator("h1").inner_text().startswith(title)
        page.locator("input.md-search__input").fill(words)
        hit = page.locator(".md-search-result__link", has_text=title).first
        hit.wait_for()
        marked = "".join(hit.locator("mark").all_inner_texts())
        assert all(word in marked.lower() for word in words.split())
        hit.click()
        page.wait_for_url("**/index.html?h=*")
        page.locator("article mark").first.wait_for()
    assert errors == []


def test_a_word_that_no_page_has_is_not_found(address: str, browser: Browser) -> None:
    with alone(browser) as page:
        page.goto(f"{address}/help/index.html")
        page.locator("input.md-search__input").fill("鲸鱼")
        page.locator(".md-search-result__meta", has_text="没有找到").wait_for()
        assert page.locator(".md-search-result__link").count() == 0


def test_the_manual_leads_back_to_the_service(address: str, browser: Browser) -> None:
    with alone(browser) as page:
        page.goto(f"{address}/help/index.html")
        page.get_by_role("link", name="Back to the service").click()
        page.wait_for_url("**/account")
        page.get_by_role("link", name="帮助").click()
        page.wait_for_url("**/help/index.html")


def test_a_reader_without_a_session_is_sent_to_sign_in(address: str, browser: Browser) -> None:
    with alone(browser, with_key=False) as page:
        page.goto(f"{unsigned(address)}/help/reference/tables.html")
        assert "/sign-in?" in page.url
        assert "next=%2Fhelp%2Freference%2Ftables.html" in page.url
        answer = page.goto(f"{address}/help/search/search_index.json")
        assert answer is not None
        assert "/sign-in?" in page.url


@pytest.mark.parametrize(("width", "lang"), [(1280, "zh"), (390, "en")])
def test_the_index_can_be_read_by_everybody(address: str, browser: Browser, width: int, lang: str) -> None:
    with alone(browser, width=width) as page:
        page.goto(f"{address}/help?lang={lang}")
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    assert [f"{one['id']}: {node['html'][:150]}" for one in found for node in one["nodes"][:2]] == []
