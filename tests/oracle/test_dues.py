"""What a loan is asked for, worked out by hand and asked of referee and product: small sums, rests, extensions."""

import pytest

from tests.oracle.answers import Answers
from tests.oracle.drawing import drawn
from tests.oracle.one_life import (
    ALL_INTEREST,
    SCHEDULE,
    SUBSIDISED,
    WITHOUT_FINAL_PRINCIPAL,
    day,
    events,
    on_time,
    paying,
)


def test_a_state_that_pays_late_makes_nobody_late(answers: Answers) -> None:
    tables = paying("2023-04-10 0 40", "2023-07-10 0 40", "2023-08-01 0 60 subsidy", loans=SUBSIDISED)
    found = answers.facts(tables, "2023-07-31")
    assert (found["days_past_due"], found["overdue_interest"], found["subsidy_overdue"]) == (0, 0, 120)
    assert (found["due_next_3m"], found["late_instalments_12m"], found["spells"]) == (40, 0, [])
    found = answers.facts(tables, "2023-08-31")
    assert (found["subsidy_overdue"], found["paid_share_12m"], found["borrower_paid_share_12m"]) == (60, 0.7, 0.4)


def test_a_household_that_is_refunded_pays_the_whole_and_the_refund_pays_nothing(answers: Answers) -> None:
    tables = paying("2023-04-10 0 40", "2023-04-10 0 60 subsidy", loans=SUBSIDISED.replace("direct", "refund"))
    found = answers.facts(tables, "2023-05-31")
    assert (found["bad_since"], found["overdue_interest"], found["subsidy_overdue"]) == (day("2023-05-10"), 60, 0)


@pytest.mark.parametrize(("interest", "overdue"), [("99.99", 0), ("99", 0), ("98.99", 1.01)])
def test_what_is_short_by_no_more_than_the_least_is_covered(answers: Answers, interest: str, overdue: float) -> None:
    found = answers.facts(paying(f"2023-04-10 0 {interest}"), "2023-05-31")
    assert found["overdue_interest"] == overdue
    assert (found["days_past_due"], found["status"]) == ((0, "performing") if overdue == 0 else (51, "bad"))


@pytest.mark.parametrize(("principal", "is_open"), [("12000", False), ("11999", False), ("11998.99", True)])
def test_a_loan_is_open_while_more_than_the_least_is_outstanding(
    answers: Answers, principal: str, is_open: bool
) -> None:
    assert answers.facts(paying(f"2023-03-01 {principal} 0"), "2023-03-31")["is_open"] is is_open


def test_a_rest_asks_for_what_was_outstanding_and_only_later_payments_count_against_it(answers: Answers) -> None:
    rest = SCHEDULE.replace("12000", "2000").replace("2023-07-10 0   ", "2023-07-10 10000")
    rest += "L1 2 2023-10-10 3000 0 2023-07-20\nL1 2 2024-01-10 3000 0 2023-07-20"
    before = "2023-07-15 6000 200 borrower 2023-08-05"
    tables = paying(before, "2023-10-10 3000 0", "2023-10-20 -1000 0", instalments=rest)
    found = answers.facts(tables, "2023-10-19")
    assert [due["principal"] for due in found["dues"]] == [3000, 3000]
    assert (found["days_past_due"], found["due_next_3m"]) == (0, 3000)
    found = answers.facts(tables, "2023-10-31")
    assert (found["days_past_due"], found["overdue_principal"], found["outstanding_principal"]) == (21, 1000, 4000)


@pytest.mark.parametrize(("early", "days"), [("", 21), ("L1 2 2023-04-10 0 100 2023-08-01\n", 0)])
def test_where_nothing_was_repaid_a_schedule_that_leaves_out_the_past_is_a_rest(
    answers: Answers, early: str, days: int
) -> None:
    later = f"{early}L1 2 2023-10-10 0 100 2023-08-01\nL1 2 2026-01-10 12000 100 2023-08-01"
    tables = paying(*on_time("2023-04-10", "2023-07-10"), instalments=SCHEDULE + later)
    assert answers.facts(tables, "2023-10-31")["days_past_due"] == days


def test_interest_beyond_what_the_outstanding_principal_can_accrue_is_not_asked(answers: Answers) -> None:
    """30 days with 12,000 and 61 days with 6,000 of the 91 days from 10 April to 10 July."""
    asked = 100 * (30 * 12000 + 61 * 6000) / 91 / 12000
    tables = paying("2023-04-10 0 100", "2023-05-10 6000 0", "2023-07-10 0 65")
    found = answers.facts(tables, "2023-07-31")
    assert found["dues"][1]["interest"] == pytest.approx(asked)
    assert (found["overdue_interest"], found["days_past_due"]) == (pytest.approx(asked - 65, abs=0.005), 21)
    assert found["due_next_3m"] == 50
    short_by_less = paying("2023-04-10 0 100", "2023-05-10 6000 0", "2023-07-10 0 66")
    assert answers.facts(short_by_less, "2023-07-31")["days_past_due"] == 0


@pytest.mark.parametrize(
    "schedule", [WITHOUT_FINAL_PRINCIPAL, SCHEDULE.splitlines()[1]], ids=["interest alone", "no schedule"]
)
def test_principal_that_no_instalment_asks_for_is_due_on_the_maturity_in_force(answers: Answers, schedule: str) -> None:
    unmoved = paying(ALL_INTEREST, instalments=schedule)
    assert answers.spells(unmoved, "2025-03-31") == [("2025-02-09", None, None)]
    assert answers.facts(unmoved, "2025-03-31")["overdue_principal"] == 12000
    extended = events("2025-01-05 extended 2025-07-10 - 2025-01-05", "2025-07-01 extended 2025-10-10 - 2025-07-01")
    moved = paying(ALL_INTEREST, instalments=schedule, loan_events=extended)
    assert answers.spells(moved, "2025-10-31") == []
    assert [answers.facts(moved, as_of)["days_past_due"] for as_of in ("2025-07-31", "2025-10-31")] == [0, 21]


def test_a_newer_schedule_is_not_moved_by_the_extension_it_came_with(answers: Answers) -> None:
    later = "L1 2 2024-10-10 0 800 {0}\nL1 2 2025-01-10 6000 100 {0}\nL1 2 2025-07-10 6000 100 {0}"
    tables = paying("2023-01-10 0 1000", instalments=SCHEDULE + later.format("2025-01-08"))
    extended = events("2025-01-05 extended 2025-07-10 - 2025-01-05")
    with_both = tables | drawn(loan_events=extended)
    assert answers.facts(with_both, "2025-01-07")["days_past_due"] == 0
    assert answers.facts(with_both, "2025-01-31")["days_past_due"] == 21


def test_a_revolving_loan_is_closed_while_repaid_and_open_again_when_drawn(answers: Answers) -> None:
    tables = paying(ALL_INTEREST, "2024-03-01 12000 0", "2024-04-01 -12000 0 other")
    month_ends = ("2024-02-29", "2024-03-31", "2024-04-30")
    assert [answers.facts(tables, as_of)["is_open"] for as_of in month_ends] == [True, False, True]
    assert answers.spells(tables, "2025-02-28") == [("2025-02-09", None, None)]


def test_a_payment_of_the_day_a_rest_became_known_was_taken_into_account(answers: Answers) -> None:
    rest = SCHEDULE.replace("2023-07-10 0   ", "2023-07-10 6000").replace("12000", "6000 ")
    rest += "L1 2 2023-10-10 6000 0 2023-07-20"
    tables = paying("2023-07-20 6000 200", instalments=rest)
    assert answers.facts(tables, "2023-10-31")["overdue_principal"] == 6000


def test_the_first_period_of_a_rest_begins_when_it_became_known(answers: Answers) -> None:
    """One evening with 6,000 and 91 with 5,000 from 10 July to 10 October."""
    rest = SCHEDULE + "L1 2 2023-10-10 0 60 2023-07-10\nL1 2 2024-01-10 6000 60 2023-07-10"
    tables = paying("2023-07-10 6000 200", "2023-07-11 1000 0", instalments=rest)
    assert answers.facts(tables, "2023-10-31")["dues"][0]["interest"] == pytest.approx(
        60 * (6000 + 91 * 5000) / 92 / 6000
    )


def test_before_anything_was_asked_a_later_schedule_is_whole(answers: Answers) -> None:
    later = "L1 2 2023-10-10 0 100 2023-03-01\nL1 2 2026-01-10 12000 100 2023-03-01"
    assert answers.facts(paying("2023-02-01 0 100", instalments=SCHEDULE + later), "2023-10-31")["days_past_due"] == 0


def test_a_schedule_of_the_day_of_the_extension_is_newer_though_it_ends_at_the_old_maturity(answers: Answers) -> None:
    tables = paying(
        "2023-01-10 0 800",
        instalments=SCHEDULE + "L1 2 2024-10-10 0 700 2025-01-05\nL1 2 2025-01-10 12000 100 2025-01-05",
        loan_events=events("2025-01-05 extended 2025-07-10 - 2025-01-05"),
    )
    assert answers.facts(tables, "2025-01-31")["days_past_due"] == 21


def test_a_fen_that_no_instalment_asks_for_is_due_on_maturity_and_being_short_of_it_is_covered(
    answers: Answers,
) -> None:
    thirds = SCHEDULE.splitlines()[1] + "\nL1 1 2023-04-10 6000 0 2023-01-10\nL1 1 2023-07-10 5999.99 0 2023-01-10"
    tables = paying("2023-04-10 5999.99 0", "2023-07-10 5000 0", instalments=thirds)
    assert [due["principal"] for due in answers.facts(tables, "2023-07-31")["dues"]] == [6000, 5999.99, 0.01]
    assert [due["covered_on"] for due in answers.facts(tables, "2023-07-31")["dues"]] == [day("2023-04-10"), None, None]
