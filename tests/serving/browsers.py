"""The one browser of all tests that look at a page: a second one in the same process would not start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def follow(clicked: Locator) -> None:
    """Click a link or button that opens another page, and wait until that page is loaded whole.

    A click alone returns before the new page has its rows: what is read at once may be empty or of the old page.
    """
    with clicked.page.expect_navigation():
        clicked.click()


def unfold(page: Page) -> None:
    """Open what a household's sheet has folded."""
    for summary in page.locator("details.depth > summary").all():
        summary.click()
