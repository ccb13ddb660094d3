"""Repayment: what fell due, what was paid, by whom, and how late."""

from __future__ import annotations

import polars as pl

from features.declare import EVER, TO_DATE, FeatureRole, Risk, Row, derived, money_sum, observed, past_months, ratio
from features.snapshot.sources import HOUSEHOLD_INSTALMENTS, INSTALMENTS, LOANS, PAYMENTS
from features.units import COUNT, DAYS, MONTHS, PERCENT, YES_NO, YUAN

LAST_6M, LAST_12M = past_months(6), past_months(12)


def _if_told(unpaid_days: pl.Expr, has_schedule: pl.Expr, days_to_maturity: pl.Expr) -> pl.Expr:
    """Days unpaid, but null in place of 0 until the maturity of a loan without a schedule: nobody says what is due."""
    return pl.when((has_schedule == 1) | (days_to_maturity < 0) | (unpaid_days > 0)).then(unpaid_days)


@observed(INSTALMENTS, TO_DATE, zh="逾期天数", en="Days past due", unit=DAYS, risk=Risk.RISES, when_empty=0)
def days_past_due(row: Row) -> pl.Expr:
    """Days since the oldest instalment that is still not covered; on most loans 0 until the principal is due."""
    return row.unpaid_days.max()


@observed(LOANS, EVER, zh="有还款计划", en="Has a schedule", unit=YES_NO, role=FeatureRole.STEP)
def has_schedule(row: Row) -> pl.Expr:
    """Without one nothing tells what falls due before the maturity."""
    return row.has_schedule


@observed(
    LOANS,
    EVER,
    zh="距该行最近送达还款天数",
    en="Days since the bank's payments came",
    unit=DAYS,
    role=FeatureRole.SHOWN,
)
def days_since_bank_payments(row: Row) -> pl.Expr:
    """A bank that delivers nothing says nothing of who paid."""
    return row.days_since_bank_payments


@observed(
    INSTALMENTS, TO_DATE, zh="距最近应还日天数", en="Days since the last due day", unit=DAYS, role=FeatureRole.STEP
)
def days_since_last_due(row: Row) -> pl.Expr:
    """What was due then is judged by payments that came since."""
    return -row.day_offset.max()


@derived(
    zh="该行自最近应还日起未送还款", en="The bank is silent since the last due day", unit=YES_NO, role=FeatureRole.SHOWN
)
def bank_silent(days_since_last_due: pl.Expr, days_since_bank_payments: pl.Expr) -> pl.Expr:
    """Whether no payment of the bank has become known since the loan's last due day."""
    is_silent = days_since_bank_payments.is_null() | (days_since_bank_payments > days_since_last_due)
    return (days_since_last_due.is_not_null() & is_silent).cast(pl.Int8)


@derived(zh="还款情况无法判断", en="Repayment cannot be judged", unit=YES_NO, role=FeatureRole.SHOWN)
def repayment_unjudged(has_schedule: pl.Expr, days_to_maturity: pl.Expr, bank_silent: pl.Expr) -> pl.Expr:
    """No schedule before the maturity, or a bank that is silent since the last due day: missing is not green."""
    has_no_schedule = (has_schedule == 0) & (days_to_maturity >= 0)
    return (has_no_schedule | (bank_silent == 1)).cast(pl.Int8)


@observed(
    INSTALMENTS, TO_DATE, zh="本金未还天数", en="Principal unpaid", unit=DAYS, role=FeatureRole.STEP, when_empty=0
)
def principal_unpaid_days(row: Row) -> pl.Expr:
    """What the instalments say, and the maturity for principal that none of them asks for."""
    return row.principal_unpaid_days.max()


@derived(zh="本金逾期天数", en="Days the principal is overdue", unit=DAYS, risk=Risk.RISES)
def principal_days_past_due(
    principal_unpaid_days: pl.Expr, has_schedule: pl.Expr, days_to_maturity: pl.Expr
) -> pl.Expr:
    """Principal is paid from the herd or the harvest; one day late says the sale did not happen."""
    return _if_told(principal_unpaid_days, has_schedule, days_to_maturity)


@observed(INSTALMENTS, TO_DATE, zh="利息未还天数", en="Interest unpaid", unit=DAYS, role=FeatureRole.STEP, when_empty=0)
def interest_unpaid_days(row: Row) -> pl.Expr:
    """What the instalments say that were delivered."""
    return row.interest_unpaid_days.max()


@derived(zh="利息逾期天数", en="Days the interest is overdue", unit=DAYS, risk=Risk.RISES)
def interest_days_past_due(interest_unpaid_days: pl.Expr, has_schedule: pl.Expr, days_to_maturity: pl.Expr) -> pl.Expr:
    """Interest is small; who cannot pay it is short of all cash."""
    return _if_told(interest_unpaid_days, has_schedule, days_to_maturity)


@observed(LOANS, EVER, zh="逾期本金", en="Overdue principal", unit=YUAN, risk=Risk.RISES)
def overdue_principal(row: Row) -> pl.Expr:
    """What the bank reports as overdue; on a loan repaid at the end it is the whole loan or nothing."""
    return row.overdue_principal


@observed(LOANS, EVER, zh="逾期利息", en="Overdue interest", unit=YUAN, risk=Risk.RISES)
def overdue_interest(row: Row) -> pl.Expr:
    """The first money that stops coming when cash runs out and nobody subsidises it."""
    return row.overdue_interest


@observed(LOANS, EVER, zh="财政贴息欠付", en="Subsidy overdue", unit=YUAN, role=FeatureRole.SHOWN)
def subsidy_overdue(row: Row) -> pl.Expr:
    """Interest that the state owes the bank; it makes no household late, and is no sign of how one pays."""
    return row.subsidy_overdue


@observed(LOANS, EVER, zh="曾变坏次数", en="Times it has been bad", unit=COUNT, risk=Risk.RISES)
def times_bad(row: Row) -> pl.Expr:
    """Who fell behind before, and paid up, falls behind again more often than others."""
    return row.times_bad


@observed(LOANS, EVER, zh="欠款结清后月数", en="Months since arrears ended", unit=MONTHS, risk=Risk.FALLS)
def months_since_arrears(row: Row) -> pl.Expr:
    """The longer a loan has been clean since, the less its past says."""
    return row.months_since_arrears


@derived(zh="逾期金额", en="Overdue amount", unit=YUAN, risk=Risk.RISES)
def overdue_amount(overdue_principal: pl.Expr, overdue_interest: pl.Expr) -> pl.Expr:
    """What would have to be paid today to be in order again."""
    return overdue_principal + overdue_interest


@observed(
    INSTALMENTS,
    LAST_6M,
    zh="近6个月最长逾期天数",
    en="Longest delay, last 6 months",
    unit=DAYS,
    risk=Risk.RISES,
    when_empty=0,
)
def days_late_max_6m(row: Row) -> pl.Expr:
    """The worst recent delay says more about the next one than the average delay."""
    return row.days_late.max()


@observed(
    INSTALMENTS,
    LAST_12M,
    zh="近12个月最长逾期天数",
    en="Longest delay, last 12 months",
    unit=DAYS,
    risk=Risk.RISES,
    when_empty=0,
)
def days_late_max_12m(row: Row) -> pl.Expr:
    """A year holds every season once, the lean one as well."""
    return row.days_late.max()


@observed(
    INSTALMENTS,
    LAST_12M,
    zh="近12个月逾期期数",
    en="Late instalments, last 12 months",
    unit=COUNT,
    risk=Risk.RISES,
    when_empty=0,
)
def late_instalments_12m(row: Row) -> pl.Expr:
    """Once can be a mishap; twice is a habit or a hole in the purse."""
    return (row.days_late > 0).sum()


@observed(
    INSTALMENTS,
    LAST_12M,
    zh="近12个月应还",
    en="Due in the last 12 months",
    unit=YUAN,
    role=FeatureRole.STEP,
    when_empty=0,
)
def due_12m(row: Row) -> pl.Expr:
    """What fell due in the window, the state's part included."""
    return money_sum(row.principal_due) + money_sum(row.interest_due) + money_sum(row.state_interest)


@observed(
    PAYMENTS,
    LAST_12M,
    zh="近12个月已还",
    en="Paid in the last 12 months",
    unit=YUAN,
    role=FeatureRole.STEP,
    when_empty=0,
)
def paid_12m(row: Row) -> pl.Expr:
    """What anyone paid in the window."""
    return (row.paid * row.counts).sum()


@observed(
    PAYMENTS,
    LAST_12M,
    zh="近12个月借款人已还",
    en="Paid by the borrower in the last 12 months",
    unit=YUAN,
    role=FeatureRole.STEP,
    when_empty=0,
)
def borrower_paid_12m(row: Row) -> pl.Expr:
    """What the household itself paid in the window."""
    return (row.paid * row.counts * row.by_borrower).sum()


@derived(zh="近12个月还款比例", en="Share of dues paid, last 12 months", unit=PERCENT, risk=Risk.FALLS)
def paid_share_12m(paid_12m: pl.Expr, due_12m: pl.Expr) -> pl.Expr:
    """Below one, something that fell due was left open, whoever should have paid it."""
    return ratio(paid_12m, due_12m)


@derived(zh="近12个月借款人还款比例", en="Share of dues the borrower paid, last 12 months", unit=PERCENT)
def borrower_paid_share_12m(borrower_paid_12m: pl.Expr, due_12m: pl.Expr) -> pl.Expr:
    """Only the household's own payments show that it can pay; a subsidy does not."""
    return ratio(borrower_paid_12m, due_12m)


@observed(
    HOUSEHOLD_INSTALMENTS,
    TO_DATE,
    zh="该户历来到期期数",
    en="Instalments the household has had",
    unit=COUNT,
    when_empty=0,
)
def household_instalments_ever(row: Row) -> pl.Expr:
    """How much history there is to judge by."""
    return row.days_late.count()


@observed(
    HOUSEHOLD_INSTALMENTS,
    TO_DATE,
    zh="该户历来逾期期数占比",
    en="Share of earlier instalments late",
    unit=PERCENT,
    risk=Risk.RISES,
)
def household_late_share(row: Row) -> pl.Expr:
    """A household pays the next loan much as it paid the last."""
    return ratio((row.days_late > 0).sum(), row.days_late.count())


@observed(
    HOUSEHOLD_INSTALMENTS,
    LAST_12M,
    zh="该户近12个月最长逾期天数",
    en="Longest delay on any loan of the household, last 12 months",
    unit=DAYS,
    risk=Risk.RISES,
)
def household_days_late_max_12m(row: Row) -> pl.Expr:
    """Trouble with one loan reaches the others."""
    return row.days_late.max()


@observed(
    HOUSEHOLD_INSTALMENTS,
    TO_DATE,
    zh="该户历来平均逾期天数",
    en="Average delay of the household",
    unit=DAYS,
    risk=Risk.RISES,
)
def household_days_late_mean(row: Row) -> pl.Expr:
    """Short delays are forgetting, long ones are need."""
    return row.days_late.mean()


@observed(
    HOUSEHOLD_INSTALMENTS,
    EVER,
    zh="该户历来平均提前还款天数",
    en="Days paid ahead of the due day, average",
    unit=DAYS,
    risk=Risk.FALLS,
)
def household_days_before_due_mean(row: Row) -> pl.Expr:
    """Who pays before the last day keeps a reserve."""
    return row.days_before_due.mean()
