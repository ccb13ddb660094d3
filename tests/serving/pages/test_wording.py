"""Every word of the pages is one word, and no page shows what a program calls it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import serving
from features.console import utc_now
from serving.app import application
from serving.audit.command_line import audit_command
from serving.audit.log import AuditAction
from serving.months.data_folder import DataFolder
from serving.settings import settings_of
from serving.text.page_words import WORD_SECTIONS, WORDS
from tests import http_requests
from tests.conftest import County
from tests.running_service import key_for

PAGES = {
    "county_official": ("/", "/board", "/model", "/groups", "/groups?level=bank", "/groups?level=product", "/cases"),
    "administrator": ("/people", "/account"),
    "auditor": ("/audit", "/account"),
}
LEAKS = re.compile(r"built-in|\bat 0x|\bNone\b|640323/|&lt;(?:class|function|bound|\w+\.\w+)")
"""What Python writes of its own things; people may have typed a bracket."""


def test_no_word_is_declared_twice_and_none_hides_behind_a_method_of_a_dict() -> None:
    times = Counter(key for section in WORD_SECTIONS.values() for key in section)
    assert [key for key, many in times.items() if many > 1] == []
    assert set(WORDS) & set(dir(dict)) == set()


def test_every_word_is_in_both_languages_with_the_same_placeholders() -> None:
    for key, words in WORDS.items():
        assert words.zh, key
        assert words.en, key
        assert set(re.findall(r"{\w+", words.zh)) == set(re.findall(r"{\w+", words.en)), key


def test_chinese_has_full_width_punctuation() -> None:
    narrow = re.compile(r"[\u4e00-\u9fff][,;:?!()]|[,;:?!(] ?[\u4e00-\u9fff]")
    assert [key for key, words in WORDS.items() if narrow.search(words.zh)] == []


def test_a_template_asks_for_no_word_that_is_not_there() -> None:
    folders = [Path(serving.__file__).parent / part / "templates" for part in ("pages", "reports")]
    texts = [path.read_text("utf-8") for folder in folders for path in folder.glob("*.html")]
    asked = {key for text in texts for key in re.findall(r"\bw\.([a-z_0-9]+)", text)}
    assert asked - set(WORDS) - {"get"} == set()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("role", "path"), [(role, path) for role, paths in PAGES.items() for path in paths])
def test_a_page_shows_words_and_no_programs_names(county: County, served: str, role: str, path: str, lang: str) -> None:
    address = f"http://127.0.0.1:{served.rpartition(':')[2]}"
    key = {"authorization": f"Bearer {key_for(county.data, role)}"}
    answer = http_requests.get(
        f"{address}{path}{'&' if '?' in path else '?'}lang={lang}", headers=key
    ).raise_for_status()
    main = answer.text.partition("<main")[2]
    assert [main[max(0, leak.start() - 80) : leak.end() + 80] for leak in LEAKS.finditer(main)] == []


def test_an_audit_entry_shows_no_detail_that_it_lacks(tmp_path: Path) -> None:
    """A report of the whole county, by the command line, names neither bank nor area."""
    audit_command(tmp_path, "clerk", utc_now(), AuditAction.EXPORT, "lights report", as_of="2025-12-31", bank=None)
    client = TestClient(application(DataFolder(tmp_path), settings_of(tmp_path)))
    key = {"authorization": f"Bearer {key_for(tmp_path, 'auditor')}"}
    page = client.get("/audit?lang=en", headers=key).text
    assert "as_of=2025-12-31" in page
    assert "bank=" not in page
