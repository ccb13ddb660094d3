"""Groups compared over HTTP and on the page: the same figures as a plain count of the published loans."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from serving.portfolio.place_names import place_names
from tests import http_requests
from tests.conftest import County

CODES = {"county": "county_code", "township": "township_code", "village": "village_code", "bank": "bank"}


def asked(served: str, **parameters: str) -> dict[str, Any]:
    answer: dict[str, Any] = http_requests.get(f"{served}/api/v1/summary", params=parameters).raise_for_status().json()
    return answer


@pytest.mark.parametrize("level", CODES)
def test_each_group_counts_its_own_loans(county: County, served: str, level: str) -> None:
    facts = county.facts.select("loan_id", "overdue_principal", "overdue_interest")
    loans = county.warnings.join(facts, on="loan_id").to_dicts()
    for group in asked(served, level=level)["groups"]:
        mine = [loan for loan in loans if loan[CODES[level]] == group["code"].split("/")[-1]]
        late = [loan for loan in mine if loan["overdue_principal"] > 0 or loan["overdue_interest"] > 0]
        assert (group["loans"], group["red_loans"]) == (len(mine), sum(loan["light"] == "red" for loan in mine))
        assert group["households"] == len({loan["household_id"] for loan in mine})
        assert group["overdue_balance"] == pytest.approx(sum(loan["outstanding_principal"] for loan in late))
        assert (group["light"] is None) == (len(mine) < 30)
        assert group["overdue_share_low"] <= group["overdue_share"] <= group["overdue_share_high"]


def test_all_groups_of_a_level_hold_all_loans(county: County, served: str) -> None:
    for level in CODES:
        assert sum(group["loans"] for group in asked(served, level=level)["groups"]) == county.warnings.height


def test_the_worst_group_comes_first_and_those_too_small_to_judge_come_last(served: str) -> None:
    groups = asked(served, level="village")["groups"]
    judged = [group for group in groups if group["light"]]
    assert groups[: len(judged)] == judged
    assert [group["overdue_share"] for group in judged] == sorted((g["overdue_share"] for g in judged), reverse=True)
    assert {(group["zh"], group["en"]) for group in groups[len(judged) :]} <= {
        ("不足 30 笔，不评", "under 30 loans: too few to judge")
    }


def test_an_unknown_level_is_refused(served: str) -> None:
    assert http_requests.get(f"{served}/api/v1/summary", params={"level": "hamlet"}).status_code == 422


@pytest.mark.parametrize(("lang", "said"), [("zh", "分组对比"), ("en", "Groups compared")])
def test_the_page_shows_every_group_under_its_name(county: County, served: str, lang: str, said: str) -> None:
    names = place_names(county.month, county.store)
    page = http_requests.get(f"{served}/groups", params={"level": "township", "lang": lang}).raise_for_status().text
    assert said in page
    for group in asked(served, level="township")["groups"]:
        assert names[group["code"]] in page
        assert f"{group['overdue_share']:.2%}" in page


def test_expected_loss_of_a_group_is_the_sum_of_its_loans_and_split_without_a_rest(county: County, served: str) -> None:
    curves = county.month.fund_curves
    reaching = pl.coalesce(
        pl.col("probability") * curves.roll_from_start,
        curves.roll_after((county.month.as_of - pl.col("bad_since")).dt.total_days()),
    )
    losses = county.warnings.select(reaching * pl.col("outstanding_principal") * curves.lost_finally)
    by_hand = losses.to_series().sum()
    groups = asked(served, level="township")["groups"]
    assert sum(group["expected_loss"] for group in groups) == pytest.approx(by_hand, abs=0.01 * county.warnings.height)
    for group in groups:
        assert group["expected_loss_fund"] + group["expected_loss_bank"] == pytest.approx(group["expected_loss"])
    assert sum(group["expected_loss_fund"] for group in groups) > 0
