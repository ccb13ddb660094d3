"""Income per year by the length of the statements' periods: cases small enough to work out on paper."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Any

import polars as pl
import pytest

from features.compute import features_at
from models.traffic_light.evaluate import evaluate_rules
from models.traffic_light.rules import RULES
from tests.features.one_loan import AS_OF, one_loan

MEMBERS = [{"member_id": f"M{number}", "household_id": "H1", "status": "present"} for number in (1, 2)]
KNOWN = ("income_per_head", "income_change", "cost_to_income", "new_debt_to_income_12m", "repayment_cover")


def period(start: str, end: str, income: float | None, **cells: object) -> dict[str, Any]:
    days = {"period_start": date.fromisoformat(start), "period_end": date.fromisoformat(end)}
    known_on = min(days["period_end"], AS_OF)
    return {"household_id": "H1", **days, "known_on": known_on, "wage_income": income, **cells}


def month(year: int, number: int, income: float | None, **cells: object) -> dict[str, Any]:
    last = monthrange(year, number)[1]
    return period(f"{year}-{number:02}-01", f"{year}-{number:02}-{last}", income, **cells)


def features(*statements: dict[str, Any]) -> pl.DataFrame:
    credit = [{"event_id": "E1", "household_id": "H1", "occurred_on": date(2024, 6, 1), "kind": "new_debt"}]
    return features_at(
        AS_OF,
        one_loan(
            income_statements=list(statements),
            members=MEMBERS,
            credit_events=[{**event, "amount": 1} for event in credit],
        ),
    )


def told(*statements: dict[str, Any]) -> dict[str, Any]:
    names = ("net_income", "income_change", "statement_age_months", "income_months", "income_unknown")
    return features(*statements).select(names).row(0, named=True)


def income(*statements: dict[str, Any]) -> tuple[Any, Any]:
    row = told(*statements)
    return row["net_income"], row["income_change"]


def test_a_year_is_read_as_it_stands_whichever_days_it_begins_and_ends_on() -> None:
    before = period("2022-01-01", "2022-12-31", 20000)
    assert income(before, period("2023-01-01", "2023-12-31", 15000.01)) == (15000.01, pytest.approx(-0.2499995))
    for start, end in (("2023-01-02", "2023-12-31"), ("2023-01-01", "2024-01-01"), ("2022-10-01", "2023-09-30")):
        assert income(before, period(start, end, 15000)) == (15000, -0.25)


def test_statements_that_end_on_the_30th_and_on_the_31st_are_two() -> None:
    first, second = period("2022-12-31", "2023-12-30", 9000), period("2023-01-01", "2023-12-31", 12000)
    assert income(first, second) == (12000, pytest.approx(1 / 3))
    assert income(first, month(2023, 12, 500)) == (9000 * 11 / 12 + 500, None)
    assert income(month(2023, 11, 10), second, period("2023-12-01", "2023-12-30", 500)) == (12000, None)


def test_a_half_year_counts_twice_and_two_years_count_half() -> None:
    half = told(period("2024-01-01", "2024-06-30", 9000, living_cost=2000))
    assert half == {
        "net_income": 18000,
        "income_change": None,
        "statement_age_months": 3,
        "income_months": 6,
        "income_unknown": 0,
    }
    assert (
        features(period("2024-01-01", "2024-06-30", 9000, living_cost=2000))["cost_to_income"].item() == 0.222222222222
    )
    assert income(period("2022-07-01", "2024-06-30", 9000)) == (4500, None)


def test_a_single_month_makes_nobody_poor_and_nobody_rich() -> None:
    year = month(2024, 8, 12000, production_cost=0, living_cost=100)
    for statements in ((year,), (month(2024, 7, 3), year), (period("2024-04-01", "2024-08-31", 900),)):
        loan = features(*statements)
        assert loan["income_unknown"].item() == 1
        assert [name for name in KNOWN if loan[name].item() is not None] == []
        rules = evaluate_rules(loan, RULES)
        assert {"R203", "R204", "R210"} <= set(rules["not_assessable"].item())
        assert "R301" in {rule["id"] for rule in rules["rules"].item()}
    assert told(year)["income_months"] == 1


def test_twelve_months_are_a_year_and_the_newest_twelve_count() -> None:
    months = [month(2023, number, 1000) for number in range(1, 13)]
    newer = [month(2024, number, 1600) for number in range(1, 9)]
    assert income(*months) == (12000, None)
    assert told(*months, *newer) == {
        "net_income": 4 * 1000 + 8 * 1600,
        "income_change": None,
        "statement_age_months": 0,
        "income_months": 12,
        "income_unknown": 0,
    }


def test_a_year_of_months_is_compared_with_the_year_of_months_before() -> None:
    ends = [(year, number) for year in (2022, 2023) for number in range(1, 13)]
    seasonal = [month(year, number, 10000 if number == 10 else 100 * (year - 2020)) for year, number in ends]
    assert income(*seasonal) == (10000 + 11 * 300, pytest.approx(13300 / 12200 - 1))


def test_gaps_are_scaled_by_the_months_that_are_covered() -> None:
    months = [month(2024, number, 900) for number in (1, 2, 3, 4, 6, 7, 8)]
    assert income(*months) == (900 * 12, None)
    assert told(*months)["income_months"] == 7
    old = [month(2022, number, 5) for number in range(1, 12)]
    assert income(*old, *months) == (900 * 12, None)


def test_months_without_any_income_are_gaps() -> None:
    months = [month(2024, number, None if number > 6 else 500, living_cost=100) for number in range(1, 9)]
    loan = features(*months)
    assert (loan["net_income"].item(), loan["household_cost"].item()) == (6000, 1200)
    assert features(*months[1:])["net_income"].item() is None


def test_of_a_year_and_a_half_year_of_it_the_year_counts_once() -> None:
    half, year = period("2023-01-01", "2023-06-30", 9000), period("2023-01-01", "2023-12-31", 12000)
    assert income(half, year) == (12000, None)
    later = {**half, "known_on": date(2024, 5, 1)}
    assert income(later, year) == (12000, None)


def test_the_version_known_last_counts_for_a_period_with_the_same_end() -> None:
    year = period("2023-01-01", "2023-12-31", 12000, known_on=date(2024, 2, 1))
    half = period("2023-07-01", "2023-12-31", 9000, known_on=date(2024, 1, 20))
    first_half = period("2023-01-01", "2023-06-30", 4000)
    assert income(first_half, half, year) == (12000, None)
    assert income(first_half, {**half, "known_on": date(2024, 3, 1)}, year) == (13000, None)


def test_days_that_two_parts_of_a_year_cover_count_for_the_one_that_ends_last() -> None:
    earlier, later = period("2024-01-01", "2024-05-30", 5000), period("2024-05-01", "2024-08-31", 8000)
    assert income(earlier, later) == (18000, None)  # four of five months of the first, and the second, in eight months
    assert told(earlier, later)["income_months"] == 8


def test_a_whole_year_stands_until_newer_months_make_one() -> None:
    year = period("2023-01-01", "2023-12-31", 24000)
    before = period("2022-01-01", "2022-12-31", 20000)
    months = [month(2024, number, 100) for number in range(1, 9)]
    assert income(before, year, *months) == (24000, pytest.approx(0.2))
    assert told(year, *months)["statement_age_months"] == 8
    assert told(period("2022-01-01", "2022-12-31", 24000), *months)["net_income"] == 1200


def test_a_year_that_lacks_a_day_is_not_completed_by_the_year_before() -> None:
    before, year = period("2022-01-01", "2023-01-01", 24000), period("2023-01-02", "2023-12-31", 12000)
    assert income(before, year, month(2024, 1, 5)) == (12000, -0.5)


def test_half_years_make_a_year_and_a_half_year_is_compared_with_its_like() -> None:
    spring, autumn = period("2023-01-01", "2023-06-30", 2000), period("2023-07-01", "2023-12-31", 20000)
    assert income(spring, autumn) == (22000, None)
    next_spring = period("2024-01-01", "2024-06-30", 3000)
    assert income(autumn, next_spring) == (23000, None)
    assert income(spring, next_spring) == (6000, 0.5)
    assert income(period("2022-01-01", "2022-12-31", 20000), spring) == (20000, None)


def test_income_swings_from_year_to_year_and_not_from_month_to_month() -> None:
    seasonal = [month(year, number, 9000 if number == 10 else 100) for year in (2022, 2023) for number in range(1, 13)]
    assert features(*seasonal)["income_swing_60m"].item() == 0
    years = [period(f"{year}-01-01", f"{year}-12-31", amount) for year, amount in ((2022, 1000), (2023, 3000))]
    assert features(*years)["income_swing_60m"].item() == pytest.approx(0.707107)
