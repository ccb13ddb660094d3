"""Every word of the pages is one word, and no page shows what a program calls it."""

from __future__ import annotations

import re
from collections import Counter

import httpx2
import pytest

from serving.text import model_words as model_wording
from serving.text import page_words as wording
from serving.text import portfolio_words as desk_wording
from serving.text.page_words import WORDS
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
    desk = (desk_wording._LIST, desk_wording._BOARD, desk_wording._SHEET, model_wording.MODEL_WORDS)
    times = Counter(name for part in (wording._OWN, *desk) for name in part)
    assert [name for name, many in times.items() if many > 1] == []
    assert set(WORDS) & set(dir(dict)) == set()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("role", "path"), [(role, path) for role, paths in PAGES.items() for path in paths])
def test_a_page_shows_words_and_no_programs_names(county: County, served: str, role: str, path: str, lang: str) -> None:
    address = f"http://127.0.0.1:{served.rpartition(':')[2]}"
    key = {"authorization": f"Bearer {key_for(county.data, role)}"}
    answer = httpx2.get(f"{address}{path}{'&' if '?' in path else '?'}lang={lang}", headers=key).raise_for_status()
    main = answer.text.partition("<main")[2]
    assert [main[max(0, leak.start() - 80) : leak.end() + 80] for leak in LEAKS.finditer(main)] == []
