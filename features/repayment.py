"""Repayment: what fell due, what was paid, by whom, and how late."""

from __future__ import annotations

import polars as pl

from features.declare import EVER, TO_DATE, FeatureRole, Risk, Row, derived, observed, past_months, ratio
from features.snapshot.sources import HOUSEHOLD_INSTALMENTS, INSTALMENTS, LOANS, PAYMENTS
from features.units import COUNT, DAYS, PERCENT, YUAN

LAST_6M, LAST_12M = past_months(6), past_months(12)
_HALF_A_FEN = 0.005


def _if_scheduled(unpaid_days: pl.Expr, scheduled: pl.Expr, principal: pl.Expr) -> pl.Expr:
    """Days unpaid, but null instead of 0 where the schedule asks for less than the loan's principal.

    Such a schedule was not delivered whole, and cannot tell that nothing is overdue.
    """
    is_complete = scheduled >= principal - _HALF_A_FEN
    return pl.when(is_complete | (unpaid_days > 0)).then(unpaid_days)


@observed(INSTALMENTS, TO_DATE, zh="逾期天数", en="Days past due", unit=DAYS, risk=Risk.RISES, when_empty=0)
def days_past_due(row: Row) -> pl.Expr:
    """Days since the oldest instalment that is still not covered; on most loans 0 until the principal is due."""
    return row.unpaid_days.max()


@observed(
    INSTALMENTS, EVER, zh="计划应还本金", en="Principal in the schedule", unit=YUAN, role=FeatureRole.STEP, when_empty=0
)
def scheduled_principal(row: Row) -> pl.Expr:
    """A schedule that does not ask for the whole loan was not delivered whole."""
    return row.principal_due.sum()


@observed(
    INSTALMENTS, TO_DATE, zh="本金未还天数", en="Principal unpaid", unit=DAYS, role=FeatureRole.STEP, when_empty=0
)
def principal_unpaid_days(row: Row) -> pl.Expr:
    """What the instalments say that were delivered."""
    return row.principal_unpaid_days.max()


@derived(zh="本金逾期天数", en="Days the principal is overdue", unit=DAYS, risk=Risk.RISES)
def principal_days_past_due(
    principal_unpaid_days: pl.Expr, scheduled_principal: pl.Expr, principal: pl.Expr
) -> pl.Expr:
    """Principal is paid from the herd or the harvest; one day late says the sale did not happen."""
    return _if_scheduled(principal_unpaid_days, scheduled_principal, principal)


@observed(INSTALMENTS, TO_DATE, zh="利息未还天数", en="Interest unpaid", unit=DAYS, role=FeatureRole.STEP, when_empty=0)
def interest_unpaid_days(row: Row) -> pl.Expr:
    """What the instalments say that were delivered."""
    return row.interest_unpaid_days.max()


@derived(zh="利息逾期天数", en="Days the interest is overdue", unit=DAYS, risk=Risk.RISES)
def interest_days_past_due(interest_unpaid_days: pl.Expr, scheduled_principal: pl.Expr, principal: pl.Expr) -> pl.Expr:
    """Interest is small; who cannot pay it is short of all cash, or the subsidy is late."""
    return _if_scheduled(interest_unpaid_days, scheduled_principal, principal)


@observed(LOANS, EVER, zh="逾期本金", en="Overdue principal", unit=YUAN, risk=Risk.RISES)
def overdue_principal(row: Row) -> pl.Expr:
    """What the bank reports as overdue; on a loan repaid at the end it is the whole loan or nothing."""
    return row.overdue_principal


@observed(LOANS, EVER, zh="逾期利息", en="Overdue interest", unit=YUAN, risk=Risk.RISES)
def overdue_interest(row: Row) -> pl.Expr:
    """The first money that stops coming when cash runs out and nobody subsidises it."""
    return row.overdue_interest


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
    """What fell due in the window."""
    return row.principal_due.sum() + row.interest_due.sum()


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
    return row.paid.sum()


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
    return (row.paid * row.by_borrower).sum()


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
