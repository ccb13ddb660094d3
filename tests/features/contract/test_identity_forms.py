"""One number in every writing of a bank's export: one household, and no writing of it anywhere in the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.contract.identity_numbers import check_digit
from tests.features.inboxes import Intake

OLD = "640323750518117"
"""Invented, of the first generation: 15 digits."""
BODY = "64032319750518117"
NUMBER = BODY + check_digit(BODY)
MISTYPED = BODY + next(digit for digit in "0123456789" if digit != check_digit(BODY))
FORMS = {
    "plain": NUMBER,
    "apostrophe": f"'{NUMBER}",
    "equals sign": f'"=""{NUMBER}"""',
    "15 digits": OLD,
    "spaced": f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}",
    "full width": "".join(chr(ord(sign) + 0xFEE0) for sign in NUMBER),
}
HELD = (NUMBER, MISTYPED, OLD, FORMS["spaced"], FORMS["full width"], BODY)
HEADINGS = {
    "households": "household_id,village_code,known_on",
    "loans": "loan_id,household_id,bank,principal,annual_rate,originated_on,matures_on,repayment_method,known_on",
}


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    """An installation that lets any share of a file be wrong."""
    return Intake(tmp_path, bad_share=1)


def deliver(intake: Intake, household: str, loan: str = "L1", village: str = "东沟") -> None:
    """A household and its loan, both under numbers as given."""
    households = f"household_id,village_code,village_name,known_on\n{household},640323101202,{village},2024-01-02\n"
    loans = f"{HEADINGS['loans']}\n{loan},{household},甲银行,30000,0.0345,2024-01-10,2027-01-10,bullet_all,2024-01-10\n"
    intake.deliver("2024-12-31", **{"households.csv": households, "loans.csv": loans})


def files_with_a_number(folder: Path) -> list[str]:
    """The files below a folder in whose bytes any writing of the number stands, in UTF-8 or GB18030."""
    held = [form.encode(encoding) for form in HELD for encoding in ("utf-8", "gb18030")]
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in paths if any(form in path.read_bytes() for form in held)]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_writing_of_a_number_is_the_one_household(intake: Intake, form: str) -> None:
    deliver(intake, NUMBER)
    deliver(intake, form)
    assert intake.aside() == []
    [household] = intake.kept("households")["household_id"].unique()
    assert intake.kept("loans")["household_id"].unique().to_list() == [household]
    assert household.startswith("p")
    assert files_with_a_number(intake.data) == []


@pytest.mark.parametrize("form", [*FORMS.values(), MISTYPED], ids=[*FORMS, "wrong check digit"])
def test_no_writing_is_kept_in_a_loan_s_number_or_in_any_text(intake: Intake, form: str) -> None:
    bare = form.strip("\"='")
    deliver(intake, form, loan=f"{bare}01".replace(" ", ""), village=f"东沟 {bare} 家")
    assert files_with_a_number(intake.data) == []


def test_a_wrong_check_digit_is_another_pseudonym_and_never_kept(intake: Intake) -> None:
    deliver(intake, NUMBER)
    deliver(intake, MISTYPED, loan="L2")
    households = intake.kept("households")["household_id"].unique().to_list()
    assert len(households) == 2
    assert all(household.startswith("p") for household in households)
    assert files_with_a_number(intake.data) == []


@pytest.mark.parametrize(
    ("form", "why"),
    [
        (f"{NUMBER[:6]}********{NUMBER[14:]}", "masked"),
        (f"{NUMBER[:15]}000", "rounded by a spreadsheet"),
        (f"{NUMBER[:17]}", "a digit missing"),
    ],
)
def test_what_cannot_be_told_is_set_aside_and_not_kept(intake: Intake, form: str, why: str) -> None:
    deliver(intake, form)
    assert intake.kept("households").height == 0
    said = intake.aside("file", "column", "reason_en")
    assert any(file == "households.csv" and column == "household_id" and why in words for file, column, words in said)
    assert [path for path in intake.data.rglob("*") if path.is_file() and form.encode() in path.read_bytes()] == []


def test_a_byte_search_finds_what_is_there(intake: Intake) -> None:
    intake.data.mkdir()
    (intake.data / "copy.csv").write_text(f"x{NUMBER}y", "utf-8")
    assert files_with_a_number(intake.data) == ["copy.csv"]
