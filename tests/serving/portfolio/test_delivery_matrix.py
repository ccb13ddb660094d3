"""Deliveries as a matrix: what came, from which bank, in which month; what is set aside, and what is missing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from features.runs import RefusedFile
from serving.months.data_folder import DataFolder
from serving.portfolio.delivery_matrix import DeliveryCell, DeliveryMatrix, DeliveryState, delivery_matrix
from tests.features.inboxes import Intake, drawn

TODAY = date(2024, 8, 20)
PAYMENT = "payment_id,loan_id,paid_on,principal_paid,interest_paid,payer,known_on"


def matrix_of(folder: Path) -> DeliveryMatrix:
    return delivery_matrix(DataFolder(folder / "var").ledger, TODAY)


def cell(matrix: DeliveryMatrix, table: str, bank: str | None, month: str) -> DeliveryCell:
    at = [f"{each:%Y-%m}" for each in matrix.months].index(month)
    [row] = [row for row in matrix.rows if (row.table, row.bank) == (table, bank)]
    return row.cells[at]


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    taken = Intake(tmp_path)
    taken.deliver("2024-06-30", **drawn("households", "loans", "instalments", "payments", "assets"))
    return taken


def test_what_came_stands_under_its_month_and_bank_and_what_did_not_is_missing(intake: Intake, tmp_path: Path) -> None:  # noqa: ARG001
    matrix = matrix_of(tmp_path)
    assert [f"{month:%Y-%m}" for month in matrix.months] == [f"2024-0{month}" for month in range(3, 9)]
    banks = [row.bank for row in matrix.rows if row.table == "loans"]
    assert sorted(str(bank) for bank in banks) == ["农商行", "邮储"]
    for bank in banks:
        assert cell(matrix, "loans", bank, "2024-06").rows == 2
        assert cell(matrix, "loans", bank, "2024-08").state is DeliveryState.MISSING
    households = cell(matrix, "households", None, "2024-06")
    assert (households.state, households.rows, households.last_on) == (DeliveryState.IN, 2, "2024-06-30")
    assert matrix.missing == sum(row.is_needed for row in matrix.rows)


def test_a_table_that_is_not_needed_is_never_missing_and_one_bank_does_not_stand_for_another(
    intake: Intake, tmp_path: Path
) -> None:
    lines = (PAYMENT, "P77,L1,2024-08-01,5,0,borrower,2024-08-02")
    intake.deliver("2024-08-05", **{"payments.csv": "\n".join(lines)})
    matrix = matrix_of(tmp_path)
    assert cell(matrix, "payments", "农商行", "2024-08").rows == 1
    assert cell(matrix, "payments", "邮储", "2024-08").state is DeliveryState.MISSING
    others = [row for row in matrix.rows if not row.is_needed]
    assert others
    assert all(row.cells[-1].state is DeliveryState.NONE for row in others)


def test_rows_set_aside_and_waiting_stand_in_their_month(intake: Intake, tmp_path: Path) -> None:
    lines = (
        PAYMENT,
        "P78,L1,long ago,5,0,borrower,2024-08-02",
        "P79,L999,2024-08-01,5,0,borrower,2024-08-02",
        *(f"P8{number:02},L1,2024-08-01,5,0,borrower,2024-08-02" for number in range(40)),
    )
    intake.deliver("2024-08-05", **{"payments.csv": "\n".join(lines)})
    matrix = matrix_of(tmp_path)
    assert cell(matrix, "payments", "农商行", "2024-08").set_aside == 1
    of_no_bank = cell(matrix, "payments", None, "2024-08")
    assert (of_no_bank.state, of_no_bank.waiting, of_no_bank.rows) == (DeliveryState.ASIDE, 1, 0)


def test_a_refused_file_stands_in_the_cells_of_its_table_until_something_came(intake: Intake, tmp_path: Path) -> None:
    refused = (RefusedFile("流水.xlsx", "2024-08-06", "payments"), RefusedFile("x.csv", "2024-08-06", ""))
    matrix = delivery_matrix(DataFolder(tmp_path / "var").ledger, TODAY, refused)
    for bank in ("农商行", "邮储"):
        assert cell(matrix, "payments", bank, "2024-08").state is DeliveryState.REFUSED
        assert cell(matrix, "payments", bank, "2024-07").state is DeliveryState.MISSING
        assert cell(matrix, "loans", bank, "2024-08").state is DeliveryState.MISSING
    assert matrix.missing == matrix_of(tmp_path).missing
    intake.deliver("2024-08-08", **{"payments.csv": f"{PAYMENT}\nP77,L1,2024-08-01,5,0,borrower,2024-08-02"})
    matrix = delivery_matrix(DataFolder(tmp_path / "var").ledger, TODAY, refused)
    assert cell(matrix, "payments", "农商行", "2024-08").state is DeliveryState.IN
