"""A county whose ceiling is far below what is lit: board, summary and monitor say so, and else are quiet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests import http_requests
from tests.conftest import County
from tests.running_service import done, key_for, lights, serving

NARROW = """\
[[policy]]
since = 2020-01-01
source = "county notice 2026-7"
[policy.visits]
most_lit = 0.05
"""


@pytest.fixture(scope="module")
def narrow(county: County, tmp_path_factory: pytest.TempPathFactory) -> County:
    """The county's newest month under a ceiling of five in a hundred."""
    own = county.copied_to(tmp_path_factory.mktemp("narrow") / "var")
    (own.data / "policy.toml").write_text(NARROW, "utf-8")
    said = done(lights(own.data, "score", "--as-of", own.newest))
    assert "is above the ceiling of 5%: more than can be visited." in said
    assert f"lights thresholds --as-of {own.newest} --visits" in said
    return own


@pytest.fixture(scope="module")
def address(narrow: County) -> Iterator[str]:
    with serving(narrow.data) as served_at:
        yield served_at


@pytest.mark.parametrize(
    ("lang", "title", "said"),
    [("zh", "走访预算", "超过上限 5%，走访不过来"), ("en", "Budget of visits", "above the ceiling of 5%")],
)
def test_the_board_shows_the_budget_and_says_what_to_do(
    narrow: County, address: str, lang: str, title: str, said: str
) -> None:
    page = http_requests.get(f"{address}/board", params={"lang": lang}).raise_for_status().text
    [section] = re.findall(r'<section id="visits">.*?</section>', page, re.DOTALL)
    use = narrow.month.budget_use
    assert use is not None
    assert use.offer is not None
    assert title in section
    assert said in page.partition("<details")[0], "what is to be done is folded away"
    for loans in (use.sound, use.lit, use.red, use.yellow, use.apart, use.budget_lit, use.rules_lit, use.bad):
        assert f'<td class="number">{loans:,}</td>' in section
    assert f"{use.lit / use.sound:.1%}" in section
    assert f"--as-of {narrow.newest} --visits {use.budget_lit}" in section


def test_the_summary_has_the_same_numbers_and_a_reader_of_one_bank_has_none(narrow: County, address: str) -> None:
    told = http_requests.get(f"{address}/api/v1/summary").raise_for_status().json()["visits"]
    assert told["verdict"] == "above"
    assert told["lit_share"] == (told["red"] + told["yellow"]) / told["sound"]
    assert told["budget_lit"] == int(told["sound"] * 0.05)
    assert told["offer"]["lit"] <= max(told["budget_lit"], told["apart"])
    assert "above the ceiling of 5%" in told["to_do_en"]
    bank = narrow.warnings["bank"][0]
    plain = f"http://127.0.0.1:{address.rpartition(':')[2]}"
    headers = {"authorization": f"Bearer {key_for(narrow.data, 'officer', bank=bank)}"}
    assert http_requests.get(f"{plain}/api/v1/summary", headers=headers).raise_for_status().json()["visits"] is None
    assert 'id="visits"' not in http_requests.get(f"{plain}/board", headers=headers).raise_for_status().text


def test_the_monitor_finds_it_and_is_quiet_in_a_month_within_its_budget(county: County, narrow: County) -> None:
    findings = {
        each.data: {
            finding["code"]: finding
            for finding in json.loads(lights(each.data, "monitor", "--as-of", each.newest, "--json").stdout)["findings"]
        }
        for each in (county, narrow)
    }
    assert "visits" not in findings[county.data]
    found = findings[narrow.data]["visits"]
    assert found["bound"] == 0.05
    assert found["value"] > 0.05
    assert "lights thresholds" in found["en"]
