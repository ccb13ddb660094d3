"""By when a yellow or red loan is visited: what meets the duty, what moves it, and who hears that it is late."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from models.county_policy.policy_table import shipped_policy_table
from serving.cases.case_facts import CASE_FACTS_SCHEMA
from serving.cases.visit_duties import visit_duties
from serving.months.flag_spells import FLAG_SPELLS_SCHEMA

AS_OF, PUBLISHED = date(2025, 12, 31), date(2026, 1, 5)
RED_DUE, YELLOW_DUE = date(2026, 1, 8), date(2026, 1, 26)
POLICY = shipped_policy_table().in_force(AS_OF).casework
NOTHING: dict[str, Any] = dict.fromkeys(CASE_FACTS_SCHEMA.columns)


def duty(level: int, today: date, **facts: Any) -> dict[str, Any]:
    """The duty of one loan, with what is recorded of its cases."""
    spells = pl.DataFrame([("L1", level, AS_OF, PUBLISHED)], FLAG_SPELLS_SCHEMA.dtypes, orient="row")
    rows = [{**NOTHING, "loan_id": "L1", "case_id": 1, "case_state": "open", **facts}] if facts else []
    cases = pl.DataFrame(rows, CASE_FACTS_SCHEMA.dtypes)
    return visit_duties(spells, cases, POLICY, today).row(0, named=True)


@pytest.mark.parametrize(
    ("level", "today", "state", "days_late"),
    [
        (2, PUBLISHED, "due", 0),
        (2, RED_DUE, "due", 0),
        (2, date(2026, 1, 9), "overdue", 1),
        (2, date(2026, 1, 11), "overdue", 1),
        (1, date(2026, 1, 24), "due", 0),
        (2, date(2026, 1, 12), "overdue", 2),
        (1, YELLOW_DUE, "due", 0),
        (1, date(2026, 1, 27), "overdue", 1),
    ],
)
def test_a_visit_is_due_within_the_working_days_of_its_light(
    level: int, today: date, state: str, days_late: int
) -> None:
    found = duty(level, today)
    assert found["visit_due_on"] == (RED_DUE if level == 2 else YELLOW_DUE)
    assert (found["duty"], found["days_late"], found["is_certain"]) == (state, days_late, True)


@pytest.mark.parametrize(
    ("level", "facts", "state"),
    [
        (2, {"visited_on": date(2026, 1, 1)}, "visited"),
        (2, {"visited_on": AS_OF}, "overdue"),
        (2, {"called_on": date(2026, 1, 6)}, "overdue"),
        (1, {"called_on": date(2026, 1, 6)}, "called"),
        (1, {"called_on": date(2026, 1, 6), "visited_on": date(2026, 1, 7)}, "visited"),
        (2, {"case_state": "closed", "closed_on": date(2026, 1, 6)}, "closed"),
        (2, {"case_state": "open", "closed_on": date(2026, 1, 6)}, "closed"),
        (2, {"case_state": "closed", "closed_on": date(2025, 12, 1)}, "overdue"),
        (2, {"promised_on": date(2026, 1, 6)}, "overdue"),
    ],
)
def test_what_meets_the_duty(level: int, facts: dict[str, Any], state: str) -> None:
    found = duty(level, date(2026, 3, 2), **facts)
    assert found["duty"] == state
    assert (found["done_on"] is None) == (state == "overdue")
    assert (found["heard_by"] is None) == (state != "overdue")


@pytest.mark.parametrize(
    ("level", "joint_on", "is_joint"),
    [(2, date(2026, 1, 6), True), (2, AS_OF, False), (2, None, False), (1, date(2026, 1, 6), None)],
)
def test_a_red_loan_is_told_whether_bank_and_township_visited_together(
    level: int, joint_on: date | None, is_joint: bool | None
) -> None:
    found = duty(level, date(2026, 1, 7), visited_on=date(2026, 1, 6), joint_on=joint_on)
    assert found["is_joint"] is is_joint


@pytest.mark.parametrize(
    ("snoozed_until", "today", "state", "due"),
    [
        (date(2026, 1, 20), date(2026, 1, 15), "put_off", date(2026, 1, 20)),
        (date(2026, 1, 20), date(2026, 1, 20), "due", date(2026, 1, 20)),
        (date(2026, 1, 20), date(2026, 1, 21), "overdue", date(2026, 1, 20)),
        (date(2026, 1, 7), date(2026, 1, 6), "put_off", RED_DUE),
        (date(2026, 1, 24), date(2026, 1, 25), "due", date(2026, 1, 26)),
    ],
)
def test_a_case_that_is_put_off_moves_the_day(snoozed_until: date, today: date, state: str, due: date) -> None:
    found = duty(2, today, snoozed_until=snoozed_until)
    assert (found["duty"], found["visit_due_on"]) == (state, due)


def test_a_closed_case_puts_nothing_off() -> None:
    found = duty(2, date(2026, 1, 15), case_state="closed", closed_on=date(2025, 12, 1), snoozed_until=date(2026, 2, 1))
    assert (found["duty"], found["visit_due_on"]) == ("overdue", RED_DUE)


@pytest.mark.parametrize(
    ("today", "escalated_to", "heard_by"),
    [
        (date(2026, 1, 14), None, None),
        (date(2026, 1, 15), None, "township"),
        (date(2026, 1, 21), None, "township"),
        (date(2026, 1, 22), None, "county"),
        (date(2026, 1, 6), "township", "township"),
        (date(2026, 1, 6), "county", "county"),
        (date(2026, 1, 22), "township", "county"),
    ],
)
def test_a_late_visit_is_heard_of_by_the_township_then_by_the_county(
    today: date, escalated_to: str | None, heard_by: str | None
) -> None:
    facts = {"escalated_to": escalated_to} if escalated_to else {}
    assert duty(2, today, **facts)["heard_by"] == heard_by


def test_a_case_that_was_handed_up_is_heard_of_until_it_is_closed() -> None:
    handed_up = {"escalated_to": "county", "visited_on": date(2026, 1, 6)}
    assert duty(2, date(2026, 1, 7), **handed_up)["heard_by"] == "county"
    closed = {**handed_up, "case_state": "closed", "closed_on": date(2026, 1, 7)}
    assert duty(2, date(2026, 1, 8), **closed)["heard_by"] is None


def test_a_delay_that_is_counted_through_a_year_without_a_notice_is_not_certain() -> None:
    unknown = next(year for year in range(2026, 2100) if not POLICY.working_days.is_known(year))
    assert duty(2, date(2026, 2, 2))["is_certain"]
    late = duty(2, date(unknown, 1, 15))
    assert (late["duty"], late["is_certain"]) == ("overdue", False)
    assert duty(2, date(unknown, 1, 15), visited_on=date(2026, 1, 6))["is_certain"]
