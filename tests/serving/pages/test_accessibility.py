"""Every page as axe-core sees it, wide and narrow, in both languages; its weight, height and console."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser

from features.console import utc_now
from serving.access import accounts as people
from serving.audit.command_line import database_of
from serving.uploads.upload_folder import UploadFolder
from tests.conftest import County
from tests.running_service import KEYS, key_for, serving
from tests.serving.pages.conftest import alone

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
MOST_BYTES = 150_000
MOST_HEIGHT = {1280: 1_800, 390: 2_250}
"""Pixels before anything is unfolded: two screens of a desk, two and a half of a phone."""
PRINTED = ("/maturities/notices",)
"""Pages that are as long as what they print."""
PAGES = {
    "county_official": (
        *(
            "/",
            "/?work=unvisited",
            "/news",
            "/maturities",
            "/maturities/notices",
            "/cases",
            "/board",
            "/groups",
            "/model",
            "/reports",
        ),
        *("/ledger", "/ledger/villages", "/ledger/grants", "/ledger/{household}"),
        *("/board/moves?before=green&after=green", "/account", "/households/{household}"),
        *("/households", "/households/{repaid_household}", "/loans/{repaid_loan}/history", "/insurance"),
    ),
    "clerk": ("/deliveries", "/quarantine", "/uploads/1", "/jobs/1"),
    "auditor": ("/audit",),
    "administrator": ("/people", "/webhooks"),
    "nobody": ("/sign-in",),
}


@pytest.fixture(scope="module")
def own(county: County, tmp_path_factory: pytest.TempPathFactory) -> County:
    copied = county.copied_to(tmp_path_factory.mktemp("axe") / "var")
    headings = "借据编号,借据金额,借据利率,还款方式,生效日期,到期日期,农户编号"
    text = f"{headings}\n101,5,3.45%,利随本清,2024-03-15,2027-03-15,c1\n"
    UploadFolder(copied.data).keep([("贷款.csv", io.BytesIO(text.encode()))], "clerk", datetime(2026, 1, 1, tzinfo=UTC))
    return copied


@pytest.fixture(scope="module")
def address(own: County) -> Iterator[str]:
    with serving(own.data) as signed:
        yield f"http://127.0.0.1:{signed.rpartition(':')[2]}"


def fill_up_keys(own: County, role: str) -> None:
    """As many keys as an account may have: its page is the longest."""
    with database_of(own.data).write_session() as session:
        person = people.person_named(session, role)
        for _ in range(sum(each.revoked_at is None for each in people.keys_of(session, person)), people.MOST_KEYS):
            people.create_key(session, person, "a program of the bank", utc_now())


def repaid_loan_of(own: County) -> dict[str, str]:
    """A settled loan of a household without an open loan."""
    settled = own.store.ledger.scan("loan_events").filter(pl.col("kind") == "settled").collect()
    settled = settled.filter(~pl.col("household_id").is_in(own.warnings["household_id"].implode())).sort("loan_id")
    return {"repaid_household": settled["household_id"][0], "repaid_loan": settled["loan_id"][0]}


@pytest.mark.parametrize(("width", "lang"), [(1280, "zh"), (390, "en")])
@pytest.mark.parametrize(("role", "path"), [(role, path) for role, paths in PAGES.items() for path in paths])
def test_a_page_can_be_read_by_everybody_and_is_light(
    own: County, address: str, browser: Browser, role: str, path: str, width: int, lang: str
) -> None:
    port = int(address.rpartition(":")[2])
    if role != "nobody":
        KEYS[port] = key_for(own.data, role)
        if path == "/account":
            fill_up_keys(own, role)
    household = own.warnings.sort("score_rank", nulls_last=True)["household_id"][0]
    with alone(browser, width=width, with_key=role != "nobody") as page:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        target = path.format(household=household, **repaid_loan_of(own))
        answer = page.goto(f"{address}{target}{'&' if '?' in target else '?'}lang={lang}")
        assert answer is not None
        assert len(answer.body()) <= MOST_BYTES
        assert path in PRINTED or page.evaluate("document.documentElement.scrollHeight") <= MOST_HEIGHT[width]
        page.evaluate("document.querySelectorAll('details').forEach(folded => folded.open = true)")
        found = Axe().run(page, options=RULES).response["violations"]
    told = [
        f"{one['id']}: {node['html'][:150]} {node['failureSummary'][:200]}"
        for one in found
        for node in one["nodes"][:2]
    ]
    assert told == []
    assert [line for line in said if "404" not in line or "/jobs/" not in target] == []
