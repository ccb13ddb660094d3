"""A county's own words for the columns, and everything that can be wrong with them at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from features.contract.tables import TABLES
from features.delivery.column_map import read_column_map
from features.delivery.headings import heading
from features.messages import UserError
from tests.features.inboxes import DRAWN, Intake, drawn, table


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "map.toml"
    path.write_text(text, encoding)
    return path


def refused(path: Path) -> str:
    with pytest.raises(UserError) as refusal:
        read_column_map(path)
    return refusal.value.message.en


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_countys_own_words_are_laid_over_the_shipped_ones(intake: Intake, encoding: str) -> None:
    own = written(intake.folder, '[households]\n"门牌" = "household_id"\n"Dorf" = "village_code"\n', encoding)
    rows = table(DRAWN["households"]).rename({"household_id": "门牌", "village_code": "Dorf", "known_on": "知悉日"})
    assert intake.load(intake.inbox(households=rows), columns=own).files[0].added == 2


def test_a_word_of_the_shipped_map_can_be_given_another_meaning(intake: Intake) -> None:
    own = written(intake.folder, '[loans]\n"本金" = "subsidy_share"\n')
    column_map = read_column_map(own)
    meanings = [column_map.column(TABLES["loans"], heading(words), None) for words in ("本金", "贷款本金", "没有的")]
    assert [meaning and meaning.name for meaning in meanings] == ["subsidy_share", "principal", None]


def test_every_fault_is_named_at_once_with_what_was_meant(tmp_path: Path) -> None:
    faults = '[loanz]\n"a" = "loan_id"\n[payments]\n"b" = "payed_on"\n"c" = 5\n"d" = "payer"\n[loans]\n"e" = "due_on"\n'
    said = refused(written(tmp_path, faults))
    assert "[loanz] is not a table of the contract. Did you mean 'loans'?" in said
    assert """[payments] "b" = "payed_on" is not a column. Did you mean 'paid_on'?""" in said
    assert '[payments] "c" is to be a column\'s name or {name = ...}' in said
    assert '[loans] "e" = "due_on" is not a column.' in said
    assert '"d"' not in said


@pytest.mark.parametrize("text", ["households = 1", "[households", '[households]\n"a" = "b', "\x00"])
def test_a_map_that_is_no_map_is_refused(tmp_path: Path, text: str) -> None:
    assert "map.toml" in refused(written(tmp_path, text))


def test_a_map_in_another_encoding_or_none_at_all_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refused(written(tmp_path, '[households]\n"门牌" = "household_id"', "gb18030"))
    assert "cannot be read" in refused(tmp_path / "nowhere.toml")


def test_a_heading_of_the_fallback_gives_way_to_another_and_is_told_as_ignored(intake: Intake) -> None:
    header = "payment_id,loan_id,记账日期,还款日期,principal_paid,interest_paid\n"
    both = intake.inbox(
        **drawn("households", "loans"), **{"payments.csv": f"{header}P1,L1,2024-05-09,2024-05-02,0,1\n"}
    )
    report = intake.load(both)
    assert report.files[-1].ignored == ("记账日期",)
    assert intake.kept("payments")["paid_on"].to_list() == [date(2024, 5, 2)]
    alone = "payment_id,loan_id,记账日期,principal_paid,interest_paid\nP2,L1,2024-05-09,0,1\n"
    assert intake.deliver(**{"payments.csv": alone}).files[-1].added == 1


def test_a_line_above_the_headings_names_the_units_of_money_and_rates(intake: Intake) -> None:
    title = "单位：万元、%\n"
    header = "借据号,户主身份证号,承贷银行,贷款金额,利率,放款日期,到期日期,还款方式\n"
    row = "L1,H1,甲银行,5,3.65,2024-03-01,2025-03-01,bullet_all\n"
    report = intake.deliver(**drawn("households"), **{"贷款台账.csv": title + header + row})
    assert report.files[-1].added == 1
    assert intake.kept("loans").select("principal", "annual_rate").row(0) == (50_000, 0.0365)
    doubtful = title + header + row.replace("3.65", "0.0365").replace("L1", "L2")
    [refused] = intake.deliver(**{"贷款台账.csv": doubtful}).files
    assert refused.refused
    assert "percent = true" in refused.refused.en
