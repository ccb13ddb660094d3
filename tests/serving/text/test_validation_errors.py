"""What is wrong with a field is said in both languages, wherever pydantic found it."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
from pydantic import ValidationError
from pydantic_core.core_schema import ErrorType

from serving.explain.what_if.facts import WhatIfRequest
from serving.text.validation_errors import _WORDS, error_sentences

ENGLISH = re.compile(r"[A-Za-z]+ [a-z]+ [a-z]+")
PAYMENT = {"kind": "payment", "loan_id": "L1", "yuan": 5}


@pytest.mark.parametrize(
    ("body", "zh", "en"),
    [
        ({}, "facts：缺少", "facts: is missing"),
        ({"facts": []}, "facts：至少应有 1 个", "facts: expected at least 1"),
        ({"facts": 3}, "facts：应为 JSON 数组", "facts: expected a JSON array"),
        ({"facts": [{}]}, "facts.0：缺少 'kind'", "facts.0: lacks 'kind'"),
        (
            {"facts": [{**PAYMENT, "yuan": -1}]},
            "facts.0.payment.yuan：应大于 0",
            "facts.0.payment.yuan: expected more than 0",
        ),
        (
            {"facts": [{**PAYMENT, "yuan": 1e9}]},
            "facts.0.payment.yuan：应不大于 10000000",
            "facts.0.payment.yuan: expected at most 10000000",
        ),
        (
            {"facts": [{**PAYMENT, "more": 1}]},
            "facts.0.payment.more：没有这一项；请删去",
            "facts.0.payment.more: is not known here; leave it out",
        ),
        (
            {"facts": [{"kind": "livestock_sold", "yuan": 5}]},
            "facts.0.livestock_sold：羊和牛至少填一项",
            "facts.0.livestock_sold: should name sheep or cattle, one at least",
        ),
    ],
)
def test_each_language_says_the_whole(body: dict[str, Any], zh: str, en: str) -> None:
    with pytest.raises(ValidationError) as caught:
        WhatIfRequest.model_validate(body)
    told = error_sentences(caught.value.errors())
    assert (told.zh, told.en) == (zh, en)
    assert not ENGLISH.search(told.zh)


def test_the_kinds_of_faults_are_pydantics_own() -> None:
    assert set(_WORDS) <= set(get_args(ErrorType))


def test_a_kind_without_words_is_still_said_in_both_languages_and_a_long_place_is_cut() -> None:
    told = error_sentences([{"type": "brand_new", "loc": ("body", "x" * 1000), "ctx": {"a": 1}}], skip=1)
    assert told.zh == f"{'x' * 100}：不合要求"
    assert told.en == f"{'x' * 100}: is not what is asked for"
