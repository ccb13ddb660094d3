"""The column map that `lights columns` writes for a delivery: its questions, and the load with their answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.delivery.column_map import ColumnMap, read_column_map
from features.delivery.read_file import open_table
from features.delivery.suggest_map import suggest_map
from features.messages import UserError

HOUSEHOLDS = "household_id,village_code\nc1,340123001001\nc2,340123001001\n"
LOANS = """\
协议编号,借据编号,借据金额,借据利率,还款方式,生效日期,到期日期,持有人
9001,101,50000.00,3.45,2,2024-03-15,2027-03-15,c1
9001,102,20000.00,3.45,2,2024-05-15,2027-05-15,c2
合计,,70000.00,,,,,
"""
CASES = Path("../shared/cases")


def delivered(folder: Path, **files: str) -> list[Path]:
    """Files of a delivery, in the order they are given."""
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return [folder / f"{name}.csv" for name in files]


def answered(folder: Path, text: str, **answers: str) -> ColumnMap:
    """The map read after its questions were answered: each empty key replaced, each question deleted."""
    for key, answer in answers.items():
        text = text.replace(key, answer)
    path = folder / "map.toml"
    path.write_text("\n".join(line for line in text.splitlines() if not line.startswith("# ?")), "utf-8")
    return read_column_map(path)


def test_a_file_that_the_shipped_words_read_needs_no_entry(tmp_path: Path) -> None:
    suggested = suggest_map(delivered(tmp_path, households=HOUSEHOLDS))
    assert suggested.questions == 0
    assert "[[file]]" not in suggested.text
    assert "households.csv" in suggested.text


def test_an_open_question_makes_the_map_unreadable(tmp_path: Path) -> None:
    suggested = suggest_map(delivered(tmp_path, households=HOUSEHOLDS, loans=LOANS)[1:])
    (tmp_path / "map.toml").write_text(suggested.text, "utf-8")
    with pytest.raises(UserError) as refusal:
        read_column_map(tmp_path / "map.toml")
    assert f"{suggested.questions} open questions" in refusal.value.message.en


def test_an_answer_left_empty_is_refused(tmp_path: Path) -> None:
    suggested = suggest_map(delivered(tmp_path, households=HOUSEHOLDS, loans=LOANS)[1:])
    with pytest.raises(UserError) as refusal:
        answered(tmp_path, suggested.text)
    assert "constant.bank is empty" in refusal.value.message.en
    assert 'codes "2" = ""' in refusal.value.message.en


def test_the_answered_map_reads_the_right_values(tmp_path: Path) -> None:
    _, loans = delivered(tmp_path, households=HOUSEHOLDS, loans=LOANS)
    text = suggest_map([loans]).text
    answers = {'bank = ""': 'bank = "甲银行"', '"2" = ""': '"2" = "bullet_quarterly_interest"'}
    own = answered(tmp_path, text, **answers)
    rows = next(open_table(loans, "loans", "", own).frames).to_dicts()
    kept = ("loan_id", "household_id", "bank", "principal", "annual_rate", "repayment_method")
    assert [[str(row[name]) for name in kept] for row in rows] == [
        ["9001-101", "c1", "甲银行", "50000.00", "0.0345", "bullet_quarterly_interest"],
        ["9001-102", "c2", "甲银行", "20000.00", "0.0345", "bullet_quarterly_interest"],
    ]


def test_a_household_column_with_an_odd_heading_is_told_by_its_values(tmp_path: Path) -> None:
    text = suggest_map(delivered(tmp_path, households=HOUSEHOLDS, loans=LOANS)).text
    assert '"持有人" = "household_id"' in text


def test_a_small_principal_asks_for_its_unit(tmp_path: Path) -> None:
    small = LOANS.replace("50000.00", "5").replace("20000.00", "2").replace("70000.00", "7")
    assert 'unit = "万元"' in suggest_map(delivered(tmp_path, loans=small)).text


@pytest.mark.parametrize(("day", "order"), [("03/04/2024", ""), ("15/03/2024", "dmy"), ("03/15/2024", "mdy")])
def test_days_that_end_with_the_year_ask_for_their_order(tmp_path: Path, day: str, order: str) -> None:
    text = suggest_map(delivered(tmp_path, loans=LOANS.replace("2024-03-15", day))).text
    assert f'{{name = "originated_on", dates = "{order}"}}' in text
    assert f"is {day} day first" in text


def test_known_on_is_never_asked_for(tmp_path: Path) -> None:
    assert "known_on" not in suggest_map(delivered(tmp_path, loans=LOANS)).text


@pytest.mark.skipif(not CASES.is_dir(), reason="the public cases are not here")
@pytest.mark.parametrize("case", ["a-banks-own-export", "loan-ledger-as-it-comes"])
def test_the_public_cases_are_asked_for_what_they_leave_open(case: str) -> None:
    file = next((CASES / case / "1-2024-12-31").glob("loans.*"))
    suggested = suggest_map([file])
    assert suggested.questions == {"a-banks-own-export": 5, "loan-ledger-as-it-comes": 1}[case]


def test_names_of_people_are_no_identifier_and_are_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "贷款台账.csv"
    head = "借据号,借款人姓名,户主身份证号,承贷银行,贷款金额,年利率,放款日期,到期日期,还款方式\n"
    file.write_text(f"{head}L1,某某,H1,甲银行,50000,0.0365,2024-03-01,2025-03-01,bullet_all\n", "utf-8")
    suggested = suggest_map([file])
    assert (suggested.questions, "某某" in suggested.text) == (0, False)
