"""Credit villages and townships against places worked out by hand, on both sides of every bound."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from models.county_policy.policy_table import shipped_policy_table
from models.county_policy.sections import Grants
from models.rating.credit_places import credit_townships, credit_villages
from models.rating.households import HOUSEHOLD_GRADES_SCHEMA, age_band

POLICY = shipped_policy_table().in_force(date(2025, 12, 31))
TOWNSHIP = "640323100"
PLAIN: dict[str, Any] = {
    "township_code": TOWNSHIP,
    "grade": "good",
    "limit": 80_000.0,
    "drawn": 0.0,
    "open_loans": 0,
    "banks": [],
    "in_arrears": False,
    "age_band": "granted",
    "listed": False,
}


def households(*others: dict[str, Any], village: str = "201", count: int = 20) -> pl.DataFrame:
    """A village of so many households, the first of which are as `others` say."""
    rows = [
        PLAIN | {"household_id": f"{village}-{n}", "village_code": f"{TOWNSHIP}{village}"} | dict(other)
        for n, other in enumerate([*others, *[{}] * (count - len(others))])
    ]
    return pl.DataFrame(rows, schema={name: HOUSEHOLD_GRADES_SCHEMA.dtypes[name] for name in rows[0]})


def borrowing(**others: Any) -> dict[str, Any]:
    return {"open_loans": 1, "banks": ["A"], "drawn": 10_000.0, **others}


def village(*others: dict[str, Any], count: int = 20) -> dict[str, Any]:
    return credit_villages(households(*others, count=count), POLICY.credit).row(0, named=True)


@pytest.mark.parametrize(("poor", "verdict"), [(8, "credit"), (9, "below_share")])
def test_a_village_is_a_credit_village_from_sixty_percent_of_credit_households(poor: int, verdict: str) -> None:
    assert village(*[{"grade": "poor", "limit": 20_000.0}] * poor)["verdict"] == verdict


@pytest.mark.parametrize(("borrowers", "verdict"), [(33, "overdue"), (34, "credit")])
def test_three_percent_of_the_borrowing_households_may_be_in_arrears(borrowers: int, verdict: str) -> None:
    """1 of 33 is 3.03%, 1 of 34 is 2.94%."""
    rows = [borrowing(in_arrears=True), *[borrowing()] * (borrowers - 1)]
    assert village(*rows, count=60)["verdict"] == verdict


@pytest.mark.parametrize(("ungraded", "verdict"), [(10, "below_share"), (11, "too_little_known")])
def test_half_of_the_households_need_a_grade(ungraded: int, verdict: str) -> None:
    assert village(*[{"grade": None, "limit": None}] * ungraded)["verdict"] == verdict


@pytest.mark.parametrize(("count", "is_told"), [(9, False), (10, True)])
def test_a_village_of_nine_households_has_no_figure_but_their_number(count: int, is_told: bool) -> None:
    row = village(count=count)
    assert (row["households"], row["verdict"] == "credit", row["granted"] is not None) == (count, is_told, is_told)


def test_the_next_village_is_hidden_too_where_the_township_would_tell_a_few_households() -> None:
    rows = pl.concat(
        [households(village="201", count=3), households(village="202", count=12), households(village="203", count=30)]
    )
    told = credit_villages(rows, POLICY.credit).select("code", pl.col("granted").is_not_null()).rows()
    assert told == [(f"{TOWNSHIP}201", False), (f"{TOWNSHIP}202", False), (f"{TOWNSHIP}203", True)]
    [township] = credit_townships(rows, POLICY.credit).to_dicts()
    assert (township["households"], township["granted"]) == (45, 45 * 80_000.0)


def test_figures_of_borrowers_are_hidden_where_one_bank_could_tell_another_ones() -> None:
    hidden = village(*[borrowing()] * 8, *[borrowing(banks=["B"])] * 2)
    assert (hidden["borrowing_households"], hidden["drawn"], hidden["credit_households"]) == (None, None, 20)
    told = village(*[borrowing()] * 8, *[borrowing(banks=["B"])] * 5)
    assert (told["borrowing_households"], told["drawn"]) == (13, 130_000.0)


def test_coverage_counts_by_age_and_leaves_listed_households_to_a_finding() -> None:
    row = village({"age_band": "included"}, {"age_band": "too_old"}, {"listed": True}, {"age_band": "unknown"})
    assert (row["included_age_households"], row["too_old_age_households"], row["unknown_age_households"]) == (1, 1, 1)
    assert (row["listed_households"], row["eligible_households"], row["limit_households"]) == (1, 17, 17)


def test_a_township_counts_its_credit_villages_among_those_judged() -> None:
    poor = [{"grade": "poor", "limit": 20_000.0}] * 20
    rows = pl.concat([households(village="201"), households(*poor, village="202"), households(village="203", count=8)])
    [township] = credit_townships(rows, POLICY.credit).to_dicts()
    assert (township["villages"], township["credit_villages"], township["verdict"]) == (2, 1, "below_share")


@pytest.mark.parametrize(
    ("age", "band"),
    [(17, "too_young"), (18, "granted"), (60, "granted"), (61, "included"), (65, "included"), (66, "too_old")],
)
def test_ages_fall_into_the_bands_of_the_policy(age: int, band: str) -> None:
    grants = Grants(youngest=18, granted_to=60, oldest=65, renewals=1)
    assert pl.DataFrame({"borrower_age": [age]}).select(age_band(grants)).item() == band


def test_bounds_of_credit_villages_are_no_part_of_the_version_of_a_policy() -> None:
    other = POLICY.model_copy(update={"credit": POLICY.credit.model_copy(update={"least_households": 99})})
    assert other.version == POLICY.version
