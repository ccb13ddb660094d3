"""Balances, arrears, lights, movements, calendar and fund, by hand on ten loans."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from models.group_light.evaluate_groups import GroupLevel
from serving.batch.run import score
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository
from serving.portfolio.due_calendar import due_calendar_table, due_list_table
from serving.portfolio.flows import flow_table
from serving.portfolio.fund import fund_table
from serving.portfolio.fund_forecast import fund_basis_table, fund_forecast_table, fund_report
from serving.portfolio.outcomes import LoanOutcomes
from serving.portfolio.report_period import Issue, Period, ReportScope
from serving.portfolio.report_tables import ReportTable, count, text
from serving.portfolio.standing import light_table, scope_loans, standing_table
from serving.portfolio.trends import trend_table
from tests.serving.reports.conftest import FEBRUARY, JANUARY, MARCH

ALL = ReportScope()


@pytest.fixture(scope="module")
def march(ten: DataFolder) -> PublishedMonth:
    return MonthRepository(ten).month(MARCH)


@pytest.fixture(scope="module")
def loans(march: PublishedMonth) -> pl.DataFrame:
    return scope_loans(march, ALL)


@pytest.fixture(scope="module")
def fates(ten: DataFolder) -> LoanOutcomes:
    return LoanOutcomes(ten.ledger, MARCH)


def row_of(table: ReportTable, name: str) -> dict[str, Any]:
    return table.frame.filter(pl.col("name_en") == name).row(0, named=True)


def test_the_overdue_balance_is_the_whole_principal_of_loans_in_arrears(
    loans: pl.DataFrame, march: PublishedMonth
) -> None:
    policy = march.policy.groups.model_copy(update={"least_loans": 1})
    table = standing_table(loans, GroupLevel.BANK, policy, {})
    all_of_them, of_x = row_of(table, "All"), row_of(table, "X")
    assert (all_of_them["loans"], all_of_them["overdue_loans"], all_of_them["overdue_balance"]) == (7, 2, 50_000.0)
    assert (of_x["loans"], of_x["balance"], of_x["overdue_balance"]) == (4, 128_800.0, 40_000.0)
    assert (of_x["overdue_share"], of_x["overdue_household_share"]) == (40_000 / 128_800, 1 / 4)
    assert (of_x["yellow_loans"], of_x["yellow_balance"]) == (1, 40_000.0)


@pytest.mark.parametrize(("least", "shown"), [(7, True), (8, False)])
def test_a_rate_of_too_few_loans_is_not_shown(
    loans: pl.DataFrame, march: PublishedMonth, least: int, shown: bool
) -> None:
    policy = march.policy.groups.model_copy(update={"least_loans": least})
    row = row_of(standing_table(loans, GroupLevel.BANK, policy, {}), "All")
    assert (row["overdue_share"] is not None) is shown
    assert (row["judged_en"] == f"under {least} loans: too few to judge") is not shown


def test_places_go_by_their_names_and_those_without_by_their_codes(
    loans: pl.DataFrame, march: PublishedMonth, fates: LoanOutcomes
) -> None:
    table = standing_table(loans, GroupLevel.VILLAGE, march.policy.groups, fates.place_names)
    assert table.frame["name_zh"].to_list() == ["合计", "羊路村", "=1+1"]
    bare = standing_table(loans, GroupLevel.TOWNSHIP, march.policy.groups, {})
    assert bare.frame["name_zh"].to_list() == ["合计", "990101100"]


def test_without_a_model_no_loan_is_lit_by_one(loans: pl.DataFrame) -> None:
    found = light_table(loans).frame.select("by", "light", "loans").rows()
    assert [(light, loans) for by, light, loans in found if by == "light"] == [("red", 1), ("yellow", 2), ("green", 4)]
    assert [loans for by, light, loans in found if by == "model_light" and light == "all"] == [7]


def test_movements_are_those_of_the_period_first_and_last_day_included(fates: LoanOutcomes) -> None:
    row = row_of(flow_table(fates, Period(Issue.MONTHLY, MARCH), ALL, GroupLevel.BANK, {}), "All")
    assert (row["paid_out_loans"], row["paid_out_amount"]) == (2, 50_000.0)
    assert (row["renewing_loans"], row["renewing_amount"]) == (1, 20_000.0)
    assert (row["settled_loans"], row["settled_amount"]) == (2, 40_000.0)
    assert (row["repaid_loans"], row["repaid_amount"]) == (3, 40_700.0)
    assert (row["compensated_loans"], row["compensated_amount"], row["extended_loans"]) == (1, 29_000.0, 0)


def test_a_quarter_holds_its_three_months_and_a_year_what_has_gone_of_it(fates: LoanOutcomes) -> None:
    quarter, year = Period(Issue.QUARTERLY, MARCH), Period(Issue.ANNUAL, FEBRUARY)
    assert (str(quarter.since), str(year.since)) == ("2024-01-01", "2024-01-01")
    assert row_of(flow_table(fates, quarter, ALL, GroupLevel.BANK, {}), "All")["repaid_amount"] == 41_200.0


@pytest.mark.parametrize(("days", "found"), [(60, 1), (59, 0)])
def test_the_calendar_counts_a_loan_on_the_last_day_of_its_list(
    loans: pl.DataFrame, march: PublishedMonth, days: int, found: int
) -> None:
    assert loans.filter(pl.col("loan_id") == "J")["days_to_maturity"].item() == 60
    plans = march.policy.plans.model_copy(update={"lists_days_ahead": (days,)})
    month = _with_plans(march, plans)
    frame = due_calendar_table(loans, month, GroupLevel.BANK, {}).frame
    assert (frame[f"within_{days}_loans"][0] if frame.height else 0) == found
    assert due_list_table(loans, month, {}).frame.height == found


def _with_plans(month: PublishedMonth, plans: Any) -> PublishedMonth:
    class Changed(PublishedMonth):
        @property
        def policy(self) -> Any:
            return month.policy.model_copy(update={"plans": plans})

    return Changed(month.as_of, month.folder)


def test_the_list_of_what_falls_due_says_by_when_the_household_is_told(
    loans: pl.DataFrame, march: PublishedMonth
) -> None:
    row = due_list_table(loans, march, {}).frame.row(0, named=True)
    assert (row["loan_id"], str(row["matures_on"]), str(row["notify_by"])) == ("J", "2024-05-30", "2024-04-30")


def test_a_loss_nobody_has_worked_out_is_not_said_to_be_none(loans: pl.DataFrame, march: PublishedMonth) -> None:
    total = fund_table(loans, march).frame.filter(pl.col("due_en") == "All").row(0, named=True)
    assert (total["loans"], total["gone_bad_principal"], total["expected_loss"]) == (7, 10_000.0, None)


def test_the_fund_and_the_bank_share_the_loss_quarter_by_quarter(loans: pl.DataFrame, march: PublishedMonth) -> None:
    known = loans.with_columns(expected_loss=10.0, expected_loss_fund=7.0, expected_loss_bank=3.0)
    frame = fund_table(known, march).frame
    assert frame["due_zh"].to_list() == ["2024Q2", "2025Q1", "2025Q2", "2026Q1", "合计"]
    assert frame.select("expected_loss", "expected_loss_fund", "expected_loss_bank").row(-1) == (70.0, 49.0, 21.0)


def test_the_forecast_of_the_fund_says_what_is_from_the_ledger_the_policy_or_nowhere(march: PublishedMonth) -> None:
    report = fund_report(march)
    told = report.as_json
    assert (told["paid_last_12m"], told["balance"]) == (29_000.0, None)
    assert 0 < report.forecast.expected <= 0.3 * 0.7 * 190_000
    assert report.forecast.low <= report.forecast.expected <= report.forecast.high
    rows = {row["item_en"]: row for row in fund_forecast_table(march).frame.to_dicts()}
    assert rows["Balance of the fund"]["amount"] is None
    assert rows["Paid in the last twelve months"]["basis_en"] == "ledger: 1 loans"
    assert rows["Due from the insurers' risk-dispersion fund (a loss year)"]["amount"] is None
    sources = set(fund_basis_table(march).frame["source_en"])
    assert sources == {"policy: fewer than 30 cases in the county", "county's own ledger"}


def test_a_balance_of_the_policy_is_told_less_what_was_paid_since(ten: DataFolder, tmp_path: Path) -> None:
    shutil.copytree(ten.folder, tmp_path / "data", symlinks=True)
    own = """
        [[policy]]
        since = 2024-01-01
        source = "the county's own"
        fund.balance = 100000.0
        fund.balance_on = 2024-02-29
        insurance.premiums = 0.0
        """
    (tmp_path / "data" / "policy.toml").write_text(own, "utf-8")
    store = DataFolder(tmp_path / "data")
    score(store, MARCH, "tests", datetime(2024, 4, 1, tzinfo=UTC), lambda *_: None)
    report = fund_report(MonthRepository(store).month(MARCH))
    assert (report.balance, report.dispersion) == (71_000.0, 0.0)


def test_a_trend_has_a_row_for_each_published_month(ten: DataFolder) -> None:
    months = [MonthRepository(ten).month(day) for day in (MARCH, JANUARY, FEBRUARY)]
    frame = trend_table(months, ALL).frame
    assert frame["as_of"].to_list() == [JANUARY, FEBRUARY, MARCH]
    assert frame["loans"].to_list() == [7, 7, 7]
    assert frame["overdue_share"].to_list() == [None, None, None]


def test_a_table_that_lacks_a_declared_column_does_not_come_to_be() -> None:
    frame = pl.DataFrame({"bank": ["X"], "loans": ["1"]})
    with pytest.raises(TypeError, match="Did you mean 'bank'"):
        ReportTable("t", _words(), _words(), (text("banc", "银行", "Bank"),), frame)
    with pytest.raises(TypeError, match="not count"):
        ReportTable("t", _words(), _words(), (count("loans", "笔数", "Loans"),), frame)


def _words() -> Any:
    from features.messages import Bilingual

    return Bilingual("表", "table")
