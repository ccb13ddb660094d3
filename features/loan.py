"""The loan itself: how much, for how long, what is left, when it falls due."""

from __future__ import annotations

import polars as pl

from features.declare import EVER, Risk, Role, Row, derived, next_months, observed
from features.seen.evening import HOUSEHOLD_LOANS, INSTALMENTS, LOANS
from features.units import COUNT, DAYS, MONTHS, NAME, PERCENT, PRODUCT, REPAYMENT_METHOD, USE, YUAN


@observed(LOANS, EVER, zh="贷款银行", en="Bank", unit=NAME, role=Role.SHOWN)
def bank(row: Row) -> pl.Expr:
    """Names who lends and who visits; lending habits are no fact about the household, so the model does not use it."""
    return row.bank


@observed(LOANS, EVER, zh="贷款产品", en="Product", unit=PRODUCT)
def product(row: Row) -> pl.Expr:
    """A revolving grant is drawn and repaid at will, so a quiet month means less than on a term loan."""
    return row.product


@observed(LOANS, EVER, zh="还款方式", en="Repayment method", unit=REPAYMENT_METHOD)
def repayment_method(row: Row) -> pl.Expr:
    """Where everything is due on the last day, nothing is heard of the household before it."""
    return row.repayment_method


@observed(LOANS, EVER, zh="申报用途", en="Declared use", unit=USE)
def declared_use(row: Row) -> pl.Expr:
    """The market and the season of the declared product decide when money comes in."""
    return row.declared_use


@observed(LOANS, EVER, zh="贷款本金", en="Principal", unit=YUAN)
def principal(row: Row) -> pl.Expr:
    """The sum to be found in one piece at maturity."""
    return row.principal


@observed(LOANS, EVER, zh="年利率", en="Yearly rate", unit=PERCENT)
def annual_rate(row: Row) -> pl.Expr:
    """A dearer loan was judged riskier by the bank, and costs more to carry."""
    return row.annual_rate


@observed(LOANS, EVER, zh="贴息比例", en="Share of interest subsidised", unit=PERCENT)
def subsidy_share(row: Row) -> pl.Expr:
    """With full subsidy the household pays nothing before maturity, and punctual interest says nothing about it."""
    return row.subsidy_share


@observed(LOANS, EVER, zh="贷款期限", en="Term of the loan", unit=DAYS)
def term_days(row: Row) -> pl.Expr:
    """A short term leaves one harvest or one lambing to earn the principal."""
    return row.term_days


@observed(LOANS, EVER, zh="已放款月数", en="Months since it was paid out", unit=MONTHS)
def months_on_book(row: Row) -> pl.Expr:
    """Loans go bad at typical ages, most of them around maturity."""
    return row.months_on_book


@observed(LOANS, EVER, zh="距到期天数", en="Days to maturity", unit=DAYS)
def days_to_maturity(row: Row) -> pl.Expr:
    """The principal is asked for once, on that day; the nearer it is, the more the household's cash counts."""
    return row.days_to_maturity


@observed(LOANS, EVER, zh="未还本金", en="Outstanding principal", unit=YUAN)
def outstanding_principal(row: Row) -> pl.Expr:
    """What can still be lost."""
    return row.outstanding_principal


@observed(LOANS, EVER, zh="展期或续贷次数", en="Times renewed or extended", unit=COUNT, risk=Risk.RISES)
def extensions(row: Row) -> pl.Expr:
    """Who needed more time once had no cash on the day it was due."""
    return row.extensions


@observed(INSTALMENTS, next_months(3), zh="未来3个月应还", en="Due in the next 3 months", unit=YUAN, when_empty=0)
def due_next_3m(row: Row) -> pl.Expr:
    """What has to be found before the next visit but one."""
    return row.principal_due.sum() + row.interest_due.sum()


@observed(INSTALMENTS, next_months(6), zh="未来6个月应还", en="Due in the next 6 months", unit=YUAN, when_empty=0)
def due_next_6m(row: Row) -> pl.Expr:
    """What has to be found within the time the warning looks ahead."""
    return row.principal_due.sum() + row.interest_due.sum()


@observed(HOUSEHOLD_LOANS, EVER, zh="该户历来贷款笔数", en="Loans the household has had", unit=COUNT)
def household_loans_ever(row: Row) -> pl.Expr:
    """A household that has borrowed often has shown what it does when money falls due."""
    return row.principal.count()


@observed(HOUSEHOLD_LOANS, EVER, zh="该户未结贷款笔数", en="Open loans of the household", unit=COUNT)
def household_open_loans(row: Row) -> pl.Expr:
    """Several loans are paid from one purse."""
    return row.is_open.sum()


@observed(
    HOUSEHOLD_LOANS,
    EVER,
    zh="该户历来最大本金",
    en="Largest loan the household has had",
    unit=YUAN,
    role=Role.STEP,
)
def household_principal_max(row: Row) -> pl.Expr:
    """The size the household has handled before."""
    return row.principal.max()


@observed(HOUSEHOLD_LOANS, EVER, zh="距该户首笔贷款月数", en="Months since the household's first loan", unit=MONTHS)
def household_months_known(row: Row) -> pl.Expr:
    """The longer the bank has known a household, the fewer surprises it holds."""
    return row.months_on_book.max()


@derived(zh="本笔占历来最大本金", en="This loan against the household's largest", unit=PERCENT)
def principal_to_largest(principal: pl.Expr, household_principal_max: pl.Expr) -> pl.Expr:
    """A household at its largest loan so far is on new ground."""
    return pl.when(household_principal_max > 0).then(principal / household_principal_max)
