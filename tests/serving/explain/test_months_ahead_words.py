"""Sentences on the months ahead: a probability for each span, and due soon told apart from risky."""

from __future__ import annotations

from typing import Any

import pytest

from serving.explain.months_ahead_words import count_of_hundred, due_sentence, months_ahead_sentence
from serving.schemas.loan_warning import LoanWarning
from tests import http_requests
from tests.conftest import County
from tests.running_service import done, lights


def warning_with(**figures: Any) -> LoanWarning:
    known: dict[str, Any] = {
        "probability": 0.06,
        "probability_1m": 0.001,
        "probability_3m": 0.02,
        "probability_12m": 0.1,
    }
    due = {"days_to_maturity": 75, "due_probability": 0.962, "bad_if_due": 0.083}
    return LoanWarning.model_construct(**{**known, **due, **figures})


def test_the_probabilities_are_told_by_span() -> None:
    sentence = months_ahead_sentence(warning_with())
    assert sentence
    assert sentence.zh == "1个月内变坏的可能 0.1%，3个月内 2.0%，12个月内 10.0%。"
    assert (
        sentence.en
        == "It goes bad within 1 month with a probability of 0.1%, within 3 months 2.0%, within 12 months 10.0%."
    )


def test_a_loan_due_soon_says_how_many_are_still_open_and_how_many_of_these_go_bad() -> None:
    sentence = due_sentence(warning_with())
    assert sentence
    assert sentence.zh.startswith("75 天后到期：与此相似的 100 笔贷款中，约 96 笔届时仍未还清")
    assert sentence.en.endswith("of 100 that are still open then about 8 go bad.")


def test_a_loan_without_figures_says_so_and_one_without_a_probability_nothing() -> None:
    without = warning_with(probability_1m=None, probability_3m=None, probability_12m=None, due_probability=None)
    sentence = months_ahead_sentence(without)
    assert sentence
    assert sentence.en.startswith("There are no figures by month")
    assert due_sentence(without) is None
    assert months_ahead_sentence(warning_with(probability=None)) is None


@pytest.mark.parametrize(("probability", "en"), [(0.0, "fewer than 1"), (0.006, "about 1"), (0.999, "about 100")])
def test_a_count_of_a_hundred_does_not_say_none_or_all(probability: float, en: str) -> None:
    assert count_of_hundred(probability).en == en


def test_page_interface_and_terminal_tell_of_a_loan_due_soon(county: County, served: str) -> None:
    due = county.warnings.filter(county.warnings["due_probability"].is_not_null()).row(0, named=True)
    household, loan_id = due["household_id"], due["loan_id"]
    explained = http_requests.get(f"{served}/api/v1/households/{household}/explanation").json()
    (loan,) = (each for each in explained["loans"] if each["warning"]["loan_id"] == loan_id)
    assert {name: loan["warning"][name] for name in ("probability_1m", "bad_if_due")} == {
        name: due[name] for name in ("probability_1m", "bad_if_due")
    }
    assert f"{due['days_to_maturity']} 天后到期" in loan["due_zh"]
    assert loan["due_zh"] in http_requests.get(f"{served}/households/{household}", params={"lang": "zh"}).text
    assert loan["months_ahead_en"] in done(lights(county.data, "explain", household, "--lang", "en"))
