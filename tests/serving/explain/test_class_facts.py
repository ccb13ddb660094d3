"""Facts that set a loan's class, for a household drawn row by row."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from features.compute import features_at, snapshot_at
from features.delivered_tables import DeliveredTables
from features.snapshot.life_rules import LifeRules
from models.five_classes.floors import ClassFacts, HeldClass, Restructured
from models.five_classes.watch_period import WatchRules
from serving.explain.class_facts import HouseholdClasses
from serving.explain.what_if.apply import HouseholdSnapshot
from serving.schemas.loan_warning import FiredRule, LoanWarning
from tests.features.one_loan import instalment, loan, one_loan

Rows = list[dict[str, Any]]
QUARTERS = [date(2024, 6, 20), date(2024, 9, 20), date(2024, 12, 20), date(2025, 3, 20), date(2025, 6, 20)]
DUE = date(2025, 3, 1)
ELSEWHERE = {"event_id": "E9", "household_id": "H1", "occurred_on": date(2024, 3, 1), "cause": "schooling"}
NO_NEED: Rows = [{**ELSEWHERE, "resolved_on": date(2024, 3, 2)}]
"""A hardship long resolved: the county delivers hardships, and there is none."""
INQUIRY: Rows = [{"event_id": "C1", "household_id": "H1", "occurred_on": date(2024, 3, 1), "kind": "inquiry"}]


def paid(loan_id: str, day: date, principal: float, interest: float = 0.0, **others: Any) -> dict[str, Any]:
    number = f"{loan_id} {day} {principal}"
    amounts = {"principal_paid": principal, "interest_paid": interest, "payer": "borrower"}
    return {"payment_id": number, "loan_id": loan_id, "paid_on": day, "known_on": day, **amounts, **others}


def extended(day: date, until: date, loan_id: str = "L1") -> dict[str, Any]:
    return {"loan_id": loan_id, "occurred_on": day, "kind": "extended", "new_matures_on": until, "known_on": day}


def hardship(day: date, resolved_on: date | None = None) -> Rows:
    return [
        {"event_id": "E1", "household_id": "H1", "occurred_on": day, "cause": "illness", "resolved_on": resolved_on}
    ]


def check(day: date, finding: str) -> dict[str, Any]:
    return {"loan_id": "L1", "checked_on": day, "finding": finding, "known_on": day}


def interest_only(loan_id: str, *days: date, until: date) -> Rows:
    """A schedule that asks for 100 yuan of interest on each day and for the principal at the end."""
    rows = [instalment(loan_id, due_on=day, principal_due=0.0, interest_due=100.0) for day in days]
    return [*rows, instalment(loan_id, due_on=until, interest_due=0.0)]


def household(as_of: date, **tables: Rows) -> tuple[HouseholdClasses, DeliveredTables]:
    others = {"hardships": NO_NEED, "credit_events": INQUIRY} | tables
    delivered = one_loan(**others)
    snapshot = HouseholdSnapshot(snapshot_at(as_of, delivered), "H1", "640323")
    return HouseholdClasses(snapshot, LifeRules(), WatchRules(12, 2)), delivered


def facts(as_of: date, loan_id: str = "L1", rules: tuple[str, ...] = (), **tables: Rows) -> ClassFacts:
    """The facts about a loan. rules: those that fired."""
    classes, delivered = household(as_of, **tables)
    features = {row["loan_id"]: row for row in features_at(as_of, delivered).to_dicts()}[loan_id]
    return classes.facts_of(warning(loan_id, features, rules), features)


def warning(
    loan_id: str, features: dict[str, Any], fired: tuple[str, ...] = (), unassessed: tuple[str, ...] = ()
) -> LoanWarning:
    return LoanWarning.model_construct(
        loan_id=loan_id,
        rules=[FiredRule(id=rule, light="yellow", hard=True, zh="-", en="-") for rule in fired],
        not_assessable=list(unassessed),
        days_past_due=int(features["days_past_due"] or 0),
    )


def test_a_loan_on_which_nothing_happened_has_no_floor() -> None:
    assert facts(date(2024, 9, 30)) == ClassFacts(0)


@pytest.mark.parametrize(
    ("findings", "changed"),
    [
        (["diverted"], True),
        (["partly_diverted"], True),
        (["idle"], False),
        (["diverted", "put_right"], False),
        (["put_right", "diverted"], True),
        (["diverted", "idle"], True),
    ],
)
def test_a_changed_use_counts_until_it_is_put_right(findings: list[str], changed: bool) -> None:
    checks = [check(date(2024, 5, day), finding) for day, finding in enumerate(findings, 1)]
    assert facts(date(2024, 9, 30), use_checks=checks).use_changed is changed


def renewal(*payments: dict[str, Any], as_of: date = date(2025, 4, 30), **tables: Rows) -> ClassFacts:
    """L2, which renews L1 on the day L1 is due."""
    loans = [loan("L1"), loan("L2", originated_on=DUE, matures_on=date(2026, 3, 1), renews_loan_id="L1", known_on=DUE)]
    instalments = [instalment("L1"), instalment("L2", due_on=date(2026, 3, 1), known_on=DUE)]
    return facts(as_of, "L2", (), loans=loans, instalments=instalments, payments=list(payments), **tables)


@pytest.mark.parametrize(
    ("payments", "unpaid"),
    [
        ([], True),
        ([paid("L1", DUE, 9_999.0, 345.0)], False),
        ([paid("L1", DUE, 9_998.9, 345.0)], True),
        ([paid("L1", date(2025, 2, 1), 10_000.0, 345.0)], False),
        ([paid("L1", date(2025, 3, 2), 10_000.0, 345.0)], True),
        ([paid("L1", DUE, 10_000.0, 345.0, payer="compensation_fund")], True),
    ],
    ids=["nothing", "on the day", "short", "before", "after", "by the fund"],
)
def test_a_renewal_is_of_an_unpaid_loan_unless_own_money_repaid_it_by_then(payments: Rows, unpaid: bool) -> None:
    assert renewal(*payments).renews_unpaid is unpaid


def test_a_renewal_of_a_loan_that_is_not_in_the_book_is_of_an_unpaid_one() -> None:
    loans = [loan("L1", renews_loan_id="L0")]
    assert facts(date(2024, 9, 30), loans=loans).renews_unpaid


def test_a_renewal_in_time_and_without_need_is_no_restructuring() -> None:
    assert renewal().restructured is None
    assert renewal(hardships=hardship(date(2025, 1, 10))).restructured == Restructured("renewed", DUE, again=False)


@pytest.mark.parametrize(
    ("needs", "restructured"),
    [
        (NO_NEED, False),
        (hardship(date(2025, 1, 10)), True),
        (hardship(date(2025, 1, 10), resolved_on=date(2025, 2, 28)), False),
        (hardship(date(2025, 3, 1)), True),
        (hardship(date(2025, 3, 2)), False),
        ([], True),
    ],
    ids=["none", "open", "resolved", "of the day", "later", "not delivered"],
)
def test_an_extension_is_a_restructuring_where_the_household_was_in_need_that_day(
    needs: Rows, restructured: bool
) -> None:
    told = facts(
        date(2025, 4, 30), hardships=needs, loan_events=[extended(date(2025, 3, 1), date(2026, 3, 1))]
    ).restructured
    assert told == (Restructured("extended", date(2025, 3, 1), again=False) if restructured else None)


def test_an_extension_of_an_overdue_loan_is_a_restructuring() -> None:
    told = facts(date(2025, 4, 30), loan_events=[extended(date(2025, 3, 3), date(2026, 3, 1))])
    assert told.restructured == Restructured("extended", date(2025, 3, 3), again=False)


def test_an_open_default_elsewhere_is_a_need() -> None:
    default = [{**INQUIRY[0], "kind": "default_elsewhere", "occurred_on": date(2025, 1, 5), "closed_on": None}]
    told = facts(date(2025, 4, 30), credit_events=default, loan_events=[extended(DUE, date(2026, 3, 1))])
    assert told.restructured is not None


NEED_OVER = hardship(date(2024, 5, 1), resolved_on=date(2025, 1, 1))
AGREED, NEW_END = date(2024, 5, 10), date(2026, 3, 1)


def watched(as_of: date, *payments: dict[str, Any], **tables: Rows) -> Restructured | None:
    """A loan of quarterly interest, extended in need before its first due."""
    loans = [loan("L1", matures_on=date(2025, 12, 1), repayment_method="bullet_quarterly_interest")]
    given: dict[str, Rows] = {
        "loans": loans,
        "instalments": interest_only("L1", *QUARTERS, until=date(2025, 12, 1)),
        "payments": list(payments),
        "hardships": NEED_OVER,
        "loan_events": [extended(AGREED, NEW_END)],
    }
    return facts(as_of, "L1", (), **(given | tables)).restructured


PUNCTUAL = [paid("L1", day, 0.0, 100.0) for day in QUARTERS]


def test_a_watch_ends_a_year_after_the_first_due_if_all_is_paid_on_time() -> None:
    assert watched(date(2025, 6, 19), *PUNCTUAL) == Restructured("extended", AGREED, again=False)
    assert watched(date(2025, 6, 20), *PUNCTUAL) is None


def test_a_late_due_begins_the_watch_anew() -> None:
    late = [PUNCTUAL[0], paid("L1", date(2024, 9, 25), 0.0, 100.0), *PUNCTUAL[2:]]
    assert watched(date(2025, 6, 30), *late) is not None


def test_a_need_that_lasts_keeps_the_watch_running() -> None:
    assert watched(date(2025, 6, 30), *PUNCTUAL, hardships=hardship(date(2024, 5, 1))) is not None


def test_a_second_extension_in_the_watch_is_restructured_again() -> None:
    events = [extended(AGREED, NEW_END), extended(date(2024, 11, 1), date(2026, 6, 1))]
    again = watched(date(2024, 11, 30), *PUNCTUAL[:2], loan_events=events)
    assert again == Restructured("extended", date(2024, 11, 1), again=True)


def test_a_second_extension_after_the_watch_is_a_first_one() -> None:
    later = date(2025, 7, 1)
    needs = [*NEED_OVER, {**hardship(date(2025, 6, 25))[0], "event_id": "E2"}]
    events = [extended(AGREED, NEW_END), extended(later, date(2026, 6, 1))]
    assert watched(date(2025, 7, 31), *PUNCTUAL, loan_events=events, hardships=needs) == Restructured(
        "extended", later, again=False
    )


def test_a_renewal_of_a_loan_in_its_watch_is_restructured_again() -> None:
    needs = hardship(date(2025, 1, 10))
    loans = [loan("L1"), loan("L2", originated_on=date(2025, 9, 1), matures_on=date(2026, 9, 1), renews_loan_id="L1")]
    instalments = [instalment("L1"), instalment("L2", due_on=date(2026, 9, 1))]
    told = facts(
        date(2025, 9, 30),
        "L2",
        loans=loans,
        instalments=instalments,
        hardships=needs,
        loan_events=[extended(DUE, date(2025, 9, 1))],
    )
    assert told.restructured == Restructured("renewed", date(2025, 9, 1), again=True)


def monthly(*payments: dict[str, Any], as_of: date, **tables: Rows) -> ClassFacts:
    """A loan of 100 yuan of interest a quarter, due in 2027."""
    end = date(2027, 3, 1)
    given: dict[str, Rows] = {
        "loans": [loan("L1", matures_on=end)],
        "instalments": interest_only("L1", *QUARTERS, until=end),
        "payments": list(payments),
    }
    return facts(as_of, "L1", (), **(given | tables))


def test_a_bad_loan_keeps_the_worst_days_of_its_arrears() -> None:
    first = paid("L1", date(2024, 9, 28), 0.0, 100.0)
    assert monthly(first, as_of=date(2024, 10, 31)).held == HeldClass("bad", 99, None)
    assert monthly(first, as_of=date(2024, 10, 31)).days_past_due == 41


def test_a_loan_on_probation_keeps_the_worst_days_until_it_is_served() -> None:
    cleared = date(2024, 9, 28)
    payments = [paid("L1", cleared, 0.0, 200.0), *PUNCTUAL[2:]]
    assert monthly(*payments, as_of=date(2025, 3, 27)).held == HeldClass("probation", 99, cleared)
    assert monthly(*payments, as_of=date(2025, 3, 28)).held is None


@pytest.mark.parametrize(("bank", "held"), [("B", True), ("C", False)])
def test_a_bad_loan_at_the_same_bank_keeps_a_served_probation_from_the_upgrade(bank: str, held: bool) -> None:
    cleared, end = date(2024, 9, 28), date(2027, 3, 1)
    told = monthly(
        paid("L1", cleared, 0.0, 200.0),
        *PUNCTUAL[2:],
        as_of=date(2025, 3, 31),
        loans=[loan("L1", matures_on=end), loan("L2", bank=bank, matures_on=date(2025, 1, 1))],
        instalments=[*interest_only("L1", *QUARTERS, until=end), instalment("L2", due_on=date(2025, 1, 1))],
    )
    assert told.held == (HeldClass("other_loan", 99, cleared) if held else None)


def test_a_loan_bad_again_on_probation_keeps_the_worst_of_both_times() -> None:
    told = monthly(paid("L1", date(2024, 9, 28), 0.0, 200.0), as_of=date(2025, 1, 31))
    assert told.held == HeldClass("bad", 99, None)


@pytest.mark.parametrize(("fired", "unassessed"), [(("R303",), ()), ((), ("R303",))])
def test_a_loan_whose_rule_on_repayment_fired_or_is_open_cannot_be_assessed(
    fired: tuple[str, ...], unassessed: tuple[str, ...]
) -> None:
    classes, delivered = household(date(2024, 9, 30))
    features = features_at(date(2024, 9, 30), delivered).row(0, named=True)
    assert not classes.facts_of(warning("L1", features, fired, unassessed), features).is_assessable
    assert classes.facts_of(warning("L1", features, ("R101",), ("R206",)), features).is_assessable


def test_a_loan_without_a_schedule_cannot_be_assessed_before_its_maturity() -> None:
    assert not facts(date(2024, 9, 30), instalments=[]).is_assessable
    assert facts(date(2025, 3, 31), instalments=[]).is_assessable
