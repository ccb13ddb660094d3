"""The model's page tells whether the figures by month came true, where its evaluation has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import http_requests
from tests.conftest import County
from tests.running_service import serving

WORDS = {"zh": ("按月的预测是否属实", "12个月内变坏"), "en": ("Are the likelihoods by month true", "within 12 months")}


@pytest.mark.parametrize("lang", WORDS)
def test_the_page_tells_foretold_and_observed_by_month_and_the_skill_among_loans_due_soon(
    county: County, served: str, lang: str
) -> None:
    page = http_requests.get(f"{served}/model", params={"lang": lang}).raise_for_status().text
    report = json.loads((county.data / "models" / "1" / "judgement.json").read_text())["months_ahead"]
    assert all(words in page for words in WORDS[lang])
    for skill in (report["due_within_horizon"], report["once_due"]):
        assert f"{skill['auc']['bad_if_due']['value']:.1%}" in page


def test_an_evaluation_of_earlier_programs_is_shown_without_them(county: County, tmp_path: Path) -> None:
    older = county.copied_to(tmp_path / "var")
    path = older.data / "models" / "1" / "judgement.json"
    report = json.loads(path.read_text())
    del report["months_ahead"]
    path.write_text(json.dumps(report))
    with serving(older.data) as address:
        page = http_requests.get(f"{address}/model", params={"lang": "en"}).raise_for_status().text
    assert WORDS["en"][0] not in page
    assert "Are the likelihoods true" in page
