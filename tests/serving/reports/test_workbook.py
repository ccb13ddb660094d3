"""The workbook as Excel reads it: numbers, days, text that is no formula, frozen headers, paper."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from openpyxl import load_workbook

from features.messages import Bilingual, UserError
from serving.portfolio.report_tables import MoneyUnit, ReportTable, count, day, number, share, text, words, yuan
from serving.reports.excel import sheet_name, workbook

MADE_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "http://a.b", "007", "{=A1}"]


SCHEMA = {
    **dict.fromkeys(("who", "why_zh", "why_en"), pl.String),
    "money": pl.Float64,
    "loans": pl.Int64,
    "part": pl.Float64,
    "score": pl.Float64,
    "day": pl.Date,
}


def table(rows: int = 8) -> ReportTable:
    last_day = date(2026, 1, 31)
    cells = [
        (DANGEROUS[at], "=原因", "=reason", 1234.5, at, 0.125 if at else None, 0.5, last_day) for at in range(rows)
    ]
    frame = pl.DataFrame(cells, SCHEMA, orient="row")
    columns = (
        text("who", "谁", "Who"),
        words("why", "原因", "Why"),
        yuan("money", "金额", "Money"),
        count("loans", "笔数", "Loans"),
        share("part", "占比", "Share"),
        number("score", "分", "Score"),
        day("day", "日", "Day"),
    )
    return ReportTable("t", Bilingual("表", "Table"), Bilingual("表", "table"), columns, frame)


def sheet(content: bytes) -> Any:
    return load_workbook(io.BytesIO(content)).worksheets[0]


def test_a_cell_that_begins_like_a_formula_is_text() -> None:
    cells = sheet(workbook([table()], "en", MADE_AT))["A"][4 : 4 + len(DANGEROUS)]
    assert [(cell.value, cell.data_type, cell.hyperlink) for cell in cells] == [(what, "s", None) for what in DANGEROUS]


def test_numbers_and_days_are_what_they_are_in_their_formats() -> None:
    row = sheet(workbook([table()], "en", MADE_AT))[6]
    assert [(cell.value, cell.number_format) for cell in row[2:]] == [
        (1234.5, "#,##0.00"),
        (1, "#,##0"),
        (0.125, "0.00%"),
        (0.5, "0.000"),
        (datetime(2026, 1, 31), "yyyy-mm-dd"),  # noqa: DTZ001 - as Excel keeps a day
    ]


def test_a_missing_number_is_said_to_be_missing() -> None:
    cell = sheet(workbook([table()], "en", MADE_AT))["E5"]
    assert (cell.value, cell.data_type) == ("no data", "s")


@pytest.mark.parametrize(
    ("language", "headers"), [("zh", ["谁", "原因", "金额（元）"]), ("en", ["Who", "Why", "Money (yuan)"])]
)
def test_headers_are_in_the_language_asked_for(language: str, headers: list[str]) -> None:
    row = sheet(workbook([table()], language, MADE_AT))[4]
    assert [cell.value for cell in row][: len(headers)] == headers


def test_amounts_in_wan_say_so_and_keep_every_fen() -> None:
    issued = replace(table(), money=MoneyUnit.TEN_THOUSAND)
    made = sheet(workbook([issued], "zh", MADE_AT))
    assert (made["A2"].value, made["C4"].value, made["C5"].value) == ("单位：万元", "金额（万元）", 0.12345)


def test_the_row_of_the_total_is_told_from_the_others_and_not_filtered() -> None:
    made = sheet(workbook([replace(table(), has_total=True)], "zh", MADE_AT))
    assert made["C12"].font.b
    assert not made["C11"].font.b
    assert made.auto_filter.ref == "A4:G11"


def test_the_header_stays_in_sight_and_on_every_printed_sheet_of_a4_across() -> None:
    made = sheet(workbook([table()], "zh", MADE_AT))
    assert (made.freeze_panes, made.print_title_rows) == ("A5", "$4:$4")
    assert (made.page_setup.paperSize, made.page_setup.orientation) == (9, "landscape")
    assert made.auto_filter.ref == "A4:G12"


def test_no_column_is_wider_than_a_page_takes_or_too_narrow_for_its_header() -> None:
    widths = [column.width for column in sheet(workbook([table()], "zh", MADE_AT)).column_dimensions.values()]
    assert all(8 <= width <= 45 for width in widths)


def test_the_same_tables_give_the_same_bytes() -> None:
    assert workbook([table()], "zh", MADE_AT) == workbook([table()], "zh", MADE_AT)


def test_an_empty_table_has_its_header() -> None:
    assert sheet(workbook([table(0)], "en", MADE_AT))["A4"].value == "Who"


@pytest.mark.parametrize(("name", "kept"), [("a/b[c]", "a·b·c·"), ("x" * 40, "x" * 31), ("村 Villages", "村 Villages")])
def test_a_sheet_has_a_name_that_excel_takes(name: str, kept: str) -> None:
    assert sheet_name(name) == kept


def test_a_table_longer_than_a_sheet_is_refused_with_what_to_do() -> None:
    long = ReportTable(
        "t",
        Bilingual("t", "t"),
        Bilingual("长表", "Long table"),
        (count("n", "数", "N"),),
        pl.DataFrame({"n": range(1_048_001)}),
    )
    with pytest.raises(UserError, match="--bank or --area"):
        workbook([long], "en", MADE_AT)
