"""What became of promises: a payment in time keeps one; it is broken once later payments came without it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from serving.months.data_folder import DataFolder
from serving.portfolio.promises import promise_states
from tests.features.inboxes import Intake, drawn

RECORDED, PROMISED, LATER = date(2024, 8, 1), date(2024, 8, 10), date(2024, 9, 1)
HEADER = "payment_id,loan_id,paid_on,principal_paid,interest_paid,payer,known_on"


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    taken = Intake(tmp_path)
    taken.deliver("2024-06-30", **drawn("households", "loans", "instalments", "payments"))
    return taken


def pay(intake: Intake, day: str, *lines: str) -> None:
    intake.deliver(day, **{"payments.csv": "\n".join((HEADER, *lines))})


def state_of(folder: Path, today: date = LATER, loan: str = "L1", yuan: float = 500.0) -> tuple[str, float]:
    ledger = DataFolder(folder / "var").ledger
    banks = dict(ledger.scan("loans").select("loan_id", "bank").collect().rows())
    promise = {"loan_id": loan, "bank": banks[loan], "promised_on": PROMISED, "promised_yuan": yuan}
    promises = pl.DataFrame([{**promise, "promise_recorded_on": RECORDED}])
    [row] = promise_states(promises, ledger, today).to_dicts()
    return row["promise"], row["promise_paid"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("P90,L1,2024-08-10,400,100,borrower,2024-08-11",), ("kept", 500.0)),
        (("P90,L1,2024-08-01,500,0,borrower,2024-08-11",), ("kept", 500.0)),
        (("P90,L1,2024-08-09,499.99,0,borrower,2024-08-11",), ("unknown", 499.99)),
        (
            ("P90,L1,2024-08-09,499.99,0,borrower,2024-08-11", "P91,L1,2024-08-11,1,0,borrower,2024-08-12"),
            ("broken", 499.99),
        ),
        (("P90,L1,2024-08-10,100,0,borrower,2024-08-11",), ("unknown", 100.0)),
        (("P90,L1,2024-07-31,500,0,borrower,2024-08-11",), ("unknown", 0.0)),
        (("P90,L1,2024-08-11,500,0,borrower,2024-08-11",), ("broken", 0.0)),
        (("P90,L1,2024-08-09,0,500,subsidy,2024-08-11", "P91,L1,2024-08-11,0,1,subsidy,2024-08-12"), ("broken", 0.0)),
        (("P90,L1,2024-08-09,500,0,insurance,2024-08-11",), ("kept", 500.0)),
    ],
)
def test_what_was_paid_in_time_by_others_than_the_state_counts(
    intake: Intake, tmp_path: Path, lines: tuple[str, ...], expected: tuple[str, float]
) -> None:
    pay(intake, "2024-08-12", *lines)
    assert state_of(tmp_path) == expected


def test_before_its_day_has_passed_a_promise_waits(intake: Intake, tmp_path: Path) -> None:
    assert state_of(tmp_path, today=PROMISED) == ("waiting", 0.0)
    assert state_of(tmp_path, today=date(2024, 8, 11)) == ("unknown", 0.0)
    pay(intake, "2024-08-05", "P90,L1,2024-08-04,500,0,borrower,2024-08-05")
    assert state_of(tmp_path, today=date(2024, 8, 6)) == ("kept", 500.0)


def test_payments_of_another_bank_break_no_promise(intake: Intake, tmp_path: Path) -> None:
    banks = dict(DataFolder(tmp_path / "var").ledger.scan("loans").select("loan_id", "bank").collect().rows())
    other = next(loan for loan, bank in banks.items() if bank != banks["L1"])
    pay(intake, "2024-08-20", f"P90,{other},2024-08-15,5,0,borrower,2024-08-16")
    assert state_of(tmp_path) == ("unknown", 0.0)
    assert state_of(tmp_path, loan=other) == ("broken", 0.0)


def test_a_payment_that_is_corrected_counts_as_corrected(intake: Intake, tmp_path: Path) -> None:
    pay(
        intake, "2024-08-12", "P90,L1,2024-08-10,500,0,borrower,2024-08-11", "P91,L1,2024-08-11,1,0,borrower,2024-08-12"
    )
    assert state_of(tmp_path)[0] == "kept"
    pay(intake, "2024-08-20", "P90,L1,2024-08-10,50,0,borrower,2024-08-19")
    assert state_of(tmp_path) == ("broken", 50.0)
