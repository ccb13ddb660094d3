"""The maturity calendar: loans whose principal falls due soon, whatever their light, counted and listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

import polars as pl

from features.snapshot.amounts import yuan_sum
from models.group_light.evaluate_groups import GROUP_CODES, GroupLevel
from models.light import CODES
from serving.months.edition import PublishedMonth
from serving.months.loan_index import LoanOrder
from serving.portfolio.worklist import WorklistQuery, worklist_page
from serving.schemas.portfolio import MaturingLoan, MaturityCalendar, MaturityGroup, MaturityWindow

_NO_PRODUCT = "unknown"
"""Code of the group of loans whose product no bank has named."""
_MOST_GROUPS = 1000
"""Groups that the calendar shows, those with the most principal due: a province has very many households."""
_COLUMNS_READ = (
    *("loan_id", "household_id", "bank", "county_code", "township_code", "village_code"),
    *("light", "outstanding_principal", "days_to_maturity"),
)
_WINDOW_TOTALS = (
    pl.len().alias("loans"),
    pl.col("household_id").n_unique().alias("households"),
    yuan_sum(pl.col("outstanding_principal")).alias("principal"),
    *((pl.col("light") == code).sum().alias(f"{code}_loans") for code in CODES),
)
_NO_LOANS = {"loans": 0, "households": 0, "principal": 0.0, **{f"{code}_loans": 0 for code in CODES}}


class DueLevel(StrEnum):
    """How the calendar groups loans."""

    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"
    BANK = "bank"
    PRODUCT = "product"
    HOUSEHOLD = "household"

    @property
    def code(self) -> pl.Expr:
        """The code of each loan's group."""
        return pl.col("household_id") if self is DueLevel.HOUSEHOLD else GROUP_CODES[GroupLevel(self.value)]


def maturity_calendar(month: PublishedMonth, level: DueLevel, query: WorklistQuery) -> MaturityCalendar:
    """The loans that fall due within a number of days: totals by window, totals by group, and one page of loans.

    Args:
        month: the published month.
        level: how loans are grouped.
        query: filters and page. `due_within_days` is the longest window; without it, that of the policy in force.
            `sort` is ignored: the loans are listed by maturity.

    Returns:
        The windows of the policy up to the longest, each with loans, households, principal (yuan) and lights, for all
        and for each group (most principal first); and the page's loans with the day to notify the household by.

    Raises:
        UserError: as `worklist_page` does, for a cursor of another list.

    Example:
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> from serving.portfolio.maturities import DueLevel, maturity_calendar
        >>> from serving.portfolio.worklist import WorklistQuery
        >>> month = MonthRepository(DataFolder(data)).month()
        >>> calendar = maturity_calendar(month, DueLevel.TOWNSHIP, WorklistQuery(due_within_days=90, limit=5))
        >>> calendar.windows[-1].days, calendar.windows[-1].loans == calendar.total
        (90, True)
        >>> all(loan.notify_by < loan.matures_on for loan in calendar.items)
        True
    """
    plans = month.policy.plans
    longest = max(plans.lists_days_ahead) if query.due_within_days is None else query.due_within_days
    page = worklist_page(month, replace(query, due_within_days=longest, sort=LoanOrder.MATURITY), _COLUMNS_READ)
    days_ahead = sorted({days for days in plans.lists_days_ahead if days < longest} | {longest})
    windows = []
    for days in days_ahead:
        totals = page.rows.filter(pl.col("days_to_maturity") <= days).select(_WINDOW_TOTALS).row(0, named=True)
        windows.append(MaturityWindow(days=days, **totals))
    loans = []
    for row in month.rows("warnings", page.row_positions, _COLUMNS_READ).to_dicts():
        matures_on = month.as_of + timedelta(days=row["days_to_maturity"])
        notify_by = matures_on - timedelta(days=plans.notice_days_ahead)
        loans.append(MaturingLoan.model_validate({**row, "matures_on": matures_on, "notify_by": notify_by}))
    products = month.scan("features").select("loan_id", "product").collect()
    with_product = page.rows.join(products, on="loan_id", maintain_order="left")
    return MaturityCalendar(
        **month.versions,
        within_days=longest,
        level=level.value,
        windows=windows,
        groups=_groups(with_product, level, days_ahead),
        total=page.rows.height,
        items=loans,
        next_cursor=page.next_cursor,
    )


def _groups(rows: pl.DataFrame, level: DueLevel, days_ahead: Sequence[int]) -> list[MaturityGroup]:
    """The groups with their windows, the one with the most principal due first."""
    of_level = level.code.fill_null(_NO_PRODUCT) if level is DueLevel.PRODUCT else level.code
    coded = rows.with_columns(of_level.alias("code")).filter(pl.col("code").is_not_null())
    due = coded.group_by("code").agg(yuan_sum(pl.col("outstanding_principal")).alias("due"))
    largest = due.sort(-pl.col("due"), "code").head(_MOST_GROUPS)
    windows: dict[str, list[MaturityWindow]] = {code: [] for code in largest["code"]}
    for days in days_ahead:
        totals = coded.filter(pl.col("days_to_maturity") <= days).group_by("code").agg(_WINDOW_TOTALS)
        by_code = {row["code"]: row for row in totals.to_dicts()}
        for code, of_group in windows.items():
            of_group.append(MaturityWindow.model_validate({**_NO_LOANS, **by_code.get(code, {}), "days": days}))
    return [MaturityGroup(code=code, windows=of_group) for code, of_group in windows.items()]
