"""What an inbox may hold, what of it is taken in, and what the clerk is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from features.messages import UserError
from tests.features.inboxes import DRAWN, Intake, csv_text, drawn, table
from tests.running_service import lights

GOOD = csv_text(table(DRAWN["households"]))


def households(good: int, wrong: int) -> str:
    """A households.csv with so many good rows and so many with a wrong village code."""
    rows = [f"H{n},990101100201" for n in range(good)] + [f"H{n},东沟" for n in range(wrong)]
    return "\n".join(["household_id,village_code", *rows])


def test_a_table_may_come_in_many_files_of_many_kinds(intake: Intake) -> None:
    more = GOOD.replace("H1", "H3").replace("H2", "H4")
    report = intake.deliver(**{"households.csv": GOOD, "households/a.CSV": more, "households/read.me": "no table"})
    assert [(file.file, file.added) for file in report.files] == [("households.csv", 2), ("households/a.CSV", 2)]


def test_entries_that_are_no_table_are_named_and_do_no_harm(intake: Intake) -> None:
    report = intake.deliver(**drawn("households"), **{"loanz.csv": "x", "loans.doc": "x", "truth/loans.csv": "x"})
    assert (report.strangers, report.has_refused_files) == (("loans.doc", "loanz.csv", "truth"), True)
    assert [message.en.split(":")[0] for message in report.may_be] == ["loanz.csv"]


def test_what_systems_hide_in_a_folder_is_not_looked_at(intake: Intake) -> None:
    hidden = dict.fromkeys((".households.csv", "households/._a.csv", "households/~$a.xlsx", "~$loans.xlsx"), "x")
    report = intake.deliver(**{"households/a.csv": GOOD}, **hidden)
    assert ([file.file for file in report.files], report.strangers) == (["households/a.csv"], ())


@pytest.mark.parametrize("files", [{}, {"readme.txt": "x"}], ids=["empty", "without a table"])
def test_an_inbox_without_a_table_is_refused(intake: Intake, files: dict[str, str]) -> None:
    folder = intake.inbox(**files)
    folder.mkdir(exist_ok=True)
    with pytest.raises(UserError, match=r"没有任何表.*holds no table"):
        intake.load(folder)


def test_an_inbox_that_does_not_exist_is_refused(intake: Intake) -> None:
    with pytest.raises(UserError, match=r"收件夹不存在.*no inbox folder"):
        intake.load(intake.folder / "nowhere")


@pytest.mark.parametrize(("good", "wrong", "added"), [(19, 1, 19), (18, 1, 0), (95, 5, 95), (95, 6, 0), (0, 1, 0)])
def test_up_to_one_row_in_twenty_may_be_wrong(intake: Intake, good: int, wrong: int, added: int) -> None:
    (file,) = intake.deliver(**{"households.csv": households(good, wrong)}).files
    assert (file.added, bool(file.refused)) == (added, added == 0)
    assert (intake.kept("households").height, len(intake.aside())) == (added, wrong if added else 0)


def test_a_row_with_many_faults_is_one_wrong_row(intake: Intake) -> None:
    text = households(19, 0) + "\n,东沟"
    assert intake.deliver(**{"households.csv": text}).files[0].quarantined == 1
    assert len(intake.aside()) == 2


def test_conflicts_count_as_wrong_rows_and_rows_that_wait_do_not(intake: Intake) -> None:
    intake.deliver(**drawn("households"))
    moved = csv_text(table(DRAWN["households"])).replace("990101100201", "990101100202")
    assert intake.deliver(**{"households.csv": moved}).has_refused_files
    report = intake.deliver(members=DRAWN["members"].replace("| H", "| X"))
    assert (report.has_refused_files, report.files[0].waiting) == (False, 2)


def test_too_many_wrong_rows_are_told_in_both_languages(intake: Intake) -> None:
    words = intake.deliver(**{"households.csv": households(1, 1)}).files[0].refused
    assert words is not None
    assert "households.csv：2 行中 1 行有误（50.0%，上限 5.0%），整个文件未装入" in words.zh
    assert "households.csv: 1 of 2 rows are wrong (50.0%, at most 5.0%), so nothing of it was loaded" in words.en


def test_the_command_ends_with_0_and_a_line_for_each_file(intake: Intake) -> None:
    wider = "\n".join(f"{line},手机号" for line in households(19, 1).splitlines())
    inbox = intake.inbox(**{"households.csv": wider}, **drawn("prices"))
    ran = lights(intake.data, "load", inbox)
    assert ran.returncode == 0, ran.stderr
    assert "✓ households.csv：读 20 行，新增 19，更正 0，已有 0，隔离 1，等待 0" in ran.stdout
    assert "village_code: lines 21, 1 in all: a village code is 12 digits" in ran.stdout
    assert "columns ignored: 手机号" in ran.stdout
    assert f"data {intake.ledger.data_version}" in ran.stdout


def test_the_command_ends_with_1_where_a_file_is_refused_and_the_others_are_in(intake: Intake) -> None:
    inbox = intake.inbox(**drawn("households", "prices"), **{"members.csv": "\x00\x01", "notes.txt": "x"})
    ran = lights(intake.data, "load", inbox, "--json")
    assert ran.returncode == 1
    told = json.loads(ran.stdout)
    assert [file["added"] for file in told["files"]] == [2, 0, 2]
    assert (told["strangers"], told["data_version"]) == (["notes.txt"], intake.ledger.data_version)


def test_a_refusal_is_one_sentence_in_each_language(intake: Intake) -> None:
    ran = lights(intake.data, "load", intake.inbox(**drawn("prices")), "--columns", "nowhere.toml")
    assert (ran.returncode, ran.stdout, len(ran.stderr.splitlines())) == (1, "", 2)


def test_a_delivery_day_that_is_no_day_is_wrong_usage(intake: Intake) -> None:
    ran = lights(intake.data, "load", intake.inbox(**drawn("prices")), "--delivered-on", "2024-02-30")
    assert (ran.returncode, "2024-01-31" in ran.stderr) == (2, True)


def test_a_data_folder_may_have_any_name(tmp_path: Path) -> None:
    intake = Intake(tmp_path / "env=prod [1] * 数据?")
    intake.deliver(**DRAWN)
    assert intake.deliver(**DRAWN).files[0].known == 2
    assert set(intake.ledger.scan("loans").collect()["county"]) == {"990101", "990102"}
