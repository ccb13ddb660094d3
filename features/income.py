"""Income and assets: what comes in, what goes out, what could be sold, and whether it lasts to maturity."""

from __future__ import annotations

import polars as pl

from features.declare import (
    EVER,
    FeatureRole,
    Risk,
    Row,
    derived,
    money_sum,
    observed,
    past_months,
    ratio,
    relative_change,
)
from features.snapshot.sources import ASSETS, DUES_TO_MATURITY, HOUSEHOLD_OPEN_LOANS, STATEMENTS, YEARLY_INCOME
from features.snapshot.yearly_income import LEAST_MONTHS
from features.units import COUNT, HEAD, MONTHS, MU, PERCENT, TIMES, YES_NO, YUAN

_DAYS_IN_YEAR = 365
_YEARS_IN_DAY = 1 / _DAYS_IN_YEAR
"""Multiplied, not divided by: polars divides long columns otherwise than single rows, in the last bit."""


@observed(YEARLY_INCOME, EVER, zh="年纯收入", en="Yearly net income", unit=YUAN, risk=Risk.FALLS)
def net_income(row: Row) -> pl.Expr:
    """What is left of a year's work after seed, feed and young stock: the first source of the principal."""
    return row.net_income


@observed(YEARLY_INCOME, EVER, zh="上一期年纯收入", en="Net income, year before", unit=YUAN, role=FeatureRole.STEP)
def net_income_before(row: Row) -> pl.Expr:
    """The year before, or the same months of an earlier year: a part of a year is no measure of a whole one."""
    return row.net_income_before


@observed(YEARLY_INCOME, EVER, zh="年总收入", en="Yearly gross income", unit=YUAN, role=FeatureRole.STEP)
def gross_income(row: Row) -> pl.Expr:
    """All four incomes."""
    return row.gross_income


@observed(YEARLY_INCOME, EVER, zh="年家庭支出", en="Yearly household cost", unit=YUAN)
def household_cost(row: Row) -> pl.Expr:
    """Living, medical and school costs are paid before the bank is."""
    return row.household_cost


@observed(YEARLY_INCOME, EVER, zh="收入调查距今月数", en="Months since the income statement", unit=MONTHS)
def statement_age_months(row: Row) -> pl.Expr:
    """A statement from before the last harvest says little about this one."""
    return row.age_months


@observed(
    YEARLY_INCOME, EVER, zh="收入调查覆盖月数", en="Months covered by income", unit=MONTHS, role=FeatureRole.SHOWN
)
def income_months(row: Row) -> pl.Expr:
    """Income is seasonal: below half a year nobody can tell what the year brings, and net income is missing."""
    return row.covered_months


@observed(STATEMENTS, past_months(60), zh="近60个月收入波动", en="Swing of income, last 60 months", unit=PERCENT)
def income_swing_60m(row: Row) -> pl.Expr:
    """Income that jumps from year to year meets a fixed maturity badly."""
    income = row.compared_net_income
    return ratio(income.std(), income.mean()).round(6)  # the last bits depend on the order of rows


@observed(STATEMENTS, EVER, zh="收入调查次数", en="Income statements known", unit=COUNT, when_empty=0)
def statements_ever(row: Row) -> pl.Expr:
    """One statement is a picture, three are a trend."""
    return row.day_offset.count()


@observed(YEARLY_INCOME, EVER, zh="工资性收入占比", en="Share of wages in income", unit=PERCENT)
def wage_share(row: Row) -> pl.Expr:
    """Wages come every month and do not catch sheep pox."""
    return ratio(row.wage_income, row.gross_income)


@observed(YEARLY_INCOME, EVER, zh="转移性收入占比", en="Share of transfers in income", unit=PERCENT)
def transfer_share(row: Row) -> pl.Expr:
    """Living on transfers, a household has little that could grow into a principal."""
    return ratio(row.transfer_income, row.gross_income)


@derived(zh="人均纯收入", en="Net income per head", unit=YUAN, risk=Risk.FALLS)
def income_per_head(net_income: pl.Expr, household_size: pl.Expr) -> pl.Expr:
    """The county's own measure of who may fall back."""
    return ratio(net_income, household_size)


@derived(zh="纯收入变化", en="Change in net income", unit=PERCENT, risk=Risk.FALLS)
def income_change(net_income: pl.Expr, net_income_before: pl.Expr) -> pl.Expr:
    """A bad year is felt at the next maturity."""
    return relative_change(net_income, net_income_before)


@derived(zh="年结余", en="Left over in a year", unit=YUAN, risk=Risk.FALLS)
def yearly_surplus(net_income: pl.Expr, household_cost: pl.Expr) -> pl.Expr:
    """What the household can put aside towards the principal in a year."""
    return net_income - household_cost


@derived(zh="支出收入比", en="Household cost to net income", unit=PERCENT, risk=Risk.RISES)
def cost_to_income(household_cost: pl.Expr, net_income: pl.Expr) -> pl.Expr:
    """Above one the household lives on savings, or on the loan."""
    return ratio(household_cost, net_income)


@observed(ASSETS, EVER, zh="存款", en="Savings", unit=YUAN, risk=Risk.FALLS)
def savings(row: Row) -> pl.Expr:
    """Money already there is the only kind that cannot fail to come in."""
    return row.savings


@observed(ASSETS, EVER, zh="羊存栏", en="Sheep", unit=HEAD)
def sheep_count(row: Row) -> pl.Expr:
    """Sheep are the savings book of most households here."""
    return row.sheep_count


@observed(ASSETS, EVER, zh="耕地", en="Farmland", unit=MU)
def farmland_mu(row: Row) -> pl.Expr:
    """Land feeds the herd when forage is dear."""
    return row.farmland_mu


@observed(ASSETS, EVER, zh="牲畜价值", en="Value of the herd", unit=YUAN, risk=Risk.FALLS)
def herd_value(row: Row) -> pl.Expr:
    """What a sale at today's known prices would bring."""
    return row.herd_value


@observed(ASSETS, EVER, zh="牲畜增减", en="Change of the herd", unit=PERCENT, risk=Risk.FALLS)
def herd_change(row: Row) -> pl.Expr:
    """Animals sold out of season or lost, at unchanged prices."""
    return relative_change(row.herd_value, row.herd_before)


@observed(ASSETS, EVER, zh="资产调查距今月数", en="Months since the asset survey", unit=MONTHS)
def assets_age_months(row: Row) -> pl.Expr:
    """A herd counted two summers ago may be another herd now."""
    return row.age_months


@observed(DUES_TO_MATURITY, EVER, zh="到期前该户应还", en="Household's dues until maturity", unit=YUAN, when_empty=0)
def household_due_to_maturity(row: Row) -> pl.Expr:
    """All loans of the household that fall due until this one does compete for the same money."""
    return money_sum(row.due)


@observed(
    HOUSEHOLD_OPEN_LOANS, EVER, zh="该户逾期金额", en="Overdue amount of the household", unit=YUAN, risk=Risk.RISES
)
def household_overdue_amount(row: Row) -> pl.Expr:
    """Arrears on another loan are paid before this one, or not at all."""
    return money_sum(row.overdue_principal) + money_sum(row.overdue_interest)


@derived(zh="到期前可用资金", en="Means until maturity", unit=YUAN, role=FeatureRole.SHOWN)
def means_to_maturity(
    net_income: pl.Expr,
    household_cost: pl.Expr,
    savings: pl.Expr,
    herd_value: pl.Expr,
    days_to_maturity: pl.Expr,
) -> pl.Expr:
    """Surplus until maturity (at most a year of it), savings and the herd; missing without a statement."""
    income_after_cost = net_income - household_cost.fill_null(0)
    surplus = pl.when(net_income.is_not_null()).then(pl.max_horizontal(income_after_cost, pl.lit(0.0)))
    years = days_to_maturity.clip(0, _DAYS_IN_YEAR) * _YEARS_IN_DAY
    return surplus * years + savings.fill_null(0) + herd_value.fill_null(0)


@derived(zh="还款保障倍数", en="Repayment cover", unit=TIMES, risk=Risk.FALLS)
def repayment_cover(
    means_to_maturity: pl.Expr, household_overdue_amount: pl.Expr, household_due_to_maturity: pl.Expr
) -> pl.Expr:
    """Means over need until maturity: below one, the money will not be there when it is asked for."""
    return ratio(means_to_maturity, household_overdue_amount + household_due_to_maturity)


@derived(
    zh="18个月内无满半年的收入调查",
    en="No income statement of half a year in 18 months",
    unit=YES_NO,
    role=FeatureRole.SHOWN,
)
def income_unknown(statement_age_months: pl.Expr, income_months: pl.Expr) -> pl.Expr:
    """Nobody knows what this household lives on now; that is no green."""
    is_part = income_months < LEAST_MONTHS
    return (statement_age_months.is_null() | (statement_age_months >= 18) | is_part).cast(pl.Int8)
