"""Quarantine: rows as they were delivered, listed by bank, and released once they are corrected."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from features.loading.fault_kinds import fault_kinds
from features.loading.quarantine_list import delivered_row, list_quarantine
from features.messages import UserError
from tests.features.inboxes import DRAWN, Intake, drawn, identity_number, table, with_cell, write_xlsx

LOANS = "借据号,户主身份证号,户主姓名,承贷银行,放款日期,到期日期,贷款金额(万元),年利率,还款方式\n"
"""A file's own headings; nobody asks for the third."""


def delivered(intake: Intake) -> list[list[tuple[str | None, str | None]]]:
    rows = intake.ledger.quarantined_rows().to_dicts()
    return [[(one["heading"], one["cell"]) for one in delivered_row(row)] for row in rows]


def test_a_row_lies_there_as_it_was_delivered_without_what_names_people(intake: Intake) -> None:
    intake.bad_share = 1.0
    number = identity_number()
    intake.deliver(**{"贷款台账.csv": f"{LOANS}J1,{number},某人,甲银行,2024.3.5,2025.2.30,5,3.45%,到期一次还本付息\n"})
    [cells] = delivered(intake)
    assert cells == [
        ("借据号", "J1"),
        ("户主身份证号", intake_pseudonym(intake, number)),
        ("承贷银行", "甲银行"),
        ("放款日期", "2024.3.5"),
        ("到期日期", "2025.2.30"),
        ("贷款金额(万元)", "5"),
        ("年利率", "3.45%"),
        ("还款方式", "到期一次还本付息"),
    ]


def intake_pseudonym(intake: Intake, number: str) -> str:
    [cells] = intake.ledger.quarantined_rows()["cells"].to_list()
    pseudonym = str(json.loads(cells)["household_id"])
    assert pseudonym != number
    assert pseudonym.startswith("p")
    return pseudonym


def in_excel(rows: list[list[object]], folder: Path) -> bytes:
    write_xlsx(folder / "book.xlsx", rows)
    return (folder / "book.xlsx").read_bytes()


def in_parquet(rows: list[list[object]]) -> bytes:
    content = io.BytesIO()
    pl.DataFrame(rows[1:], schema=[str(name) for name in rows[0]], orient="row").write_parquet(content)
    return content.getvalue()


@pytest.mark.parametrize("ending", ["xlsx", "parquet"])
def test_cells_of_every_format_are_found_again_by_their_line(intake: Intake, tmp_path: Path, ending: str) -> None:
    intake.deliver(**drawn("households", "loans"))
    rows: list[list[object]] = [["payment_id", "loan_id", "paid_on", "principal_paid", "interest_paid"]]
    rows += [[f"P{number}", "L1" if number != 7 else "L9", "2024-05-01", 0, 12.5] for number in range(30)]
    content = in_excel(rows, tmp_path) if ending == "xlsx" else in_parquet(rows)
    intake.deliver(**{f"payments.{ending}": content})
    assert intake.aside("line", "kind") == [(9, "waiting")]
    assert [cell for _, cell in delivered(intake)[0]] == ["P7", "L9", "2024-05-01", "0", "12.5"]


def test_a_row_that_comes_corrected_leaves_quarantine(intake: Intake) -> None:
    intake.bad_share = 1.0
    payments = table(DRAWN["payments"])
    intake.deliver(**drawn("households", "loans"))
    intake.deliver(payments=with_cell(payments, interest_paid="many"))
    assert len(intake.aside()) == 2
    intake.deliver(payments=payments[:1])
    assert intake.aside("line", "value") == [(3, "many")]


def test_an_earlier_version_that_comes_late_corrects_nothing(intake: Intake) -> None:
    intake.bad_share = 1.0
    assets = table(DRAWN["assets"])[:1]
    intake.deliver(**drawn("households"))
    intake.deliver(assets=with_cell(assets, savings="?"))
    intake.deliver(assets=with_cell(assets, known_on="2024-03-01"))
    assert intake.aside("value") == [("?",)]
    intake.deliver(assets=with_cell(assets, known_on="2024-03-09"))
    assert intake.aside() == []


def test_a_number_used_twice_leaves_quarantine_once_it_is_declared_a_correction(intake: Intake) -> None:
    intake.bad_share = 1.0
    intake.deliver(**drawn("households", "loans", "payments"))
    moved = with_cell(table(DRAWN["payments"])[:1], loan_id="L2", paid_on="2024-02-27", known_on="2024-03-05")
    intake.deliver(payments=moved)
    assert intake.aside("kind") == [("reused",)]
    intake.load(intake.inbox(payments=moved), corrections=True)
    assert intake.aside() == []


def test_a_rate_that_the_map_lets_pass_its_bound_is_loaded_also_after_waiting(intake: Intake, tmp_path: Path) -> None:
    columns = tmp_path / "map.toml"
    columns.write_text('[loans]\nannual_rate = {name = "annual_rate", percent = false}\n', "utf-8")
    loans = with_cell(table(DRAWN["loans"])[:1], annual_rate="3.65")
    intake.load(intake.inbox(loans=loans), columns=columns)
    assert intake.aside("kind") == [("waiting",)]
    assert intake.deliver(**drawn("households")).taken_up == 1
    assert intake.kept("loans")["annual_rate"].to_list() == [3.65]


def test_faults_of_one_kind_are_one_line_whatever_values_they_name(intake: Intake) -> None:
    intake.bad_share = 1.0
    row = table(DRAWN["assets"])[:1]
    rows = pl.concat(
        [
            with_cell(row, observed_on="2024-02-30"),
            with_cell(row, observed_on="2024-02-31"),
            with_cell(row, savings="-1"),
        ]
    )
    [_, report] = intake.deliver(households=DRAWN["households"], assets=rows).files
    assert [(one["column"], one["count"], one["lines"], one["heading"]) for one in report.faults] == [
        ("observed_on", 2, [2, 3], "observed_on"),
        ("savings", 1, [4], "savings"),
    ]


def test_the_first_lines_of_a_kind_are_named_and_all_are_counted() -> None:
    rows = pl.DataFrame({"line": range(100, 0, -1)}).with_columns(
        *(pl.lit(name).alias(name) for name in ("kind", "column", "reason_zh", "reason_en"))
    )
    [kind] = fault_kinds(rows).to_dicts()
    assert (kind["count"], kind["lines"]) == (100, list(range(1, 11)))


def test_rows_are_listed_by_bank_and_day(intake: Intake) -> None:
    intake.bad_share = 1.0
    intake.deliver("2024-05-31", **drawn("households", "loans"))
    payments = with_cell(table(DRAWN["payments"]), interest_paid="many")
    intake.deliver("2024-06-30", payments=payments, assets=with_cell(table(DRAWN["assets"])[:1], savings="?"))
    ledger = intake.ledger
    banks = list_quarantine(ledger).select("bank", "line").rows()
    assert banks == [("农商行", 2), ("邮储", 3), (None, 2)]
    assert list_quarantine(ledger, "邮储")["line"].to_list() == [3]
    assert list_quarantine(ledger, since=date(2024, 7, 1)).is_empty()
    assert list_quarantine(ledger, since=date(2024, 6, 30)).height == 3


def test_a_bank_that_nobody_knows_is_refused_naming_those_there_are(intake: Intake) -> None:
    intake.deliver(**drawn("households", "loans"))
    with pytest.raises(UserError, match="known are 农商行, 邮储"):
        list_quarantine(intake.ledger, "丙银行")


def test_a_later_version_of_the_other_loan_does_not_release_a_number_used_twice(intake: Intake) -> None:
    intake.bad_share = 1.0
    loans, payments = table(DRAWN["loans"])[:1], table(DRAWN["payments"])[:1]
    intake.deliver(**drawn("households", "loans", "payments"))
    intake.deliver(loans=with_cell(loans, bank="邮储"), payments=with_cell(payments, loan_id="L2"))
    assert intake.aside("table", "kind") == [("loans", "reused"), ("payments", "reused")]
    report = intake.deliver(
        loans=with_cell(loans, annual_rate="0.03", known_on="2024-08-01"),
        payments=with_cell(payments, interest_paid="400", known_on="2024-08-01"),
    )
    assert [file.revised for file in report.files] == [1, 1]
    assert report.corrected == 0
    assert intake.aside("table", "kind") == [("loans", "reused"), ("payments", "reused")]


def test_rows_that_leave_quarantine_corrected_are_counted(intake: Intake) -> None:
    intake.bad_share = 1.0
    intake.deliver(**drawn("households", "loans"))
    intake.deliver(payments=with_cell(table(DRAWN["payments"]), interest_paid="many"))
    assert intake.deliver(payments=DRAWN["payments"]).corrected == 2
