"""The fund's forecast, equal in the JSON of the report, in its files and on the board."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openpyxl import load_workbook

from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from serving.portfolio.fund_forecast import fund_report
from tests import http_requests
from tests.running_service import done, lights, serving
from tests.serving.reports.conftest import MARCH


def test_report_prints_the_forecast_that_its_workbook_and_page_show(ten: DataFolder, tmp_path: Path) -> None:
    told = json.loads(done(lights(ten.folder, "report", "--as-of", MARCH, "--out", tmp_path, "--json", "--lang", "en")))
    forecast = told["fund_forecast_12m"]
    assert forecast == fund_report(MonthRepository(ten).month(MARCH)).as_json
    assert set(forecast) == {"low", "high", "expected", "paid_last_12m", "balance"}
    cells = [
        value
        for row in load_workbook(Path(told["folder"]) / "statistics-en.xlsx")["Forecast"].iter_rows(values_only=True)
        for value in row
    ]
    assert {forecast["expected"] / 10_000, forecast["high"] / 10_000, 2.9} <= set(cells)
    page = (Path(told["folder"]) / "statistics-en.html").read_text("utf-8")
    assert "2,000 draws with a fixed seed" in page
    assert "policy: fewer than 30 cases in the county" in page


@pytest.mark.parametrize(
    ("lang", "sentence"), [("zh", "本县过期限的不良仅 0 次"), ("en", "Only 0 loans of the county reached the fund")]
)
def test_the_board_shows_it_with_its_source_and_formula(ten: DataFolder, lang: str, sentence: str) -> None:
    forecast = fund_report(MonthRepository(ten).month(MARCH)).as_json
    with serving(ten.folder) as address:
        board = http_requests.get(f"{address}/board", params={"lang": lang}).raise_for_status().text
    assert sentence in board
    assert f"{forecast['expected']:,.0f}" in board
    assert "29,000" in board
