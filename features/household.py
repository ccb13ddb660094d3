"""The household: who is there, who can work, what the village thinks of it; and what only audits may look at."""

from __future__ import annotations

import polars as pl

from features.declare import EVER, FeatureRole, Risk, Row, observed, ratio
from features.snapshot.sources import BORROWERS, LOANS, MEMBERS, REVIEWS
from features.units import COUNT, HOUSEHOLD_TYPE, MONTHS, PERCENT, POINTS, SEX, YEARS, YES_NO


@observed(MEMBERS, EVER, zh="家庭人口", en="People in the household", unit=COUNT, when_empty=0)
def household_size(row: Row) -> pl.Expr:
    """The same income feeds few or many."""
    return row.counts.sum()


@observed(MEMBERS, EVER, zh="外出务工人数", en="Members working away", unit=COUNT, when_empty=0)
def members_away(row: Row) -> pl.Expr:
    """Wages sent home keep coming when the harvest does not."""
    return row.works_away.sum()


@observed(MEMBERS, EVER, zh="劳动力占比", en="Workers per head, part ones half", unit=PERCENT, risk=Risk.FALLS)
def workers_per_head(row: Row) -> pl.Expr:
    """Lack of labour is one of the county's official causes of falling back."""
    return ratio((row.labour * row.counts).sum(), (row.labour.is_not_null() & row.counts).sum())


@observed(MEMBERS, EVER, zh="高中及以上占比", en="Share with senior schooling", unit=PERCENT, risk=Risk.FALLS)
def schooled_share(row: Row) -> pl.Expr:
    """Schooling opens the way to steadier work."""
    return ratio((row.schooled & row.counts).sum(), (row.schooled.is_not_null() & row.counts).sum())


@observed(LOANS, EVER, zh="登记月数", en="Months since registration", unit=MONTHS)
def household_months_registered(row: Row) -> pl.Expr:
    """A household newly taken into the register was in trouble not long ago."""
    return row.months_registered


@observed(REVIEWS, EVER, zh="村评诚信得分", en="Integrity points of the village review", unit=POINTS, risk=Risk.FALLS)
def integrity_points(row: Row) -> pl.Expr:
    """Neighbours see what a bank does not; yet a lender's rating alone has predicted little elsewhere."""
    return row.integrity_points


@observed(REVIEWS, EVER, zh="村评文明得分", en="Civility points of the village review", unit=POINTS, risk=Risk.FALLS)
def civility_points(row: Row) -> pl.Expr:
    """Part of the 1531 rating; shown beside what it is worth."""
    return row.civility_points


@observed(REVIEWS, EVER, zh="诚信得分变化", en="Change in integrity points", unit=POINTS, risk=Risk.FALLS)
def integrity_change(row: Row) -> pl.Expr:
    """A fall says something happened in the village before it shows in the accounts."""
    return row.integrity_points - row.integrity_before


@observed(REVIEWS, EVER, zh="村评距今月数", en="Months since the village review", unit=MONTHS)
def review_age_months(row: Row) -> pl.Expr:
    """An old opinion is worth less."""
    return row.age_months


@observed(BORROWERS, EVER, zh="借款人已去世", en="Borrower recorded as deceased", unit=YES_NO, role=FeatureRole.SHOWN)
def borrower_deceased(row: Row) -> pl.Expr:
    """Somebody has to talk to the heirs before the principal falls due."""
    return row.deceased.cast(pl.Int8)


@observed(BORROWERS, EVER, zh="借款人性别", en="Sex of the borrower", unit=SEX, role=FeatureRole.AUDIT)
def borrower_sex(row: Row) -> pl.Expr:
    """Only to see whether visits and errors fall on women and men alike."""
    return row.sex


@observed(BORROWERS, EVER, zh="借款人年龄", en="Age of the borrower", unit=YEARS, role=FeatureRole.AUDIT)
def borrower_age(row: Row) -> pl.Expr:
    """Only for notes on who may be granted, and to see whether the old and the young are treated alike."""
    return row.age


@observed(
    MEMBERS, EVER, zh="家中有残疾人", en="A member is disabled", unit=YES_NO, role=FeatureRole.AUDIT, when_empty=0
)
def household_disabled(row: Row) -> pl.Expr:
    """Only to see whether households with a disabled member are treated alike."""
    return (row.disabled & row.counts).max().cast(pl.Int8)


@observed(MEMBERS, EVER, zh="健康成员占比", en="Share of healthy members", unit=PERCENT, role=FeatureRole.AUDIT)
def healthy_share(row: Row) -> pl.Expr:
    """Only for the county's own ratings, which count it; no light hangs on it."""
    recorded = row.healthy.is_not_null() & row.counts
    return ratio((row.healthy & row.counts).sum(), recorded.sum())


@observed(LOANS, EVER, zh="农户类型", en="Type of household", unit=HOUSEHOLD_TYPE, role=FeatureRole.AUDIT)
def household_type(row: Row) -> pl.Expr:
    """Only to see whether all types are treated alike."""
    return row.household_type
