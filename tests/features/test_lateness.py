"""How late a loan is, when it is asked for money next, and who else is late around it."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from features.bad_spells import bad_spells
from features.compute import features_at
from features.snapshot.life_rules import SHIPPED_RULES
from tests.features.one_loan import AS_OF, instalment, loan, one_loan

OTHERS = 5


@pytest.mark.parametrize(
    ("due_on", "days"),
    [
        ((date(2024, 9, 20), date(2024, 12, 20), date(2025, 3, 1)), 81),
        ((AS_OF, date(2024, 10, 1)), 1),
        ((AS_OF,), None),
    ],
)
def test_the_next_instalment_is_the_first_that_falls_due_after_the_day(
    due_on: tuple[date, ...], days: int | None
) -> None:
    rows = one_loan(instalments=[instalment("L1", due_on=day) for day in due_on])
    assert features_at(AS_OF, rows)["days_to_next_due"].to_list() == [days]


def test_the_next_instalment_is_one_of_the_schedule_in_force() -> None:
    later = {"schedule_no": 2, "due_on": date(2025, 9, 1), "known_on": date(2024, 6, 1)}
    rows = one_loan(instalments=[instalment("L1", due_on=date(2024, 12, 1)), instalment("L1", **later)])
    assert features_at(AS_OF, rows)["days_to_next_due"].to_list() == [336]


@pytest.mark.parametrize(
    ("days_late", "in_arrears", "gone_bad"), [(-1, 0, 0), (0, 0.2, 0), (29, 0.2, 0), (30, 0.2, 0.2)]
)
def test_neighbours_a_few_days_late_are_in_arrears_and_have_not_gone_bad(
    days_late: int, in_arrears: float, gone_bad: float
) -> None:
    others = [f"N{number}" for number in range(OTHERS)]
    homes = [{"household_id": home, "village_code": "640323100001"} for home in ("H1", *others)]
    late = instalment("N0", due_on=AS_OF - timedelta(days=days_late), principal_due=0.0, interest_due=300.0)
    rows = one_loan(
        households=homes,
        loans=[loan("L1", product="other"), *(loan(name, household_id=name, product="other") for name in others)],
        instalments=[late, *(instalment(name) for name in ("L1", *others))],
    )
    mine = features_at(AS_OF, rows).row(by_predicate=pl.col("loan_id") == "L1", named=True)
    assert mine["village_overdue_share"] == in_arrears
    assert (mine["township_bad_share"], mine["bank_bad_share"], mine["product_bad_share"]) == (gone_bad,) * 3


@pytest.mark.parametrize(("due_on", "share"), [(date(2025, 2, 28), 0.5), (date(2025, 3, 1), 0.0), (AS_OF, 0.0)])
def test_the_principal_due_in_five_months_can_go_bad_in_six(due_on: date, share: float) -> None:
    half = instalment("L1", due_on=due_on, principal_due=5_000.0)
    rows = one_loan(instalments=[half, instalment("L1", due_on=date(2025, 9, 1), principal_due=5_000.0)])
    assert features_at(AS_OF, rows)["principal_share_next_5m"].to_list() == [share]


def test_a_due_too_small_to_be_paid_is_no_payment_ahead_of_time() -> None:
    payment = {"payment_id": "P1", "loan_id": "L1", "paid_on": date(2024, 8, 25), "principal_paid": 0.0}
    rows = one_loan(
        instalments=[
            instalment("L1", due_on=date(2024, 6, 1), principal_due=0.0, interest_due=0.8),
            instalment("L1", due_on=date(2024, 9, 1), principal_due=0.0, interest_due=90.0),
            instalment("L1"),
        ],
        payments=[{**payment, "interest_paid": 90.8}],
    )
    assert features_at(AS_OF, rows)["household_days_before_due_mean"].to_list() == [7.0]


@pytest.mark.parametrize("as_of", [date(2024, 3, 1), date(2024, 3, 31), AS_OF])
def test_a_due_long_before_the_drawdown_makes_a_loan_bad_on_the_drawdown_whenever_it_is_asked(as_of: date) -> None:
    early = instalment("L1", due_on=date(2024, 1, 15), principal_due=100.0, interest_due=0.0)
    rows = one_loan(instalments=[early, instalment("L1", principal_due=9_900.0)])
    features = features_at(as_of, rows)
    assert features.select("bad_since", "times_bad").rows() == [(date(2024, 3, 1), 1.0)]
    assert bad_spells(rows, SHIPPED_RULES)["bad_on"].to_list()[0] == date(2024, 3, 1)


def test_a_loan_that_was_renewed_before_its_drawdown_is_closed_and_cannot_be_lost() -> None:
    renewing = loan("L0", originated_on=date(2024, 2, 1), renews_loan_id="L1")
    lost = {"loan_id": "L1", "kind": "written_off", "occurred_on": date(2024, 5, 5), "known_on": date(2024, 5, 5)}
    rows = one_loan(loans=[renewing, loan("L1")], loan_events=[lost])
    assert bad_spells(rows, SHIPPED_RULES)["loan_id"].to_list() == ["L0"]
