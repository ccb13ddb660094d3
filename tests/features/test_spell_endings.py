"""How the times that loans were bad ended, by what was known on a day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from features.snapshot.life_rules import LifeRules
from features.spell_endings import spell_endings
from tests.features.one_loan import one_loan

DUE, BAD_ON, LATER = date(2025, 3, 1), date(2025, 3, 31), date(2025, 12, 31)


def payment(**cells: Any) -> dict[str, Any]:
    row = {"payment_id": f"P{cells['paid_on']}", "loan_id": "L1", "principal_paid": 0.0, "interest_paid": 0.0}
    return {**row, "payer": "borrower", "known_on": cells["paid_on"], **cells}


def event(kind: str, day: date, amount: float | None = None) -> dict[str, Any]:
    return {"loan_id": "L1", "kind": kind, "occurred_on": day, "amount": amount, "known_on": day}


def endings_of(as_of: date = LATER, **others: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    frame = spell_endings(one_loan(**others), as_of, LifeRules())
    return frame.select("bad_on", "ended_on", "ended_by", "outstanding", "fund_paid").rows()


FUND_DAY = date(2025, 6, 20)
FUND = payment(paid_on=FUND_DAY, principal_paid=5_600.0, payer="compensation_fund")
PART = payment(paid_on=date(2025, 4, 10), principal_paid=2_000.0)
WHOLE = payment(paid_on=date(2025, 5, 5), principal_paid=10_000.0, interest_paid=345.0)


@pytest.mark.parametrize(
    ("others", "ending"),
    [
        ({}, (None, None, 10_000.0, 0.0)),
        ({"payments": [WHOLE]}, (date(2025, 5, 5), "repaid", 0.0, 0.0)),
        (
            {"payments": [PART, FUND], "loan_events": [event("compensated", FUND_DAY, 5_600.0)]},
            (FUND_DAY, "fund", 8_000.0, 5_600.0),
        ),
        ({"payments": [PART, FUND]}, (FUND_DAY, "fund", 8_000.0, 5_600.0)),
        ({"loan_events": [event("compensated", FUND_DAY, 7_000.0)]}, (FUND_DAY, "fund", 10_000.0, 7_000.0)),
        ({"loan_events": [event("written_off", FUND_DAY)]}, (FUND_DAY, "written_off", 10_000.0, 0.0)),
    ],
    ids=["goes on", "repaid", "fund", "fund without event", "fund without payment", "written off"],
)
def test_a_time_bad_ends_by_repayment_the_fund_or_the_bank(others: Any, ending: tuple[Any, ...]) -> None:
    assert endings_of(**others) == [(BAD_ON, *ending)]


@pytest.mark.parametrize(("day", "ended_by"), [(date(2025, 6, 19), None), (FUND_DAY, "fund")])
def test_an_ending_counts_from_the_day_it_is_known(day: date, ended_by: str | None) -> None:
    assert [row[2] for row in endings_of(day, payments=[FUND])] == [ended_by]


@pytest.mark.parametrize(("day", "times"), [(date(2025, 3, 30), 0), (BAD_ON, 1)])
def test_a_time_bad_exists_from_its_first_day(day: date, times: int) -> None:
    assert len(endings_of(day)) == times
