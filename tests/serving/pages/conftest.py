"""A browser that may reach this machine alone, and remembers what else it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.running_service import KEYS


@contextmanager
def alone(browser: Browser, width: int = 1280, scripts: bool = True, with_key: bool = True) -> Iterator[Page]:
    """A page in a fresh browser; at the end, nothing was asked of any other host.

    with_key: the key of the service that a test started goes along, so that the page is signed in.
    """
    outside: list[str] = []

    def pass_or_block(route: Route) -> None:
        asked = urlsplit(route.request.url)
        if asked.hostname == "127.0.0.1":
            key = KEYS.get(asked.port or 0) if with_key else None
            signed_in = {"authorization": f"Bearer {key}"} if key else {}
            route.continue_(headers={**route.request.headers, **signed_in})
        else:
            outside.append(route.request.url)
            route.abort()

    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts, locale="zh-CN")
    context.route("**/*", pass_or_block)
    yield context.new_page()
    context.close()
    assert outside == []


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with alone(browser) as wide:
        yield wide


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    with alone(browser, width=390) as narrow:
        yield narrow


@pytest.fixture
def without_scripts(browser: Browser) -> Iterator[Page]:
    with alone(browser, scripts=False) as plain:
        yield plain


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    """A page that nobody is signed in on."""
    with alone(browser, with_key=False) as unknown:
        yield unknown
