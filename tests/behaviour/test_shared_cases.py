"""Deliveries that once went silently wrong: read to the right values, or refused in words that say what to do."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from features.compute import features_at
from features.ledger.ledger import Ledger
from tests.running_service import Ran, done, lights

CASES = Path(__file__).parents[3] / "shared" / "cases"
READ = (
    "a-parent-has-died",
    "csv-saved-by-excel",
    "extended-without-a-new-schedule",
    "loan-ledger-as-it-comes",
    "matured-without-schedule",
    "one-fen-short",
    "part-repaid-early",
    "payments-file-with-a-month-in-its-name",
    "renewed-loan-twice",
    "rest-of-a-schedule",
    "reversed-payment",
)
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not beside the project")


def deliver(case: str, data: Path) -> list[Ran]:
    """Load the deliveries of a case in order, each on the day in its name."""
    columns = CASES / case / "columns.toml"
    words = ("--columns", columns) if columns.exists() else ()
    folders = sorted(path for path in (CASES / case).iterdir() if path.is_dir())
    return [lights(data, "load", path, "--delivered-on", path.name.split("-", 1)[1], *words) for path in folders]


@pytest.mark.parametrize("case", READ)
def test_a_delivery_is_read_to_the_right_values(case: str, tmp_path: Path) -> None:
    for ran in deliver(case, tmp_path):
        done(ran)
    with (CASES / case / "expected.csv").open(encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    for row in expected:
        features = features_at(date.fromisoformat(row["as_of"]), Ledger(tmp_path / "ledger").tables())
        [loan] = features.filter(loan_id=row["loan_id"]).to_dicts()
        if row["what"] == "light":
            assert (loan["status"] == "bad") == (row["right"] == "red"), row
        else:
            assert loan[row["what"]] == float(row["right"]), row


def test_numbers_that_come_again_with_another_loan_are_refused(tmp_path: Path) -> None:
    *_, last = deliver("payment-numbers-restart", tmp_path)
    assert last.returncode == 1
    assert "a number used twice" in last.stdout


def test_a_payment_before_the_drawdown_repays_nothing(tmp_path: Path) -> None:
    [ran] = deliver("paid-before-it-was-drawn", tmp_path)
    assert "paid before the loan was paid out" in ran.stdout
    features = features_at(date(2024, 12, 31), Ledger(tmp_path / "ledger").tables())
    assert features["outstanding_principal"].to_list() == [50000]


def test_the_second_row_of_a_receipt_is_named(tmp_path: Path) -> None:
    [ran] = deliver("one-receipt-two-rows", tmp_path)
    assert "payment_id: lines 28, 1 in all" in ran.stdout
    assert "two facts need two numbers" in ran.stdout


def test_no_form_of_an_identity_number_is_stored(tmp_path: Path) -> None:
    [ran] = deliver("identity-number-forms", tmp_path)
    done(ran)
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for number in (b"340123198001010011", b"340123198001010012", b"340123800101001"):
        assert number not in stored
        assert number.decode() not in ran.stdout
    households = Ledger(tmp_path / "ledger").scan("households").collect()["household_id"].to_list()
    assert len(households) == 2  # plain, apostrophe, ="..." and fifteen digits are one person


def test_a_map_that_lacks_the_bank_says_how_to_give_it(tmp_path: Path) -> None:
    [ran] = deliver("a-banks-own-export", tmp_path)
    assert ran.returncode == 1
    assert '[file.constant] bank = "…"' in ran.stdout
