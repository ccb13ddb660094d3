"""The page of tables and the empty workbooks: as the declarations say, and read back as a delivery."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from features.contract.declarations import CellKind
from features.contract.tables import TABLES
from features.delivery.suggest_map import suggest_map
from features.delivery.table_forms import table_form
from features.ledger.ledger import Ledger
from tests.running_service import done, lights, refused
from tests.tables_page import PAGE, page

DELIVERED_ON = ("--delivered-on", "2024-02-28")


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("templates") / "空白表"
    done(lights(folder.parent / "var", "templates", "--out", folder))
    return folder


def test_the_page_of_tables_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "run python -m tests.tables_page and look at the change"


def test_every_table_has_a_workbook_and_every_column_a_heading(templates: Path) -> None:
    assert len(list(templates.iterdir())) == len(TABLES)
    for name, table in TABLES.items():
        [path] = templates.glob(f"*_{name}.xlsx")
        book = load_workbook(io.BytesIO(path.read_bytes()))
        headings = [cell.value for cell in book.worksheets[0][1]]
        notes = [[cell.value for cell in row] for row in book.worksheets[1].iter_rows()]
        assert len(set(headings)) == len(table.columns)
        assert [row[1] for row in notes[3:]] == list(table.column_names)


def test_what_the_examples_say_loads_without_a_question(templates: Path, tmp_path: Path) -> None:
    """A bank fills in the example of each column, below the headings."""
    (tmp_path / "inbox").mkdir()
    for name in TABLES:
        [path] = templates.glob(f"*_{name}.xlsx")
        book = load_workbook(io.BytesIO(path.read_bytes()))
        for at, column in enumerate(table_form(name).columns, start=1):
            book.worksheets[0].cell(2, at, column.example or None)
        book.save(tmp_path / "inbox" / path.name)
    assert suggest_map(sorted((tmp_path / "inbox").iterdir())).questions == 0
    told = done(lights(tmp_path / "var", "load", tmp_path / "inbox", *DELIVERED_ON))
    assert told.count("1 rows read, 1 new, 0 revised, 0 known, 0 quarantined, 0 waiting") == len(TABLES)
    assert "no table of the contract" not in told
    ledger = Ledger(tmp_path / "var" / "ledger")
    for name, table in TABLES.items():
        stored = ledger.scan(name).collect().row(0, named=True)
        empty = [column for column in table.column_names if stored[column] is None]
        assert empty == (["renews_loan_id"] if name == "loans" else []), name


def test_numbers_of_loans_and_people_are_text_and_codes_are_offered(templates: Path) -> None:
    sheet = load_workbook(next(templates.glob("*_loans.xlsx"))).worksheets[0]
    for column in table_form("loans").columns:
        letter = next(cell.column_letter for cell in sheet[1] if cell.value == column.heading)
        offered = [each for each in sheet.data_validations.dataValidation if f"{letter}2" in str(each.sqref)]
        assert bool(offered) == (column.column.kind is CellKind.CODE)
        is_text = column.column.kind in (CellKind.IDENTIFIER, CellKind.PERSON)
        assert (sheet.column_dimensions[letter].number_format == "@") == is_text


def test_one_table_alone_and_one_that_there_is_not(tmp_path: Path) -> None:
    done(lights(tmp_path / "var", "templates", "loans", "--out", tmp_path / "out"))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["贷款_loans.xlsx"]
    said = refused(lights(tmp_path / "var", "templates", "lones", "--out", tmp_path / "out"))
    assert said == "There is no table 'lones'. Did you mean 'loans'?"
