"""Insurance and hardship: what befell the household, what it lost, and who will pay for it."""

from __future__ import annotations

import polars as pl

from features.declare import EVER, TO_DATE, FeatureRole, Risk, Row, derived, observed, past_months, ratio, sum_where
from features.snapshot.sources import CLAIMS, HARDSHIPS, LOSSES, POLICIES
from features.units import COUNT, MONTHS, PERCENT, YES_NO, YUAN

LAST_6M, LAST_12M = past_months(6), past_months(12)


@observed(
    HARDSHIPS,
    LAST_12M,
    zh="近12个月困难次数",
    en="Hardships, last 12 months",
    unit=COUNT,
    risk=Risk.RISES,
    when_empty=0,
)
def hardships_12m(row: Row) -> pl.Expr:
    """Illness, disaster and accident push households back."""
    return row.day_offset.count()


@observed(
    HARDSHIPS, TO_DATE, zh="有未化解困难", en="A hardship is unresolved", unit=YES_NO, risk=Risk.RISES, when_empty=0
)
def unresolved_hardship(row: Row) -> pl.Expr:
    """As long as it lasts it costs money every month."""
    return row.unresolved.max()


@observed(
    HARDSHIPS,
    LAST_6M,
    zh="近6个月突发困难未化解",
    en="New hardship unresolved, last 6 months",
    unit=YES_NO,
    risk=Risk.RISES,
    when_empty=0,
)
def new_hardship_6m(row: Row) -> pl.Expr:
    """A sudden blow that has not been dealt with yet is when help is worth most."""
    return (row.unresolved * row.sudden).max()


@observed(
    HARDSHIPS,
    TO_DATE,
    zh="家中有人去世、失踪或羁押",
    en="Death, missing or custody, unresolved",
    unit=YES_NO,
    risk=Risk.RISES,
    when_empty=0,
)
def person_lost(row: Row) -> pl.Expr:
    """Who was to repay may not be there."""
    return (row.unresolved * row.lost).max()


@observed(
    HARDSHIPS, LAST_12M, zh="近12个月困难损失", en="Losses, last 12 months", unit=YUAN, risk=Risk.RISES, when_empty=0
)
def hardship_loss_12m(row: Row) -> pl.Expr:
    """What was lost would have repaid the loan."""
    return sum_where(row.loss, row.day_offset.is_not_null())


@observed(HARDSHIPS, TO_DATE, zh="距最近困难月数", en="Months since the last hardship", unit=MONTHS)
def hardship_age_months(row: Row) -> pl.Expr:
    """The blow of last month is not yet in any statement."""
    return -row.month_offset.max()


@derived(zh="近12个月损失占年纯收入", en="Losses to yearly income, last 12 months", unit=PERCENT, risk=Risk.RISES)
def loss_to_income_12m(hardship_loss_12m: pl.Expr, net_income: pl.Expr) -> pl.Expr:
    """A loss is large or small against what comes in."""
    return ratio(hardship_loss_12m, net_income)


@observed(POLICIES, EVER, zh="产业保险有效", en="Industry insured", unit=YES_NO, risk=Risk.FALLS, when_empty=0)
def insured_industry(row: Row) -> pl.Expr:
    """With the herd or the crop insured, a bad season pays part of the loan."""
    return (row.in_force * row.industry).max()


@observed(
    POLICIES, EVER, zh="人身保险有效", en="Accident or illness insured", unit=YES_NO, risk=Risk.FALLS, when_empty=0
)
def insured_person(row: Row) -> pl.Expr:
    """The base of the county's scheme: a hospital bill does not take the principal."""
    return (row.in_force * row.person).max()


@observed(POLICIES, EVER, zh="有效保额", en="Sum insured in force", unit=YUAN, when_empty=0)
def sum_insured(row: Row) -> pl.Expr:
    """What could be paid at most."""
    return sum_where(row.sum_insured, row.in_force == 1)


@observed(CLAIMS, TO_DATE, zh="未结理赔件数", en="Open insurance claims", unit=COUNT, when_empty=0)
def open_claims(row: Row) -> pl.Expr:
    """Money on its way, or not: somebody should ask the insurer before maturity."""
    return row.open.sum()


@observed(
    CLAIMS,
    TO_DATE,
    zh="未结理赔报损金额",
    en="Claimed and not yet settled",
    unit=YUAN,
    role=FeatureRole.SHOWN,
    when_empty=0,
)
def open_claimed(row: Row) -> pl.Expr:
    """What the household hopes for."""
    return sum_where(row.claimed, row.open == 1)


@observed(CLAIMS, LAST_12M, zh="近12个月赔付", en="Paid by insurers, last 12 months", unit=YUAN, when_empty=0)
def claims_paid_12m(row: Row) -> pl.Expr:
    """A loss that was made good."""
    return sum_where(row.paid, row.open == 0)


@observed(
    LOSSES,
    EVER,
    zh="借款人去世、失踪或羁押（困难登记）",
    en="The borrower is lost, by the hardship register",
    unit=YES_NO,
    role=FeatureRole.STEP,
    when_empty=0,
)
def borrower_loss(row: Row) -> pl.Expr:
    """Another member's death is a hardship of the household, and no loss of who repays."""
    return row.of_borrower.max()


@derived(zh="借款人去世、失踪或被羁押", en="The borrower is lost", unit=YES_NO, role=FeatureRole.SHOWN)
def borrower_lost(borrower_loss: pl.Expr, borrower_deceased: pl.Expr) -> pl.Expr:
    """Deceased, missing or in custody, by the hardship register or the household's own."""
    return pl.when(borrower_deceased == 1).then(1).otherwise(borrower_loss)
