"""The referee judged by hand: cases small enough to work out on paper."""

from datetime import date
from itertools import pairwise

import pytest

from tests.oracle.drawing import drawn
from tests.oracle.knowledge import KEYS, Tables
from tests.oracle.random_ledger import random_ledger
from tests.oracle.referee import bad_on, cohort, features, label, open_loans

pytestmark = pytest.mark.no_cover  # the referee alone, which is no part of what is measured
LOAN = """
loan_id household_id principal originated_on matures_on known_on
L1      H1           10000     2024-01-10    2025-01-10 2024-01-10
"""
HOUSEHOLD = """
household_id village_code known_on
H1           990101101001 2023-12-01
"""
TWO_DUE = """
loan_id schedule_no due_on     principal_due interest_due known_on
L1      1           2024-04-10 0             100          2024-01-10
L1      1           2024-07-10 5000          100          2024-01-10
L1      1           2025-01-10 5000          50           2024-01-10
"""
HAPPENINGS = {
    "payments": "paid_on",
    "loan_events": "occurred_on",
    "use_checks": "checked_on",
    "credit_events": "occurred_on",
    "claims": "occurred_on",
    "hardships": "occurred_on",
    "village_reviews": "reviewed_on",
    "assets": "observed_on",
    "income_statements": "period_end",
}


def paid(*lines: str, **more: str) -> Tables:
    """The loan with its two early instalments, and payments as `id day principal interest payer known_on`."""
    header = "payment_id paid_on principal_paid interest_paid payer known_on loan_id\n"
    payments = header + "\n".join(line + " L1" for line in lines)
    usual = {"households": HOUSEHOLD, "loans": LOAN, "instalments": TWO_DUE, "payments": payments}
    return drawn(**usual | more)


def seen(tables: Tables, as_of: str, *names: str) -> list[float | None]:
    loan = features(tables, date.fromisoformat(as_of))["L1"]
    return [loan[name] for name in names]


def test_nothing_paid_is_past_due_since_the_oldest_instalment() -> None:
    names = ("days_past_due", "overdue_principal", "overdue_interest", "outstanding_principal")
    assert seen(paid(), "2024-07-31", *names, "late_instalments_12m") == [112, 5000, 200, 10000, 2]


def test_a_payment_heard_of_later_did_not_exist_before() -> None:
    tables = paid("P1 2024-04-10 0 100 borrower 2024-05-20")
    assert seen(tables, "2024-04-30", "days_past_due", "days_late_max_6m") == [20, 20]
    assert seen(tables, "2024-05-31", "days_past_due", "days_late_max_6m") == [0, 0]


def test_an_instalment_is_covered_when_both_principal_and_interest_are() -> None:
    tables = paid("P1 2024-04-12 0 200 other 2024-04-12", "P2 2024-07-20 5000 0 borrower 2024-07-20")
    assert seen(tables, "2024-07-31", "paid_share_12m", "borrower_paid_share_12m") == [1.0, 5000 / 5200]
    assert seen(tables, "2024-07-31", "days_past_due", "days_late_max_6m", "late_instalments_12m") == [
        0,
        10,
        2,
    ]


def test_a_correction_counts_from_the_day_it_is_known() -> None:
    tables = paid("P1 2024-04-10 0 100 borrower 2024-04-10", "P1 2024-04-10 0 98.99 borrower 2024-06-01")
    assert seen(tables, "2024-05-31", "overdue_interest", "days_past_due") == [0, 0]
    assert seen(tables, "2024-06-30", "overdue_interest", "days_past_due") == [1.01, 81]


def test_what_falls_due_next_ends_with_a_calendar_month() -> None:
    names = ("due_next_3m", "due_next_6m", "days_to_maturity", "months_on_book")
    assert seen(paid(), "2024-04-30", *names) == [5100, 5100, 255, 3]
    assert seen(paid(), "2024-07-31", *names) == [0, 5050, 163, 6]


def test_a_loan_goes_bad_on_the_thirtieth_day_unless_paid_that_day() -> None:
    late = paid("P1 2024-05-11 0 100 borrower 2024-05-11")
    in_time = paid("P1 2024-05-10 0 100 borrower 2024-05-10")
    assert bad_on(late, "L1", 30, None) == date(2024, 5, 10)
    assert bad_on(in_time, "L1", 30, None) == date(2024, 8, 9)
    assert bad_on(late, "L1", 30, date(2024, 5, 9)) is None


def test_the_label_looks_from_the_day_after_to_the_end_of_the_horizon() -> None:
    tables = paid("P1 2024-04-10 0 100 borrower 2024-04-10")
    assert label(tables, "L1", date(2024, 1, 31), 6, 30) is False
    assert label(tables, "L1", date(2024, 2, 29), 6, 30) is True
    assert label(tables, "L1", date(2024, 8, 31), 6, 30) is None


def test_an_extension_granted_before_the_day_saves_the_loan_and_one_after_does_not() -> None:
    schedule = "L1 2 2024-04-10 0 100 {0}\nL1 2 2025-07-10 10000 250 {0}"
    payment = "P1 2024-04-10 0 100 borrower 2024-04-10"
    before = paid(payment, instalments=TWO_DUE + schedule.format("2024-08-09"))
    after = paid(payment, instalments=TWO_DUE + schedule.format("2024-08-10"))
    assert bad_on(before, "L1", 30, None) == date(2025, 8, 9)
    assert bad_on(after, "L1", 30, None) == date(2024, 8, 9)


def test_a_settled_loan_neither_goes_bad_nor_stays_open() -> None:
    events = "loan_id occurred_on kind known_on\nL1 2024-05-10 settled 2024-06-15"
    tables = paid(loan_events=events)
    assert open_loans(tables, date(2024, 5, 31)) == ["L1"]
    assert cohort(tables, date(2024, 5, 31), 30) == []
    assert open_loans(tables, date(2024, 6, 30)) == []
    assert bad_on(tables, "L1", 30, None) is None


def test_a_loan_repaid_early_cannot_go_bad_and_a_compensated_one_is() -> None:
    payment = "P1 2024-04-10 10000 100 borrower 2024-04-10"
    events = "loan_id occurred_on kind known_on\nL1 2024-12-05 compensated 2024-12-06"
    assert bad_on(paid(payment), "L1", 30, None) is None
    assert bad_on(paid(payment, loan_events=events), "L1", 30, None) is None
    paid_so_far = "P1 2024-04-10 5000 200 borrower 2024-04-10"
    assert bad_on(paid(paid_so_far, loan_events=events), "L1", 30, None) == date(2024, 12, 5)


def test_the_newest_promise_is_the_maturity_in_force() -> None:
    events = """
    loan_id occurred_on kind     new_matures_on known_on
    L1      2024-11-01  extended 2025-07-10     2024-12-10
    L1      2024-12-01  extended 2025-09-10     2024-12-05
    """
    assert seen(paid(loan_events=events), "2024-11-30", "days_to_maturity") == [41]
    assert seen(paid(loan_events=events), "2024-12-31", "days_to_maturity") == [253]


def test_income_debt_and_cover_come_from_the_newest_statement() -> None:
    statements = """
    household_id period_start period_end wage_income transfer_income production_cost living_cost known_on
    H1           2022-01-01   2022-12-31 8000        -               -               -           2023-02-01
    H1           2023-01-01   2023-12-31 12000       1000            3000            2700        2024-02-01
    """
    members = """
    member_id household_id status       known_on
    M1        H1           present      2023-12-01
    M2        H1           working_away 2023-12-01
    M3        H1           left         2023-12-01
    """
    assets = """
    household_id observed_on sheep_count cattle_count savings outside_debt known_on
    H1           2024-01-01  3           1            200     -            2024-01-05
    """
    prices = "product month price known_on\nsheep 2024-01-01 700 2024-02-01\nsheep 2024-07-01 800 2024-08-02"
    tables = paid(income_statements=statements, members=members, assets=assets, prices=prices)
    names = ("household_size", "income_per_head", "income_change", "statement_age_months", "household_debt")
    assert seen(tables, "2024-07-31", *names) == [2, 5000, 0.25, 7, 10000]
    means, need = 7300 * 163 / 365 + 200 + 3 * 700, 5200 + 5050
    found = seen(tables, "2024-07-31", "debt_to_income", "repayment_cover")
    assert found == pytest.approx([1.0, means / need])


def test_a_silent_county_is_missing_and_a_quiet_household_is_nought() -> None:
    two = HOUSEHOLD + "H2 {0} 2023-12-01"
    hardships = "event_id household_id occurred_on known_on\nE1 H2 2024-02-01 2024-02-05"
    names = ("hardships_12m", "unresolved_hardship", "insured_industry", "household_size")
    neighbour = paid(hardships=hardships, households=two.format("990101102001"))
    assert seen(neighbour, "2024-07-31", *names) == [0, 0, None, None]
    elsewhere = paid(hardships=hardships, households=two.format("990102101001"))
    assert seen(elsewhere, "2024-07-31", *names) == [None, None, None, None]


def test_a_hardship_is_unresolved_until_its_resolution_is_known() -> None:
    hardships = """
    event_id household_id occurred_on resolved_on known_on
    E1       H1           2023-08-01  -           2023-08-05
    E1       H1           2023-08-01  2024-06-30  2024-07-15
    """
    policies = """
    policy_id household_id kind insured_from insured_to known_on
    P1        H1           crop 2024-01-01   2024-06-30 2024-01-01
    """
    tables = paid(hardships=hardships, policies=policies)
    assert seen(tables, "2024-06-30", "hardships_12m", "unresolved_hardship", "insured_industry") == [1, 1, 1]
    assert seen(tables, "2024-07-31", "hardships_12m", "unresolved_hardship", "insured_industry") == [1, 0, 0]
    assert seen(tables, "2024-08-31", "hardships_12m") == [0]


@pytest.mark.parametrize(("others", "share"), [(4, None), (5, 1000 / 5000)])
def test_the_village_counts_only_from_five_other_loans(others: int, share: float | None) -> None:
    loans = "".join(f"N{n} H1 1000 2024-01-10 2025-01-10 2024-01-10\n" for n in range(others))
    late = "N0 1 2024-07-10 1000 0 2024-01-10"
    tables = paid(loans=LOAN + loans, instalments=TWO_DUE + late)
    assert seen(tables, "2024-07-31", "village_overdue_share") == [share]


@pytest.mark.parametrize("seed", range(30))
def test_a_random_ledger_breaks_no_rule_of_the_contract(seed: int) -> None:
    tables = random_ledger(seed)
    assert tables == random_ledger(seed)
    for table, rows in tables.items():
        keys = (*KEYS[table], "known_on")
        versions = sorted([str(row[column]) for column in keys] for row in rows)
        assert all(one != other for one, other in pairwise(versions))
        assert all(row[HAPPENINGS[table]] <= row["known_on"] for row in rows if table in HAPPENINGS)
    assert all(loan["originated_on"] <= loan["matures_on"] for loan in tables["loans"])


def test_random_ledgers_bring_every_feature_to_life() -> None:
    values: dict[str, set[float | None]] = {}
    for seed in range(8):
        for loan in features(random_ledger(seed), date(2024, 12, 31)).values():
            for name, value in loan.items():
                values.setdefault(name, set()).add(value)
    assert len(values) == 26
    assert [name for name, found in values.items() if len(found) < 2] == []
