"""Debt and credit: what the household owes here and elsewhere, and what other lenders report."""

from __future__ import annotations

import polars as pl

from features.declare import EVER, TO_DATE, FeatureRole, Risk, Row, derived, observed, past_months, ratio, sum_where
from features.snapshot.sources import ASSETS, CREDIT_EVENTS, HOUSEHOLD_LOANS, HOUSEHOLD_OPEN_LOANS
from features.units import COUNT, MONTHS, PERCENT, TIMES, YES_NO, YUAN

LAST_6M, LAST_12M = past_months(6), past_months(12)


@observed(HOUSEHOLD_OPEN_LOANS, EVER, zh="该户未还本金合计", en="Outstanding on all loans", unit=YUAN)
def household_outstanding(row: Row) -> pl.Expr:
    """All principal of the household is due from one purse."""
    return row.outstanding_principal.sum()


@observed(HOUSEHOLD_OPEN_LOANS, EVER, zh="该户未结贷款笔数", en="Open loans of the household", unit=COUNT)
def household_open_loans(row: Row) -> pl.Expr:
    """Several loans are paid from one purse."""
    return row.is_open.sum()


@observed(HOUSEHOLD_LOANS, EVER, zh="该户历来贷款笔数", en="Loans the household has had", unit=COUNT)
def household_loans_ever(row: Row) -> pl.Expr:
    """A household that has borrowed often has shown what it does when money falls due."""
    return row.principal.count()


@observed(
    HOUSEHOLD_LOANS, LAST_12M, zh="该户近12个月新增贷款", en="New loans, last 12 months", unit=COUNT, when_empty=0
)
def household_new_loans_12m(row: Row) -> pl.Expr:
    """Who borrows again so soon may be paying one loan with another."""
    return row.principal.count()


@observed(
    HOUSEHOLD_LOANS, EVER, zh="该户历来最大本金", en="Largest loan of the household", unit=YUAN, role=FeatureRole.STEP
)
def household_principal_max(row: Row) -> pl.Expr:
    """The size the household has handled before."""
    return row.principal.max()


@observed(HOUSEHOLD_LOANS, EVER, zh="距该户首笔贷款月数", en="Months since the first loan", unit=MONTHS)
def household_months_known(row: Row) -> pl.Expr:
    """The longer the bank has known a household, the fewer surprises it holds."""
    return row.months_on_book.max()


@derived(zh="本笔占历来最大本金", en="This loan against the largest", unit=PERCENT)
def principal_to_largest(principal: pl.Expr, household_principal_max: pl.Expr) -> pl.Expr:
    """A household at its largest loan so far is on new ground."""
    return ratio(principal, household_principal_max)


@observed(ASSETS, EVER, zh="外部负债", en="Debt outside the bank", unit=YUAN, risk=Risk.RISES)
def outside_debt(row: Row) -> pl.Expr:
    """Kin and shopkeepers are paid first, for they live next door."""
    return row.outside_debt


@observed(ASSETS, EVER, zh="外部负债增加", en="Growth of outside debt", unit=YUAN, risk=Risk.RISES)
def outside_debt_growth(row: Row) -> pl.Expr:
    """New informal debt is what a household does before it stops paying."""
    return row.outside_debt - row.outside_debt_before


@derived(zh="家庭总负债", en="Debt of the household", unit=YUAN, risk=Risk.RISES)
def household_debt(household_outstanding: pl.Expr, outside_debt: pl.Expr) -> pl.Expr:
    """All that is owed, here and outside."""
    return household_outstanding + outside_debt.fill_null(0)


@derived(zh="负债收入比", en="Debt to yearly income", unit=TIMES, risk=Risk.RISES)
def debt_to_income(household_debt: pl.Expr, net_income: pl.Expr) -> pl.Expr:
    """Above one, a whole year's income would not clear what the household owes."""
    return ratio(household_debt, net_income)


@observed(
    CREDIT_EVENTS,
    TO_DATE,
    zh="他行违约或被执行未结",
    en="Open default elsewhere",
    unit=YES_NO,
    risk=Risk.RISES,
    when_empty=0,
)
def default_elsewhere(row: Row) -> pl.Expr:
    """Another lender has already given up waiting."""
    return (row.default * row.open).max()


@observed(
    CREDIT_EVENTS,
    LAST_12M,
    zh="近12个月他行逾期次数",
    en="Overdue elsewhere, last 12 months",
    unit=COUNT,
    risk=Risk.RISES,
    when_empty=0,
)
def overdue_elsewhere_12m(row: Row) -> pl.Expr:
    """Trouble starts with the lender that is least feared."""
    return row.overdue.sum()


@observed(
    CREDIT_EVENTS,
    LAST_12M,
    zh="近12个月他行新增借款",
    en="New debt elsewhere, last 12 months",
    unit=YUAN,
    risk=Risk.RISES,
    when_empty=0,
)
def new_debt_12m(row: Row) -> pl.Expr:
    """New debt elsewhere falls due beside this one."""
    return sum_where(row.amount, row.new_debt == 1)


@derived(zh="近12个月新增借款占年纯收入", en="New debt to yearly income, last 12 months", unit=PERCENT, risk=Risk.RISES)
def new_debt_to_income_12m(new_debt_12m: pl.Expr, net_income: pl.Expr) -> pl.Expr:
    """Half a year's income borrowed within a year cannot be repaid from income."""
    return ratio(new_debt_12m, net_income)


@observed(
    CREDIT_EVENTS,
    LAST_12M,
    zh="近12个月担保代偿次数",
    en="Guarantees called, last 12 months",
    unit=COUNT,
    risk=Risk.RISES,
    when_empty=0,
)
def guarantees_called_12m(row: Row) -> pl.Expr:
    """Another's debt has become the household's own."""
    return row.guarantee_called.sum()


@observed(
    CREDIT_EVENTS,
    LAST_6M,
    zh="近6个月征信查询次数",
    en="Credit inquiries, last 6 months",
    unit=COUNT,
    risk=Risk.RISES,
    when_empty=0,
)
def inquiries_6m(row: Row) -> pl.Expr:
    """Who asks many lenders is short now."""
    return row.inquiry.sum()
