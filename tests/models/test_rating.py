"""Ratings against households worked out by hand, a household on each side of every grade's bound."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import polars as pl
import pytest

from models.county_policy.policy_table import shipped_policy_table
from models.rating.items import DEDUCTIONS, ITEMS
from models.rating.rate import household_ratings
from tests.models.test_rule_cases import frame_of

POLICY = shipped_policy_table().in_force(date(2025, 12, 31))
AVERAGE = {
    "civility_points": 80.0,
    "integrity_points": 90.0,
    "income_per_head": 10_500.0,
    "workers_per_head": 0.25,
    "schooled_share": 0.5,
    "healthy_share": 0.75,
    "late_instalments_12m": 0.0,
    "household_overdue_amount": 0.0,
    "use_diverted": 0.0,
    "default_elsewhere": 0.0,
}
Table = Literal["631", "1531"]


def rating(table: Table = "1531", *others: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """The rating of a household; `others` are its further loans."""
    loans = [AVERAGE | facts, *(AVERAGE | facts | other for other in others)]
    frame = pl.concat([frame_of(loan) for loan in loans]).with_columns(pl.lit("H1").alias("household_id"))
    return household_ratings(frame, POLICY.ratings[table], POLICY.points).row(0, named=True)


def test_a_household_worked_out_by_hand_in_631() -> None:
    """60 x 0.9 = 54; (1.5 - 0.5) / 2 of 30 = 15; 0.25 / 0.5 of 4 = 2; all 3; 0.75 of 3 = 2.25."""
    found = rating("631")
    assert [found[item] for item in ("integrity", "income", "labour", "education", "health")] == [54, 15, 2, 3, 2.25]
    assert (found["points"], found["known"], found["grade"]) == (76.25, 1.0, "good")


def test_a_household_worked_out_by_hand_in_1531() -> None:
    """10 x 0.8 = 8; 50 x 0.9 = 45; income and basic situation as in 631."""
    found = rating("1531")
    assert (found["civility"], found["integrity"], found["points"], found["grade"]) == (8, 45, 75.25, "good")


def test_a_household_in_trouble_worked_out_by_hand() -> None:
    """50 less 2 late x 5% and 30% for arrears: 45 - 5 - 15 = 25; income at half the line earns nothing."""
    found = rating(income_per_head=3_500.0, late_instalments_12m=2.0, household_overdue_amount=0.01)
    assert (found["late_instalments"], found["open_arrears"], found["income"]) == (-5, -15, 0)
    assert (found["points"], found["grade"]) == (40.25, "poor")


@pytest.mark.parametrize(
    ("per_head", "earned"),
    [(-5000.0, 0), (3499.0, 0), (3500.0, 0), (3570.0, 0.15), (7000.0, 7.5), (17_500.0, 30), (90_000.0, 30)],
)
def test_income_earns_nothing_to_half_the_line_and_all_from_2_5_times_it(per_head: float, earned: float) -> None:
    assert rating(income_per_head=per_head)["income"] == earned


@pytest.mark.parametrize(("late", "taken"), [(0, 0), (1, -2.5), (3, -7.5), (4, -10), (5, -10), (12, -10)])
def test_each_late_instalment_takes_a_twentieth_of_integrity_and_all_together_a_fifth(late: int, taken: float) -> None:
    assert rating(late_instalments_12m=float(late))["late_instalments"] == taken


def test_integrity_never_falls_under_nothing_and_the_lines_say_what_was_taken() -> None:
    everything: dict[str, Any] = {each.fact.name: 9.0 for each in DEDUCTIONS} | {"use_diverted": 1.0}
    found = rating(integrity_points=60.0, **everything)
    assert [found[each.code] for each in DEDUCTIONS] == [-10, -15, -5, 0]
    assert found["integrity"] + sum(found[each.code] for each in DEDUCTIONS) == 0


def test_all_lines_sum_to_the_points() -> None:
    found = rating("631", late_instalments_12m=1.0, use_diverted=1.0)
    codes = [*(item.code for item in ITEMS), *(each.code for each in DEDUCTIONS)]
    lines = [found[code] for code in codes if code in found]
    assert sum(lines) == pytest.approx(found["points"])


@pytest.mark.parametrize(
    ("integrity", "points", "grade"),
    [(100.0, 80.25, "good"), (89.5, 75.0, "good"), (89.4, 74.95, "fair"), (59.5, 60.0, "fair"), (59.4, 59.95, "poor")],
)
def test_a_grade_begins_at_its_points(integrity: float, points: float, grade: str) -> None:
    found = rating(integrity_points=integrity)
    assert (found["points"], found["grade"]) == (points, grade)


@pytest.mark.parametrize(("per_head", "points", "grade"), [(12_717.0, 85.0, "excellent"), (12_712.0, 84.99, "good")])
def test_excellent_begins_at_85(per_head: float, points: float, grade: str) -> None:
    found = rating(integrity_points=100.0, income_per_head=per_head)
    assert (found["points"], found["grade"]) == (points, grade)


def test_loans_of_a_household_count_together() -> None:
    alone, both = rating(late_instalments_12m=1.0), rating("1531", {"use_diverted": 1.0}, late_instalments_12m=1.0)
    assert (alone["late_instalments"], both["late_instalments"]) == (-2.5, -5)
    assert (alone["diverted_use"], both["diverted_use"]) == (0, -15)


def test_what_is_missing_earns_nothing_costs_nothing_and_is_said() -> None:
    """Without a statement 70 points can be known; 60.25 of them are earned: 86.07 of 100, but no grade."""
    found = rating(income_per_head=None)
    assert (found["income"], found["known"], found["points"], found["grade"]) == (None, 0.7, 86.07, None)


@pytest.mark.parametrize(
    ("missing", "known", "grade"),
    [
        ({"civility_points": None}, 0.9, "fair"),
        ({"use_diverted": None}, 0.85, "good"),
        ({"default_elsewhere": None}, 0.75, "good"),
        ({"default_elsewhere": None, "use_diverted": None}, 0.6, None),
    ],
    ids=str,
)
def test_a_deduction_nobody_can_assess_takes_its_share_out_of_what_is_known(
    missing: dict[str, Any], known: float, grade: str | None
) -> None:
    found = rating(**missing)
    assert (round(found["known"], 2), found["grade"]) == (known, grade)


def test_halves_are_rounded_up() -> None:
    """1.375 of 2 less 0.5 is 0.4375 of 30: 13.125."""
    assert rating(income_per_head=9_625.0)["income"] == 13.13


def test_without_the_village_review_too_little_is_known_for_a_grade() -> None:
    found = rating(integrity_points=None, civility_points=None, late_instalments_12m=3.0)
    assert (found["known"], found["grade"], found["late_instalments"]) == (0.4, None, None)


def test_with_nothing_known_there_are_no_points() -> None:
    nothing: dict[str, Any] = {item.fact.name: None for item in ITEMS}
    found = rating(**nothing)
    assert (found["points"], found["known"], found["grade"]) == (None, 0.0, None)
