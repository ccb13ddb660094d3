"""The referee on the hand-worked cases of ../shared/cases."""

import csv
from datetime import date
from pathlib import Path

import pytest

from tests.oracle.drawing import delivered
from tests.oracle.lives import loan_facts
from tests.oracle.referee import features

CASES = Path(__file__).parents[2].parent / "shared" / "cases"
LIFE_CASES = (
    "extended-without-a-new-schedule",
    "matured-without-schedule",
    "one-fen-short",
    "paid-before-it-was-drawn",
    "part-repaid-early",
    "renewed-loan-twice",
    "rest-of-a-schedule",
    "reversed-payment",
)
"""The other cases are of loading (headings, encodings, numbers used twice) and of rules; they are tested there."""


@pytest.mark.parametrize("case", LIFE_CASES)
def test_a_case_worked_out_by_hand_is_right(case: str) -> None:
    folder = CASES / case
    if not folder.is_dir():
        pytest.skip("../shared/cases is not here: hand-worked cases come with the project's shared folder")
    tables, judged = delivered(folder), 0
    with (folder / "expected.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            as_of, loan_id, what = date.fromisoformat(row["as_of"]), row["loan_id"], row["what"]
            of_loan = loan_facts(tables, loan_id, as_of) | features(tables, as_of).get(loan_id, {})
            if what == "light":
                assert (of_loan["status"] == "bad") == (row["right"] == "red")
            else:
                assert of_loan[what] == float(row["right"])
            judged += 1
    assert judged > 0


def test_the_cases_are_right_beyond_their_expected_numbers() -> None:
    if not CASES.is_dir():
        pytest.skip("../shared/cases is not here: hand-worked cases come with the project's shared folder")
    new_year = date(2024, 12, 31)
    matured = delivered(CASES / "matured-without-schedule")
    assert [loan_facts(matured, loan, new_year)["days_past_due"] for loan in ("M1", "M2", "M3")] == [121, 121, 0]
    renewed = delivered(CASES / "renewed-loan-twice")
    assert [loan_facts(renewed, loan, new_year)["is_open"] for loan in ("N1", "N2", "N3", "N4")] == [0, 1, 0, 1]
    assert not loan_facts(delivered(CASES / "one-fen-short"), "F2", new_year)["is_open"]
    rest = loan_facts(delivered(CASES / "rest-of-a-schedule"), "T1", new_year)
    assert (rest["outstanding_principal"], rest["paid_share_12m"], rest["bad_since"]) == (18000, 0, date(2024, 9, 19))
