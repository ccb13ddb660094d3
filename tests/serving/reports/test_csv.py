"""CSV for spreadsheets: nothing in it runs, numbers stay numbers."""

from __future__ import annotations

import csv
import io

import polars as pl
import pytest

from features.messages import Bilingual
from serving.portfolio.report_tables import ReportTable, text, yuan
from serving.reports.csv import csv_file


def cells(value: str | None, money: float | None = 1.0) -> list[str]:
    frame = pl.DataFrame({"name": [value], "money": [money]}, {"name": pl.String, "money": pl.Float64})
    table = ReportTable(
        "t",
        Bilingual("t", "t"),
        Bilingual("表", "t"),
        (text("name", "名称", "Name"), yuan("money", "金额", "Money")),
        frame,
    )
    written = csv_file(table, "en").decode("utf-8-sig")
    header, row = csv.reader(io.StringIO(written))
    assert header == ["Name", "Money (yuan)"]
    return row


@pytest.mark.parametrize("begin", ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1", " =1", "\n=1"])
def test_text_that_a_spreadsheet_would_run_is_led_by_an_apostrophe(begin: str) -> None:
    assert cells(begin)[0] == f"'{begin}"


@pytest.mark.parametrize("plain", ["羊路村", "a=1", "H-1", "'x"])
def test_any_other_text_is_as_it_is(plain: str) -> None:
    assert cells(plain)[0] == plain


def test_a_negative_number_is_a_number_and_an_unknown_one_an_empty_cell() -> None:
    assert cells("x", -2.5)[1] == "-2.5"
    assert cells(None, None) == ["", ""]
