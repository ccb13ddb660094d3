"""The check of the fund's forecast: what is compared, and what the page counts."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from features.contract.tables import TABLES
from features.delivered_tables import DeliveredTables
from models.fund_forecast import FundForecast
from training.studies.fund_payments import ForecastCheck, fund_payments_between, held_counts, page

FORECAST = FundForecast(12, 50.0, 10.0, 100.0, {}, 0.01, has_model=False)


def check(paid: float) -> ForecastCheck:
    return ForecastCheck("1", date(2024, 12, 31), FORECAST, paid, 1)


@pytest.mark.parametrize(("paid", "held"), [(9.99, False), (10.0, True), (100.0, True), (100.01, False)])
def test_an_interval_holds_its_ends(paid: float, held: bool) -> None:
    assert check(paid).held is held


def test_the_page_counts_the_intervals_that_held_and_says_the_command() -> None:
    checks = [check(50.0), check(500.0)]
    assert held_counts(checks) == {("1", 12): 1}
    text = page(checks, "python -m x")
    assert "`python -m x`" in text
    assert "| 1 | 12 | 1 of 2 | >= 9 | 100 | 550 |" in text
    assert "| 1 | 2024-12-31 | 12 | 10 | 50 | 100 | 500 | 1 | no |" in text


def test_payments_count_after_the_day_up_to_the_last_and_of_the_fund_alone() -> None:
    days = [date(2024, 12, 31), date(2025, 1, 1), date(2025, 12, 31), date(2026, 1, 1), date(2025, 6, 1)]
    payers = ["compensation_fund"] * 4 + ["borrower"]
    cells = {"principal_paid": 10.0, "interest_paid": 1.0, "loan_id": "L1"}
    rows = [
        {"payment_id": str(day), "paid_on": day, "payer": payer, "known_on": day, **cells}
        for day, payer in zip(days, payers, strict=True)
    ]
    tables = DeliveredTables.from_frames({"payments": pl.DataFrame(rows, TABLES["payments"].schema)})
    assert fund_payments_between(tables, date(2024, 12, 31), date(2025, 12, 31)) == (22.0, 1)
