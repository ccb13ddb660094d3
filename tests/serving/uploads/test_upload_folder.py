"""Uploads as they are kept on disk: names, faults, the column map from answers, what is remembered, what is removed."""

from __future__ import annotations

import io
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from features.messages import UserError
from serving.cli.backup import backup, restore
from serving.settings import settings_of
from serving.uploads.asked_sheets import AskedSheet
from serving.uploads.upload_folder import UploadFolder
from tests.full_disk import files_of_at_most
from tests.running_service import done, lights

AT = datetime(2026, 1, 12, 9, tzinfo=UTC)
HOUSEHOLDS = "household_id,village_code\nc1,340123001001\nc2,340123001001\n"
LOANS = """\
借据编号,借据金额,借据利率,还款方式,生效日期,到期日期,农户编号
101,5,3.45%,利随本清,2024-03-15,2027-03-15,c1
102,2,3.45%,利随本清,2024-05-15,2027-05-15,c2
"""


def sent(uploads: UploadFolder, **files: str) -> int:
    """An upload of CSV files."""
    opened = [(f"{name}.csv", io.BytesIO(text.encode())) for name, text in files.items()]
    return uploads.keep(opened, "clerk", AT).number


def first_answers(asked: AskedSheet, **texts: str) -> list[list[list[str]]]:
    """The prefilled answers; texts: by column, what is filled in where nothing is chosen from."""
    return [
        [
            list(asked.prefilled(question)) if question.choices else [texts[question.id.partition(":")[2]]]
            for question in line.questions
        ]
        for line in asked.sheet.lines
    ]


def test_files_are_kept_for_their_owner_alone_and_looked_at(tmp_path: Path) -> None:
    uploads = UploadFolder(tmp_path)
    number = sent(uploads, households=HOUSEHOLDS.replace("c2,340123001001", "c2,long"))
    [file] = uploads.files_left(number)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    preview = uploads.preview(number)
    assert preview is not None
    [table] = preview.tables
    assert (table.table, table.rows, table.wrong, table.too_many_wrong) == ("households", 2, 1, True)
    assert [fault["column"] for fault in table.faults] == ["village_code"]


def test_identity_numbers_are_pseudonyms_in_the_preview(tmp_path: Path) -> None:
    number = "11010519491231002X"
    uploads = UploadFolder(tmp_path)
    sent(uploads, households=f"household_id,village_code\n{number},340123001001\n")
    assert number not in (tmp_path / "uploads/1/preview.json").read_text("utf-8")


@pytest.mark.parametrize("name", ["", ".hidden.csv", "~$loans.xlsx", "a" * 121 + ".csv", "a\nb.csv", "/"])
def test_a_name_that_cannot_be_kept_is_refused_and_nothing_stays(tmp_path: Path, name: str) -> None:
    uploads = UploadFolder(tmp_path)
    with pytest.raises(UserError, match="file name"):
        uploads.keep([("loans.csv", io.BytesIO(b"x")), (name, io.BytesIO(b"x"))], "clerk", AT)
    assert uploads.newest() == []


def test_a_name_with_folders_keeps_its_last_part(tmp_path: Path) -> None:
    uploads = UploadFolder(tmp_path)
    uploads.keep([("../../C:\\data\\households.csv", io.BytesIO(HOUSEHOLDS.encode()))], "clerk", AT)
    assert [path.relative_to(tmp_path).as_posix() for path in uploads.files_left(1)] == [
        "uploads/1/files/households.csv"
    ]


def test_no_file_and_the_same_name_twice_are_refused(tmp_path: Path) -> None:
    uploads = UploadFolder(tmp_path)
    for files in ([], [("a.csv", io.BytesIO(b"x")), ("A.csv", io.BytesIO(b"x"))]):
        with pytest.raises(UserError):
            uploads.keep(files, "clerk", AT)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    uploads = UploadFolder(tmp_path)
    with files_of_at_most(1 << 20), pytest.raises(UserError, match="cannot be kept"):
        uploads.keep([("households.csv", io.BytesIO(b"x" * (4 << 20)))], "clerk", AT)
    assert uploads.newest() == []
    assert list((tmp_path / "uploads").rglob("*")) == []


def test_answers_make_the_column_map_and_the_next_month_comes_filled_in(tmp_path: Path) -> None:
    uploads = UploadFolder(tmp_path)
    first = sent(uploads, loans_1月=LOANS)
    [asked] = uploads.questions(first).sheets
    assert not asked.remembered
    answers = first_answers(asked, bank="甲银行")
    wrong = [[[""] for _ in line] for line in answers]
    with pytest.raises(UserError):
        uploads.answer(first, {("loans_1月.csv", ""): wrong})
    assert uploads.column_map(first) is None
    with pytest.raises(UserError, match="Answer the questions"):
        uploads.load_command(first)
    uploads.answer(first, {("loans_1月.csv", ""): answers})
    preview = uploads.preview(first)
    assert preview is not None
    [table] = preview.tables
    cells = dict(zip((name for name, _ in table.columns), table.first[0], strict=True))
    assert (cells["principal"], cells["bank"], table.wrong) == ("50000.0", "甲银行", 0)
    assert uploads.questions(first).sheets == ()

    questions = [line.questions for line in asked.sheet.lines]
    unit = next(question for line in questions for question in line if question.id == "unit:principal")
    thousands = [
        [['unit = "千元"'] if question is unit else given for question, given in zip(line, each, strict=True)]
        for line, each in zip(questions, answers, strict=True)
    ]
    uploads.ask_again(first)
    uploads.answer(first, {("loans_1月.csv", ""): thousands})
    second = sent(uploads, loans_2月=LOANS)
    [again] = uploads.questions(second).sheets
    assert again.prefilled(unit) == ('unit = "千元"',)
    assert first_answers(again, bank="乙银行") != answers
    kept = (tmp_path / "uploads/answers.json").read_text("utf-8")
    assert "甲银行" not in kept, "what is one for a whole file is of that file alone"


def test_a_file_whose_table_nothing_tells_is_asked_for_it(tmp_path: Path) -> None:
    uploads = UploadFolder(tmp_path)
    number = sent(uploads, 一月=HOUSEHOLDS.replace("household_id", "甲").replace("village_code", "乙"))
    assert uploads.questions(number).untold == ("一月.csv",)
    uploads.say_table(number, "一月.csv", "", "households")
    asked = uploads.questions(number)
    assert (asked.untold, [one.sheet.table for one in asked.sheets]) == ((), ["households"])


def test_a_column_map_that_is_sent_along_answers_everything(tmp_path: Path) -> None:
    uploads = UploadFolder(tmp_path)
    text = '[[file]]\nmatch = "*"\ntable = "loans"\n[file.columns]\n"借据金额" = {name = "principal", unit = "万元"}\n'
    files = {"loans.csv": LOANS, "map.toml": f'{text}[file.constant]\nbank = "甲银行"\n'}
    uploads.keep([(name, io.BytesIO(text.encode())) for name, text in files.items()], "clerk", AT)
    assert uploads.questions(1).sheets == ()
    assert [path.name for path in uploads.files_left(1)] == ["loans.csv"]
    with pytest.raises(UserError, match="column map"):
        uploads.keep([("loans.csv", io.BytesIO(b"x")), ("map.toml", io.BytesIO(b"[[file]]\n"))], "clerk", AT)


def test_a_load_removes_what_it_took_in_and_keeps_what_it_refused(tmp_path: Path) -> None:
    data = tmp_path / "var"
    data.mkdir()
    uploads = UploadFolder(data)
    wrong = "payment_id,loan_id,paid_on,principal_paid,interest_paid,payer\nP1,L1,long ago,1,1,borrower\n"
    number = sent(uploads, households=HOUSEHOLDS, payments=wrong, loans="no,heading\n1,2\n")
    with pytest.raises(UserError, match="Answer the questions"):
        uploads.load_command(number)
    uploads.remove_file(number, "loans.csv")
    with pytest.raises(UserError, match=r"no file loans\.csv"):
        uploads.remove_file(number, "loans.csv")
    ran = lights(data, *uploads.load_command(number), "--delivered-on", "2026-01-12")
    assert ran.returncode == 1, ran.stderr
    assert [path.name for path in uploads.files_left(number)] == ["payments.csv"]
    uploads.discard(number)
    assert uploads.files_left(number) == []
    assert uploads.upload(number).is_discarded


def test_a_workbook_with_a_sheet_that_was_not_read_stays(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    book = Workbook()
    first = book.active
    assert first is not None
    first.title = "户表"
    for row in (["户编号", "村代码"], ["c1", "340123001001"]):
        first.append(row)
    book.create_sheet("12月").append(["流水号", "借据号"])
    book.save(inbox / "农户台账.xlsx")
    told = done(lights(tmp_path / "var", "load", inbox, "--delivered-on", "2026-01-12", "--remove-loaded"))
    assert "1 new" in told
    assert "12月" in told
    assert (inbox / "农户台账.xlsx").exists()


def test_one_heading_cannot_be_two_columns(tmp_path: Path) -> None:
    uploads = UploadFolder(tmp_path)
    number = sent(uploads, 贷款=LOANS.replace("借据编号", "甲").replace("农户编号", "乙"))
    [asked] = uploads.questions(number).sheets
    answers = first_answers(asked, bank="甲银行")
    for line, given in zip(asked.sheet.lines, answers, strict=True):
        for question, answer in zip(line.questions, given, strict=True):
            if question.id.startswith(("which:", "is:")):
                answer[:] = ["甲"]
    with pytest.raises(UserError, match="chosen for two columns"):
        uploads.answer(number, {("贷款.csv", ""): answers})


def test_identity_numbers_are_neither_remembered_nor_kept_in_answers(tmp_path: Path) -> None:
    uploads = UploadFolder(tmp_path)
    number = sent(uploads, 贷款=LOANS.replace("利随本清,2024-05", "11010519491231002X,2024-05"))
    [asked] = uploads.questions(number).sheets
    answers = first_answers(asked, bank="甲银行")
    for line, given in zip(asked.sheet.lines, answers, strict=True):
        for question, answer in zip(line.questions, given, strict=True):
            if question.id.startswith("codes:"):
                answer[:] = ["bullet_all"] * len(answer)
    uploads.answer(number, {("贷款.csv", ""): answers})
    assert "11010519491231002X" not in (tmp_path / "uploads/answers.json").read_text("utf-8")


def test_an_upload_of_a_map_alone_is_refused_and_one_whose_files_were_removed_is_not_taken_in(tmp_path: Path) -> None:
    uploads = UploadFolder(tmp_path)
    with pytest.raises(UserError, match="files of data with it"):
        uploads.keep([("map.toml", io.BytesIO(b""))], "clerk", AT)
    number = sent(uploads, households=HOUSEHOLDS, loans=LOANS)
    for name in ("households.csv", "loans.csv"):
        uploads.remove_file(number, name)
    assert uploads.upload(number).state == "upload_discarded"


def test_questions_wait_until_every_file_has_its_table(tmp_path: Path) -> None:
    uploads = UploadFolder(tmp_path)
    number = sent(uploads, 贷款=LOANS, 一月=HOUSEHOLDS.replace("household_id", "甲").replace("village_code", "乙"))
    [asked] = uploads.questions(number).sheets
    with pytest.raises(UserError, match=r"First say which table 一月\.csv is"):
        uploads.answer(number, {("贷款.csv", ""): first_answers(asked, bank="甲银行")})


def test_without_the_option_a_load_removes_nothing(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "households.csv").write_text(HOUSEHOLDS, "utf-8")
    done(lights(tmp_path / "var", "load", inbox, "--delivered-on", "2026-01-12"))
    assert (inbox / "households.csv").exists()


def test_files_of_uploads_are_in_no_backup(tmp_path: Path) -> None:
    data = tmp_path / "var"
    data.mkdir()
    sent(UploadFolder(data), households=HOUSEHOLDS)
    settings = settings_of(data)
    backup(settings, tmp_path / "county.tar.gz")
    restore(tmp_path / "county.tar.gz", tmp_path / "restored")
    assert not (tmp_path / "restored/uploads").exists()


def test_what_a_killed_service_left_of_files_being_sent_is_removed_by_the_next_upload(tmp_path: Path) -> None:
    uploads = UploadFolder(tmp_path)
    for number, seconds_ago in ((1, 7200), (2, 60)):
        (tmp_path / f"uploads/{number}/files").mkdir(parents=True)
        (tmp_path / f"uploads/{number}/files/half.csv").write_text("half", "utf-8")
        sent_at = AT.timestamp() - seconds_ago
        os.utime(tmp_path / f"uploads/{number}", (sent_at, sent_at))
    assert uploads.newest() == []
    assert sent(uploads, households=HOUSEHOLDS) == 3
    assert (tmp_path / "uploads/1").exists() is False
    assert (tmp_path / "uploads/2/files/half.csv").exists()


def test_a_damaged_upload_is_told_with_its_path(tmp_path: Path) -> None:
    uploads = UploadFolder(tmp_path)
    sent(uploads, households=HOUSEHOLDS)
    (tmp_path / "uploads/1/upload.json").write_text("{", "utf-8")
    with pytest.raises(UserError, match=r"upload\.json"):
        uploads.upload(1)
    with pytest.raises(UserError, match="no upload 7"):
        uploads.upload(7)
