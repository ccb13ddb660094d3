"""The first words of a sheet: plain, with the right parts of a hundred, and nothing left without words."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest

from features.catalog import FEATURES
from serving.explain.household import household_explanation
from serving.explain.plain_reasons import PLAIN_WORDS, loan_summary, plain_fact
from tests.conftest import County

AS_OF = date(2025, 12, 31)
FACTS: dict[str, Any] = {
    "outstanding_principal": 40_000.0,
    "days_to_maturity": 128,
    "repayment_method": "bullet_quarterly_interest",
    "overdue_amount": 0.0,
    "unresolved_hardship": 0,
    "herd_value": 0.0,
    "savings": 3_000.0,
}


@pytest.mark.parametrize(
    ("changed", "zh"),
    [
        ({}, "4 万元，128 天后（2026-05-08）到期一次还本；家里没有牲畜；存款 3,000 元。"),
        ({"savings": None}, "4 万元，128 天后（2026-05-08）到期一次还本；家里没有牲畜。"),
        (
            {"overdue_amount": 512.5, "unresolved_hardship": 1, "days_to_maturity": -3},
            "4 万元，2025-12-28 已到期（到期一次还本）；逾期 512 元；家里的困难还没有化解。",
        ),
        (
            {"outstanding_principal": 4_166.67, "herd_value": None},
            "0.42 万元，128 天后（2026-05-08）到期一次还本；存款 3,000 元。",
        ),
    ],
)
def test_the_summary_of_a_loan(changed: dict[str, Any], zh: str) -> None:
    assert loan_summary({**FACTS, **changed}, AS_OF).zh == zh


def test_every_feature_with_words_is_in_the_catalogue_and_its_words_hold_its_value() -> None:
    assert set(PLAIN_WORDS) <= set(FEATURES)
    for name, words in PLAIN_WORDS.items():
        is_flag = name == "unresolved_hardship"
        assert ("{value}" in words.zh, "{value}" in words.en) == (not is_flag, not is_flag), name


def test_a_feature_without_words_is_told_by_its_label_and_a_missing_value_by_what_to_bring() -> None:
    assert plain_fact("members_away", 2).en == "Members working away: 2"
    assert "村委会" in plain_fact("savings", None).zh


def test_points_are_parts_of_all_that_raises_or_lowers_the_risk(county: County) -> None:
    scored = county.warnings.filter(county.warnings["probability"].is_not_null())
    for household in scored["household_id"].unique().sort()[:6]:
        for loan in household_explanation(county.month, county.store, household).loans:
            parts = [f.contribution for family in loan.families for f in family.features if f.contribution]
            for reason in loan.main_reasons:
                if reason.points is None:
                    continue
                same = [part for part in parts if (part > 0) == (reason.direction == "raises")]
                [own] = [each.contribution for each in loan.warning.reasons if each.feature == reason.feature]
                assert reason.points == round(100 * own / math.fsum(same))


def test_the_rules_that_set_a_light_come_first(county: County) -> None:
    red = county.warnings.filter(county.warnings["light"] == "red", county.warnings["rules"].list.len() > 0)
    for household in red["household_id"].unique().sort()[:4]:
        for loan in household_explanation(county.month, county.store, household).loans:
            setting = [rule.zh for rule in loan.warning.rules if rule.light == loan.warning.light][:3]
            assert [each.zh for each in loan.main_reasons][: len(setting)] == setting
