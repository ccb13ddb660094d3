"""The study of the monitor: what is injected, and how quiet months and findings are counted."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from features.contract.tables import TABLES
from features.months import month_end_after
from training.simulate.order import Order
from training.simulate.province import simulate
from training.studies.monitor_drift import (
    INJECTIONS,
    LAST,
    PAGE,
    Injection,
    MonitoredMonth,
    known_between,
    missed_bars,
    page,
    with_lower_incomes,
    with_swapped_codes,
    without_sheep,
)

DRIFT = {"code": "drift:net_income", "kind": "drift", "en": "Yearly net income: PSI 0.9", "acknowledged": None}


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    folder = tmp_path_factory.mktemp("county")
    simulate(Order(200, 24, 1), folder / "inbox")
    return {name: pl.read_parquet(folder / "inbox" / name / "*.parquet") for name in TABLES}


def quiet_year(loud: int = 0) -> list[MonitoredMonth]:
    """Twelve months of a county, of which `loud` have a finding, and a found injection of each kind."""
    days = [month_end_after(LAST, -back) for back in reversed(range(12))]
    months = [
        MonitoredMonth("1", day, 3 if number < loud else 0, [DRIFT] if number < loud else [])
        for number, day in enumerate(days)
    ]
    return months + [MonitoredMonth("1", each.as_of, 3, [on(each)], each) for each in INJECTIONS]


def on(injection: Injection) -> dict[str, Any]:
    """A finding on an injection."""
    return {**DRIFT, "code": injection.codes[0]}


@pytest.mark.parametrize(("loud", "missed"), [(0, False), (1, False), (2, True)])
def test_one_month_of_twelve_may_have_a_finding(loud: int, missed: bool) -> None:
    assert bool(missed_bars(quiet_year(loud))) == missed


def test_an_injection_is_found_by_an_open_finding_on_it_alone() -> None:
    injection = INJECTIONS[0]
    for finding in ({**DRIFT, "code": "late:assets:640323"}, {**on(injection), "acknowledged": {"reason": "known"}}):
        months = [*quiet_year(), MonitoredMonth("1", injection.as_of, 3, [finding], injection)]
        assert missed_bars(months) == [f"county 1: {injection.name} not found"]


def test_the_page_tells_what_was_missed_and_what_was_found() -> None:
    text = page(quiet_year(2), "python -m training.studies.monitor_drift")
    assert "Bars missed: county 1: 10 of 12 months without a finding, at least 11." in text
    assert "| 1 | 10 of 12 | found | found | found |" in text
    assert "| 1 | 2025-01-31 | Yearly net income: PSI 0.9 |" in text


def test_a_month_brings_what_became_known_in_it_and_all_households(county: dict[str, pl.DataFrame]) -> None:
    month = known_between(county, date(2025, 3, 31), date(2025, 4, 30))
    assert month["payments"]["known_on"].is_between(date(2025, 4, 1), date(2025, 4, 30)).all()
    assert month["households"].height > 150


def test_injections_change_what_they_name_and_nothing_else(county: dict[str, pl.DataFrame]) -> None:
    month = known_between(county, date(2025, 4, 30), date(2025, 10, 31))
    lower = with_lower_incomes(county, month)["income_statements"]
    assert lower["wage_income"].to_list() == (month["income_statements"]["wage_income"] * 0.4).to_list()
    assert lower.drop("^.*_income$").equals(month["income_statements"].drop("^.*_income$"))
    assert "sheep_count" not in without_sheep(county, month)["assets"].columns
    loans = with_swapped_codes(county, month)["loans"]
    both = loans.join(county["loans"].sort("known_on").unique("loan_id", keep="last"), on="loan_id")
    changed = both.filter(pl.col("repayment_method") != pl.col("repayment_method_right"))
    assert changed["bank"].n_unique() == 1
    assert changed.height > 0.5 * both.filter(bank=changed["bank"][0]).height
    assert (loans["loan_id"].n_unique(), loans["known_on"].max()) == (loans.height, month["loans"]["known_on"].max())


def test_the_document_is_one_that_the_study_wrote() -> None:
    text = PAGE.read_text("utf-8")
    assert "python -m training.studies.monitor_drift --seeds 5" in text
    assert "Bars missed: none." in text
