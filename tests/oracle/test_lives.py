"""Lives of a loan worked out by hand, day by day, asked of referee and product: bad, on probation, performing."""

from datetime import date

import pytest

from tests.oracle.answers import Answers
from tests.oracle.lives import LifeRules
from tests.oracle.one_life import (
    ALL_INTEREST,
    DAYS_DUE,
    FIRST_LATE,
    LOAN,
    SCHEDULE,
    day,
    events,
    on_time,
    paying,
)


def test_bad_then_on_probation_then_performing_then_bad_again(answers: Answers) -> None:
    tables = paying(FIRST_LATE, *on_time("2023-07-10", "2023-10-10"), "2024-02-20 0 100", *on_time(*DAYS_DUE[3:]))
    assert answers.statuses(tables, "2023-05-09", "2023-05-10", "2023-05-19") == ["performing", "bad", "bad"]
    assert answers.statuses(tables, "2023-05-20", "2023-11-19") == ["probation", "probation"]
    assert answers.statuses(tables, "2023-11-20") == ["performing"]
    first = ("2023-05-10", "2023-05-20", "2023-11-20")
    assert answers.spells(tables, "2024-02-08") == [first]
    assert answers.spells(tables, "2024-02-09") == [first, ("2024-02-09", None, None)]
    assert answers.spells(tables, "2024-08-19") == [first, ("2024-02-09", "2024-02-20", None)]
    assert answers.spells(tables, "2024-08-20") == [first, ("2024-02-09", "2024-02-20", "2024-08-20")]
    after = answers.facts(tables, "2024-08-31")
    assert [after["bad_since"], after["arrears_ended_on"]] == [date(2024, 2, 9), date(2024, 2, 20)]
    later = ("2023-04-30", "2023-12-31", "2024-12-31")
    assert [answers.facts(tables, as_of)["times_bad"] for as_of in later] == [0, 1, 2]


def test_a_late_due_on_probation_starts_both_counts_anew_on_the_day_it_is_paid(answers: Answers) -> None:
    tables = paying(FIRST_LATE, "2023-07-15 0 100", *on_time("2023-10-10", "2024-01-10"))
    assert answers.spells(tables, "2024-01-14") == [("2023-05-10", "2023-05-20", None)]
    assert answers.spells(tables, "2024-01-15") == [("2023-05-10", "2023-05-20", "2024-01-15")]


def test_a_due_that_is_one_day_late_on_probation_starts_anew_and_stays_open_until_paid(answers: Answers) -> None:
    tables = paying(FIRST_LATE, *on_time("2023-07-10"), "2023-10-11 0 100", *on_time("2024-01-10", "2024-04-10"))
    assert answers.statuses(tables, "2023-11-20", "2024-04-10") == ["probation", "probation"]
    assert answers.statuses(tables, "2024-04-11") == ["performing"]


@pytest.mark.parametrize(
    ("rules", "performing_on"),
    [
        (LifeRules(), "2024-04-10"),
        (LifeRules(cure_months=3), "2024-04-10"),
        (LifeRules(cure_instalments=1, cure_months=3), "2024-01-10"),
    ],
)
def test_the_due_of_the_very_day_arrears_end_counts_for_neither(
    answers: Answers, rules: LifeRules, performing_on: str
) -> None:
    tables = paying("2023-10-10 0 300", *on_time(*DAYS_DUE[2:]))
    assert answers.spells(tables, "2024-06-30", rules) == [("2023-05-10", "2023-10-10", performing_on)]


def test_arrears_are_not_over_while_the_due_of_that_day_is_open(answers: Answers) -> None:
    tables = paying("2023-07-10 0 100", "2023-07-12 0 100")
    assert answers.spells(tables, "2023-07-11") == [("2023-05-10", None, None)]
    assert answers.spells(tables, "2023-07-12") == [("2023-05-10", "2023-07-12", None)]


def test_six_months_after_the_end_of_august_end_with_the_first_of_march(answers: Answers) -> None:
    tables = paying("2023-08-31 0 200", *on_time("2023-10-10", "2024-01-10"))
    assert answers.statuses(tables, "2024-02-29", "2024-03-01") == ["probation", "performing"]


def test_dues_that_ask_nothing_of_the_household_do_not_end_probation(answers: Answers) -> None:
    whole = LOAN.replace(" -             -  ", " 1             direct ")
    schedule = SCHEDULE.replace("2023-04-10 0   ", "2023-04-10 1000")
    tables = paying("2023-05-20 1000 0", loans=whole, instalments=schedule)
    assert answers.spells(tables, "2024-12-31") == [("2023-05-10", "2023-05-20", None)]
    assert [due["covered_on"] for due in answers.facts(tables, "2024-12-31")["dues"][:3]] == [
        day("2023-05-20"),
        *[date.min] * 2,
    ]


def test_a_reversal_counts_from_its_own_day(answers: Answers) -> None:
    tables = paying("2023-04-10 0 100", "2023-06-01 0 -100", "2023-06-20 0 100")
    assert answers.spells(tables, "2023-05-31") == []
    assert answers.facts(tables, "2023-05-31")["days_late_max_6m"] == 0
    assert answers.spells(tables, "2023-06-01") == [("2023-06-01", None, None)]
    assert answers.facts(tables, "2023-06-10")["days_past_due"] == 61
    assert answers.spells(tables, "2023-06-30") == [("2023-06-01", "2023-06-20", None)]
    assert [due["covered_on"] for due in answers.facts(tables, "2023-06-30")["dues"]][:2] == [day("2023-06-20"), None]


def test_a_reversal_that_reopens_old_arrears_is_a_new_spell(answers: Answers) -> None:
    tables = paying(FIRST_LATE, "2023-06-05 0 -100", "2023-06-08 0 100", *on_time("2023-07-10", "2023-10-10"))
    first, second = ("2023-05-10", "2023-05-20", None), ("2023-06-05", "2023-06-08", "2023-12-08")
    assert answers.spells(tables, "2023-12-31") == [first, second]


@pytest.mark.parametrize(
    ("granted_on", "expected"),
    [("2025-02-08", []), ("2025-02-09", []), ("2025-02-10", [("2025-02-09", "2025-02-10", None)])],
)
def test_an_extension_on_the_thirtieth_day_saves_the_loan(
    answers: Answers, granted_on: str, expected: list[tuple[str, ...]]
) -> None:
    tables = paying(ALL_INTEREST, loan_events=events(f"{granted_on} extended 2026-01-10 - {granted_on}"))
    assert answers.spells(tables, "2025-12-31") == expected
    found = answers.facts(tables, "2025-12-31")
    assert (found["days_past_due"], found["days_to_maturity"], found["is_open"]) == (0, 10, True)


def test_an_extension_heard_of_late_leaves_no_bad_label(answers: Answers) -> None:
    tables = paying(ALL_INTEREST, loan_events=events("2025-02-05 extended 2026-01-10 - 2025-04-01"))
    found = answers.facts(tables, "2025-02-28")
    assert (found["status"], found["bad_by_all_data"], found["next_bad_on"]) == ("bad", False, day("2026-02-09"))
    assert answers.facts(tables, "2025-04-30")["spells"] == []
    assert answers.label(tables, date(2025, 1, 31)) is False


def test_a_withdrawn_extension_never_was(answers: Answers) -> None:
    line = "2025-02-05 extended 2026-01-10"
    tables = paying(ALL_INTEREST, loan_events=events(f"{line} - 2025-02-05", f"{line} true 2025-03-10"))
    found = answers.facts(tables, "2025-02-28")
    assert (found["status"], found["days_to_maturity"], found["bad_by_all_data"]) == ("performing", 316, True)
    assert answers.label(tables, date(2025, 2, 28)) is None
    found = answers.facts(tables, "2025-03-31")
    assert (found["days_past_due"], found["spells"]) == (80, [(day("2025-02-09"), None, None)])


@pytest.mark.parametrize(
    ("renewed_on", "expected"),
    [("2023-04-30", []), ("2023-05-10", []), ("2023-05-11", [("2023-05-10", "2023-05-11", None)])],
)
@pytest.mark.parametrize("by_event", [True, False])
def test_a_renewal_closes_an_unpaid_loan(
    answers: Answers, renewed_on: str, expected: list[tuple[str, ...]], by_event: bool
) -> None:
    renewing = f"L2 H1 12000 {renewed_on} 2026-01-10 - - L1 {renewed_on}"
    by = {"loan_events": events(f"{renewed_on} renewed - - {renewed_on}")} if by_event else {"loans": LOAN + renewing}
    tables = paying(**by)
    assert answers.spells(tables, "2023-12-31") == expected
    found = answers.facts(tables, "2023-12-31")
    assert (found["is_open"], found["days_past_due"], found["overdue_amount"]) == (False, 0, 0)


def test_a_closed_loan_cannot_go_bad_and_a_compensated_one_stays_bad(answers: Answers) -> None:
    settled = paying(loan_events=events("2023-05-10 settled - - 2023-05-12"))
    assert answers.spells(settled, "2023-12-31") == []
    assert answers.spells(settled, "2023-05-11") == [("2023-05-10", None, None)]
    assert answers.spells(paying("2023-05-01 12000 0"), "2025-12-31") == []
    fund = "2023-05-02 12000 100 compensation_fund"
    compensated = paying(fund, loan_events=events("2023-05-02 compensated - - 2023-05-02"))
    assert answers.spells(compensated, "2025-12-31") == [("2023-05-02", None, None)]
    assert answers.facts(compensated, "2025-12-31")["status"] == "bad"
    too_late = paying("2023-05-01 12000 100", loan_events=events("2023-05-02 compensated - - 2023-05-02"))
    assert answers.spells(too_late, "2025-12-31") == []


def test_a_loan_written_off_on_probation_is_bad_again_and_for_good(answers: Answers) -> None:
    tables = paying(FIRST_LATE, *on_time(*DAYS_DUE), loan_events=events("2023-08-01 written_off - - 2023-08-01"))
    assert answers.spells(tables, "2024-12-31") == [("2023-05-10", "2023-05-20", None), ("2023-08-01", None, None)]


def test_a_payment_heard_of_late_heals_backwards(answers: Answers) -> None:
    tables = paying("2023-04-12 0 100 borrower 2023-07-01")
    found = answers.facts(tables, "2023-05-31")
    assert (found["status"], found["bad_since"], found["bad_by_all_data"]) == ("bad", day("2023-05-10"), False)
    found = answers.facts(tables, "2023-07-01")
    assert (found["status"], found["times_bad"], found["days_late_max_12m"]) == ("performing", 0, 2)


def test_dues_paid_before_a_late_one_do_not_count_after_it(answers: Answers) -> None:
    tables = paying(FIRST_LATE, *on_time("2023-07-10"), "2023-10-15 0 100", *on_time("2024-01-10", "2024-04-10"))
    soon = LifeRules(cure_months=1)
    assert answers.spells(tables, "2024-06-30", soon) == [("2023-05-10", "2023-05-20", "2024-04-10")]


def test_a_bad_loan_that_the_fund_repays_stays_in_its_spell(answers: Answers) -> None:
    fund = "2023-06-01 12000 200 compensation_fund"
    tables = paying(fund, loan_events=events("2023-06-01 compensated - - 2023-06-01"))
    assert answers.spells(tables, "2024-12-31") == [("2023-05-10", None, None)]


def test_a_bad_loan_that_is_settled_is_in_arrears_no_longer(answers: Answers) -> None:
    tables = paying(loan_events=events("2023-06-01 settled - - 2023-06-01"))
    assert answers.spells(tables, "2024-12-31") == [("2023-05-10", "2023-06-01", None)]
