"""Checks on the whole loan: each on both sides of its bound, and payments before the drawdown set aside."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from features.compute import snapshot_at
from features.loan_checks import loan_findings
from features.snapshot.life_rules import LifeRules
from serving.batch.news_rows import closing_events
from tests.features.inboxes import Intake

AS_OF = date(2024, 12, 31)
HOUSEHOLD = "household_id,village_code\nh1,640323001001\n"
LOAN_HEAD = "loan_id,household_id,bank,principal,annual_rate,originated_on,matures_on,repayment_method\n"
LOAN = "a,h1,甲银行,50000,0.0345,2023-10-15,2024-10-15,bullet_all\n"
DUE_HEAD = "loan_id,schedule_no,due_on,principal_due,interest_due,known_on\n"
WHOLE = "a,1,2024-10-15,50000,1725,2023-10-15\n"


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    return Intake(tmp_path)


def checks(intake: Intake, dues: str = WHOLE, payments: str = "", events: str = "", loan: str = LOAN) -> list[str]:
    """The ids of the checks that a loan fails, delivered on the last day of 2024."""
    texts = {"households": HOUSEHOLD, "loans": LOAN_HEAD + loan, "instalments": DUE_HEAD + dues}
    if payments:
        texts["payments"] = "payment_id,loan_id,paid_on,principal_paid,interest_paid\n" + payments
    if events:
        texts["loan_events"] = "loan_id,occurred_on,kind,new_matures_on\n" + events
    intake.deliver(str(AS_OF), **{f"{name}.csv": text.encode() for name, text in texts.items()})
    return loan_findings(AS_OF, intake.ledger.tables())["check"].to_list()


@pytest.mark.parametrize(
    ("dues", "failing"),
    [
        (WHOLE, []),
        ("a,1,2024-10-15,49999.5,1725,2023-10-15\n", []),
        ("a,1,2024-10-15,49998.5,1725,2023-10-15\n", ["L101"]),
        ("a,1,2024-10-15,5,1725,2023-10-15\n", ["L101"]),
        ("a,1,2023-10-15,0,0,2023-10-15\n" + WHOLE, []),
        ("a,1,2023-10-14,0,0,2023-10-15\n" + WHOLE, ["L102"]),
        ("a,1,2024-10-16,50000,1725,2023-10-15\n", ["L106"]),
        ("a,1,2024-10-15,50000,1771,2023-10-15\n", []),
        ("a,1,2024-10-15,50000,1800,2023-10-15\n", ["L107"]),
    ],
)
def test_a_schedule_that_cannot_be_is_told(intake: Intake, dues: str, failing: list[str]) -> None:
    assert checks(intake, dues) == failing


def test_a_later_schedule_may_ask_for_the_rest(intake: Intake) -> None:
    first = "a,1,2024-06-15,20000,0,2023-10-15\na,1,2024-10-15,30000,0,2023-10-15\n"
    rest = first + "a,2,2024-10-15,30000,0,2024-07-10\n"
    assert checks(intake, rest, payments="p1,a,2024-06-15,20000,0\n") == []


@pytest.mark.parametrize(
    ("least", "failing"),
    [(0.49, ["L101", "L105", "L107"]), (0.5, ["L105", "L107"]), (1.0, ["L107"]), (2.0, [])],
)
def test_sums_are_equal_within_the_least_that_the_policy_counts(
    intake: Intake, least: float, failing: list[str]
) -> None:
    """0.50 less principal is asked than was lent; 101% and 0.60 are repaid, 101% and 1.50 of the interest asked."""
    interest = round(50000 * 0.0345 * 366 / 360 * 1.01, 2) + 1.5
    checks(intake, f"a,1,2024-10-15,49999.5,{interest},2023-10-15\n", payments="p1,a,2024-10-15,50500.6,0\n")
    assert loan_findings(AS_OF, intake.ledger.tables(), LifeRules(least=least))["check"].to_list() == failing


@pytest.mark.parametrize(("before", "failing"), [(29990, ["L101"]), (30000, [])])
@pytest.mark.parametrize(("least", "is_rest"), [(5.0, False), (10.0, True)])
def test_a_rest_is_one_within_the_least_that_the_policy_counts(
    intake: Intake, before: int, failing: list[str], least: float, is_rest: bool
) -> None:
    first = "a,1,2024-06-15,20000,0,2023-10-15\na,1,2024-10-15,30000,0,2023-10-15\n"
    rest = first + f"a,2,2024-10-15,{before},0,2024-07-10\n"
    checks(intake, rest, payments="p1,a,2024-06-15,20000,0\n")
    found = loan_findings(AS_OF, intake.ledger.tables(), LifeRules(least=least))["check"].to_list()
    assert found == ([] if is_rest else failing)


@pytest.mark.parametrize(("paid", "failing"), [(50500, []), (50502, ["L105"])])
def test_more_than_was_lent_is_told(intake: Intake, paid: int, failing: list[str]) -> None:
    assert checks(intake, payments=f"p1,a,2024-10-15,{paid},1725\n") == failing


@pytest.mark.parametrize(("day", "failing"), [("2025-10-15", []), ("2024-10-14", ["L104", "L106"])])
def test_an_extension_that_ends_earlier_is_told(intake: Intake, day: str, failing: list[str]) -> None:
    assert checks(intake, events=f"a,2024-10-10,extended,{day}\n") == failing


@pytest.mark.parametrize(("day", "waits"), [("2023-10-15", False), ("2023-10-14", True)])
def test_a_payment_before_the_drawdown_repays_nothing(intake: Intake, day: str, waits: bool) -> None:
    many = "".join(f"p{number},a,2024-10-15,0,1\n" for number in range(2, 30))
    checks(intake, payments=f"p1,a,{day},50000,0\n{many}")
    aside = intake.ledger.quarantined_rows()
    assert ([row["line"] for row in aside.to_dicts()] == [2]) == waits
    assert (intake.ledger.scan("payments").collect().height == 28) == waits


def test_a_payment_is_told_that_lies_before_a_drawdown_that_was_corrected(intake: Intake) -> None:
    assert checks(intake, payments="p1,a,2023-11-01,10,0\n") == []
    later = LOAN_HEAD.replace("\n", ",known_on\n") + LOAN.replace("2023-10-15", "2023-12-01").replace(
        "\n", ",2025-01-05\n"
    )
    intake.load(intake.inbox(**{"loans.csv": later.encode()}), on="2025-01-06", corrections=True)
    found = loan_findings(date(2025, 1, 31), intake.ledger.tables()).filter(check="L103")
    assert found.select("first", "second").rows() == [("2023-11-01", "2023-12-01")]


@pytest.mark.parametrize(
    ("last", "due_on", "failing"),
    [
        ("2026-06-01", "2025-12-01", []),
        ("2025-06-01", "2025-06-01", ["L104"]),
        ("2025-06-01", "2025-12-01", ["L104", "L106"]),
    ],
)
def test_an_extension_that_takes_back_another_is_told(
    intake: Intake, last: str, due_on: str, failing: list[str]
) -> None:
    extensions = f"a,2024-09-01,extended,2026-01-01\na,2024-10-01,extended,{last}\n"
    assert checks(intake, dues=f"a,1,{due_on},50000,1725,2023-10-15\n", events=extensions) == failing


@pytest.mark.parametrize(
    ("renewed", "failing"), [("a", ["L108"]), ("b", []), ("c", ["L108"]), ("d", ["L108"]), ("unknown", [])]
)
def test_a_renewal_of_a_loan_that_is_no_older_is_told_and_of_itself_is_none(
    intake: Intake, renewed: str, failing: list[str]
) -> None:
    days = {"b": "2023-10-14", "c": "2023-10-15", "d": "2023-10-16"}
    others = [LOAN.replace("a,h1", f"{name},h1").replace("2023-10-15", day) for name, day in days.items()]
    texts = {
        "households.csv": HOUSEHOLD,
        "loans.csv": LOAN_HEAD.replace("\n", ",renews_loan_id\n")
        + LOAN.replace("\n", f",{renewed}\n")
        + "".join(other.replace("\n", ",\n") for other in others),
    }
    intake.deliver(str(AS_OF), **{name: text.encode() for name, text in texts.items()})
    found = loan_findings(AS_OF, intake.ledger.tables())
    assert found.filter(loan_id="a")["check"].to_list() == failing
    open_loans = snapshot_at(AS_OF, intake.ledger.tables()).open_loans.collect()
    [told] = open_loans.filter(loan_id="a").select("renews", "renews_loan_id").rows()
    assert told == ((0, None) if renewed == "a" else (1, renewed))
    ended = closing_events(intake.ledger, pl.Series(["a", *days]), AS_OF)
    assert ended["loan_id"].to_list() == [name for name in days if name == renewed]
    assert set(open_loans["loan_id"]) == {"a", "b", "c", "d"} - {renewed} | {"a"}
