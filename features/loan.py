"""The loan and its use: how much, for how long, what is left, when it falls due, where the money went."""

from __future__ import annotations

import polars as pl

from features.declare import (
    EVER,
    TO_COME,
    FeatureRole,
    Risk,
    Row,
    derived,
    money_sum,
    next_months,
    observed,
    past_months,
    ratio,
)
from features.snapshot.sources import INSTALMENTS, LOAN_EVENTS, LOANS, USE_CHECKS
from features.units import (
    COUNT,
    DAYS,
    FINDING,
    MONTH,
    MONTHS,
    NAME,
    PERCENT,
    PRODUCT,
    RATE,
    REPAYMENT_METHOD,
    USE,
    YES_NO,
    YUAN,
)


@observed(LOANS, EVER, zh="贷款银行", en="Bank", unit=NAME, role=FeatureRole.SHOWN)
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


@observed(LOANS, EVER, zh="年利率", en="Yearly rate", unit=RATE)
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


@observed(
    LOAN_EVENTS, EVER, zh="展期或续贷次数", en="Times renewed or extended", unit=COUNT, risk=Risk.RISES, when_empty=0
)
def extensions(row: Row) -> pl.Expr:
    """Who needed more time once had no cash on the day it was due."""
    return row.day_offset.count()


@observed(LOANS, EVER, zh="本笔为续贷", en="Renews an earlier loan", unit=YES_NO, risk=Risk.RISES)
def is_renewal(row: Row) -> pl.Expr:
    """The earlier loan was not repaid from income: the same principal is asked for again."""
    return row.renews


@observed(LOANS, EVER, zh="到期月份", en="Month of maturity", unit=MONTH)
def maturity_month(row: Row) -> pl.Expr:
    """Lambs and daylily are sold in their season; a principal due in spring comes before the money."""
    return row.maturity_month


@observed(INSTALMENTS, TO_COME, zh="距下期应还天数", en="Days to the next instalment", unit=DAYS)
def days_to_next_due(row: Row) -> pl.Expr:
    """Just after a due day it has shown who cannot pay; just before one nobody has been asked yet."""
    return row.day_offset.min()


@observed(INSTALMENTS, next_months(3), zh="未来3个月应还", en="Due in the next 3 months", unit=YUAN, when_empty=0)
def due_next_3m(row: Row) -> pl.Expr:
    """What has to be found before the next visit but one."""
    return money_sum(row.principal_due) + money_sum(row.interest_due)


@observed(INSTALMENTS, next_months(6), zh="未来6个月应还", en="Due in the next 6 months", unit=YUAN, when_empty=0)
def due_next_6m(row: Row) -> pl.Expr:
    """What has to be found within the time the warning looks ahead."""
    return money_sum(row.principal_due) + money_sum(row.interest_due)


@observed(
    INSTALMENTS,
    next_months(5),
    zh="未来5个月应还本金",
    en="Principal due in 5 months",
    unit=YUAN,
    role=FeatureRole.STEP,
    when_empty=0,
)
def principal_next_5m(row: Row) -> pl.Expr:
    """The part of the principal that is asked for in time to go bad within half a year."""
    return row.principal_due.sum()


@derived(zh="未来5个月到期本金占比", en="Share of the principal due in the next 5 months", unit=PERCENT)
def principal_share_next_5m(principal_next_5m: pl.Expr, outstanding_principal: pl.Expr) -> pl.Expr:
    """What falls due in the next five months can be a month late within six; what falls due after them cannot."""
    return ratio(principal_next_5m, outstanding_principal)


@observed(USE_CHECKS, EVER, zh="最近用途检查结论", en="Finding of the last use check", unit=FINDING)
def use_finding(row: Row) -> pl.Expr:
    """Money that went into the declared herd or field can come back from it."""
    return row.finding.first()


@observed(
    USE_CHECKS, EVER, zh="挪用未纠正", en="Diverted and not put right", unit=YES_NO, risk=Risk.RISES, when_empty=0
)
def use_diverted(row: Row) -> pl.Expr:
    """A wedding or a house earns nothing to repay the loan with."""
    return row.diverted.max()


@observed(
    USE_CHECKS,
    EVER,
    zh="部分挪用或闲置未纠正",
    en="Diverted in part or idle, not put right",
    unit=YES_NO,
    risk=Risk.RISES,
    when_empty=0,
)
def use_ill(row: Row) -> pl.Expr:
    """Money lying idle costs interest; money half diverted earns half."""
    return row.ill_used.max()


@observed(USE_CHECKS, EVER, zh="从未检查用途", en="Use never checked", unit=YES_NO, when_empty=1)
def use_unchecked(row: Row) -> pl.Expr:
    """Nobody has looked; what is not known is not green."""
    return row.ill_used.count() * 0


@observed(USE_CHECKS, EVER, zh="距最近用途检查月数", en="Months since the last use check", unit=MONTHS)
def use_check_age_months(row: Row) -> pl.Expr:
    """Herds change hands within months."""
    return row.months_since.min()


@observed(
    LOAN_EVENTS,
    past_months(3),
    zh="近3个月已商定展期或续贷",
    en="Renewal or extension agreed, last 3 months",
    unit=YES_NO,
    role=FeatureRole.SHOWN,
    when_empty=0,
)
def renewal_agreed_3m(row: Row) -> pl.Expr:
    """What to do at this maturity has been settled."""
    return (row.day_offset.count() > 0).cast(pl.Int8)


@derived(zh="已续贷或展期次数", en="Times given more time", unit=COUNT, role=FeatureRole.SHOWN)
def times_renewed(extensions: pl.Expr, is_renewal: pl.Expr) -> pl.Expr:
    """Extensions of this loan, and its being a renewal itself: the notices allow one of them."""
    times_extended = pl.when(is_renewal == 1).then(extensions.fill_null(0)).otherwise(extensions)
    return times_extended + is_renewal


@derived(zh="用途存疑", en="Use in doubt", unit=YES_NO, role=FeatureRole.SHOWN)
def use_doubtful(use_ill: pl.Expr, use_unchecked: pl.Expr, months_on_book: pl.Expr) -> pl.Expr:
    """Partly diverted, idle, or never looked at in the half year after drawdown."""
    unchecked = (use_unchecked == 1) & (months_on_book >= 6)
    return pl.when(use_unchecked.is_not_null()).then(pl.max_horizontal(use_ill, unchecked.cast(pl.Int8)))
