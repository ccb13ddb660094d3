"""The maturity calendar over HTTP: the same loans and sums as a plain count of the published month."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from tests import http_requests
from tests.conftest import County


def asked(served: str, **parameters: object) -> dict[str, Any]:
    answer: dict[str, Any] = (
        http_requests.get(f"{served}/api/v1/maturities", params=parameters).raise_for_status().json()
    )
    return answer


def due(county: County, days: int) -> pl.DataFrame:
    return county.warnings.filter(pl.col("days_to_maturity").is_between(0, days))


def test_without_a_number_of_days_the_three_lists_of_the_policy_are_counted(county: County, served: str) -> None:
    windows = asked(served)["windows"]
    assert [window["days"] for window in windows] == [30, 60, 90]
    for window in windows:
        mine = due(county, window["days"])
        assert (window["loans"], window["households"]) == (mine.height, mine["household_id"].n_unique())
        assert window["principal"] == pytest.approx(mine["outstanding_principal"].sum())
        assert window["green_loans"] == (mine["light"] == "green").sum()


@pytest.mark.parametrize(("days", "windows"), [(0, [0]), (30, [30]), (45, [30, 45]), (365, [30, 60, 90, 365])])
def test_shorter_and_longer_calendars_hold_the_lists_within_them(served: str, days: int, windows: list[int]) -> None:
    assert [window["days"] for window in asked(served, within_days=days)["windows"]] == windows


@pytest.mark.parametrize("level", ["county", "township", "village", "bank", "product", "household"])
def test_the_groups_of_a_level_hold_everything_due(served: str, level: str) -> None:
    answer = asked(served, level=level, within_days=200)
    for place, window in enumerate(answer["windows"]):
        of_groups = [group["windows"][place] for group in answer["groups"]]
        assert sum(group["loans"] for group in of_groups) == window["loans"]
        assert sum(group["principal"] for group in of_groups) == pytest.approx(window["principal"])
    principal = [group["windows"][-1]["principal"] for group in answer["groups"]]
    assert principal == sorted(principal, reverse=True)


def test_pages_hold_each_loan_once_the_nearest_first_whatever_its_light(county: County, served: str) -> None:
    items: list[dict[str, Any]] = []
    page = asked(served, within_days=200, limit=7)
    while True:
        items += page["items"]
        if page["next_cursor"] is None:
            break
        page = asked(served, within_days=200, limit=7, cursor=page["next_cursor"])
    assert {item["loan_id"] for item in items} == set(due(county, 200)["loan_id"])
    assert len(items) == page["total"]
    days = [item["days_to_maturity"] for item in items]
    assert days == sorted(days)
    assert {item["light"] for item in items} == {"red", "yellow", "green"}


def test_a_loan_says_when_it_matures_and_by_when_to_tell_the_household(county: County, served: str) -> None:
    for item in asked(served)["items"]:
        matures_on = county.newest + timedelta(days=item["days_to_maturity"])
        assert date.fromisoformat(item["matures_on"]) == matures_on
        assert date.fromisoformat(item["notify_by"]) == matures_on - timedelta(days=30)


def test_the_calendar_is_cut_to_a_bank_a_township_or_a_household(county: County, served: str) -> None:
    row = due(county, 90).row(0, named=True)
    for name, value, column in (
        ("bank", row["bank"], pl.col("bank")),
        ("area", row["township_code"], pl.col("township_code")),
        ("q", row["household_id"], pl.col("household_id")),
    ):
        mine = due(county, 90).filter(column == value)
        assert asked(served, **{name: value})["total"] == mine.height > 0
