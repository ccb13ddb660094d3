"""`lights quarantine` and what `lights load` says of rows that it does not load."""

from __future__ import annotations

import json
from pathlib import Path

from openpyxl import load_workbook

from tests.features.inboxes import DRAWN, Intake, csv_text, drawn, table
from tests.running_service import done, lights

LOANS = csv_text(table(DRAWN["loans"]))
PAYMENTS = "还款流水号,借据号,还款日期,实还本金,实还利息,备注\n"


def with_faults(tmp_path: Path) -> tuple[Intake, Path]:
    """A county whose banks delivered payments: two of each bank wrong, one of an unknown loan."""
    intake = Intake(tmp_path, bad_share=1.0)
    rows = [f"P{number},L{1 + number % 2},2024-05-{number + 1:02d},0,12.5,=1+1" for number in range(1, 25)]
    rows[3:7] = [row.replace("12.5", "=cmd()") for row in rows[3:7]]
    rows[10] = "P11,L9,2024-05-12,0,12.5,"
    inbox = intake.inbox(**drawn("households", "loans"), **{"还款明细.csv": PAYMENTS + "\n".join(rows)})
    return intake, inbox


def test_rows_wrong_and_waiting_are_one_line_a_kind_under_the_headings_of_the_file(tmp_path: Path) -> None:
    intake, inbox = with_faults(tmp_path)
    intake.load(inbox)
    lines = done(lights(intake.data, "quarantine")).splitlines()
    assert len(lines) == 6
    assert "还款 还款明细.csv · 有误 · 实还利息 (interest_paid)：第 5、6、7、8 行，共 4 行：" in "\n".join(lines)
    assert "payments 还款明细.csv · waiting · 借据号 (loan_id): lines 12, 1 in all: " in "\n".join(lines)
    assert lines[-2:] == ["隔离区共 5 行", "5 rows are in quarantine"]


def test_the_workbook_has_a_sheet_for_each_bank_with_the_rows_as_delivered(tmp_path: Path) -> None:
    intake, inbox = with_faults(tmp_path)
    intake.load(inbox)
    out = tmp_path / "隔离.xlsx"
    done(lights(intake.data, "quarantine", "--out", out))
    book = load_workbook(out)
    assert book.sheetnames == ["农商行", "邮储", "其他 other"]
    title, headings, *rows = book["农商行"].iter_rows(values_only=True)
    assert title[0] == "还款 payments (2)"
    assert headings[7:] == ("还款流水号", "借据号", "还款日期", "实还本金", "实还利息")
    assert [row[:4] for row in rows] == [("还款明细.csv", line, "有误 / wrong", "实还利息") for line in (5, 7)]
    assert [row[7:] for row in rows] == [(f"P{one}", "L1", f"2024-05-{one + 1:02d}", "0", "=cmd()") for one in (4, 6)]
    assert {cell.data_type for row in book["农商行"].iter_rows(min_row=3) for cell in row[7:]} == {"s"}


def test_one_bank_alone_as_json(tmp_path: Path) -> None:
    intake, inbox = with_faults(tmp_path)
    intake.load(inbox)
    rows = json.loads(done(lights(intake.data, "quarantine", "--bank", "邮储", "--json")))
    assert {(row["bank"], row["table"], row["kind"]) for row in rows} == {("邮储", "payments", "broken")}
    ran = lights(intake.data, "quarantine", "--bank", "丙")
    assert (ran.returncode, "known are 农商行, 邮储" in ran.stderr) == (1, True)


def test_nothing_in_quarantine_is_said(tmp_path: Path) -> None:
    out = tmp_path / "empty.xlsx"
    assert done(lights(tmp_path / "var", "quarantine", "--out", out)) == "隔离区共 0 行\n0 rows are in quarantine\n"
    assert load_workbook(out).sheetnames == ["空 empty"]


def test_more_than_the_share_waiting_exits_1_and_the_rest_is_loaded(tmp_path: Path) -> None:
    intake = Intake(tmp_path)
    ran = lights(intake.data, "load", intake.inbox(**{"households.csv": csv_text(table(DRAWN["households"])[:1])}))
    assert ran.returncode == 0
    ran = lights(intake.data, "load", intake.inbox(**{"loans.csv": LOANS}))
    assert ran.returncode == 1
    assert "2 行中 1 行（50.0%，上限 5.0%）等待所属的农户" in ran.stdout
    assert "1 of 2 rows (50.0%, at most 5.0%) wait for their row in households" in ran.stdout
    assert intake.kept("loans")["loan_id"].to_list() == ["L1"]
    run = json.loads(done(lights(intake.data, "runs", "--json")))
    assert "loans.csv" in str(run)
