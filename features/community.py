"""Community and market: how the neighbours pay, and what the declared product sells for."""

from __future__ import annotations

import polars as pl

from features.declare import EVER, FeatureRole, Risk, Row, observed, relative_change
from features.snapshot.sources import DECLARED_PRICES, NEIGHBOURS
from features.units import PERCENT, YUAN


@observed(
    NEIGHBOURS, EVER, zh="本村其他贷款逾期占比", en="Arrears among others in the village", unit=PERCENT, risk=Risk.RISES
)
def village_overdue_share(row: Row) -> pl.Expr:
    """Drought, sheep pox and the habit of not paying come to a village together."""
    return row.village_code_share


@observed(
    NEIGHBOURS,
    EVER,
    zh="本乡镇其他贷款变坏占比",
    en="Others in the township gone bad",
    unit=PERCENT,
    risk=Risk.RISES,
)
def township_bad_share(row: Row) -> pl.Expr:
    """Most of a county's overdue loans sit in one or two townships."""
    return row.township_code_share


@observed(
    NEIGHBOURS,
    EVER,
    zh="该行其他贷款变坏占比",
    en="Others of the bank gone bad",
    unit=PERCENT,
    role=FeatureRole.SHOWN,
)
def bank_bad_share(row: Row) -> pl.Expr:
    """Shows how a bank collects; no fact about the household, so the model does not use it."""
    return row.bank_share


@observed(
    NEIGHBOURS,
    EVER,
    zh="同产品其他贷款变坏占比",
    en="Others of the product gone bad",
    unit=PERCENT,
    risk=Risk.RISES,
)
def product_bad_share(row: Row) -> pl.Expr:
    """Some products are given to households that others have refused."""
    return row.product_share


@observed(
    DECLARED_PRICES, EVER, zh="申报产业价格", en="Price of the declared product", unit=YUAN, role=FeatureRole.SHOWN
)
def declared_price(row: Row) -> pl.Expr:
    """What a sale brings today."""
    return row.price


@observed(
    DECLARED_PRICES,
    EVER,
    zh="申报产业价格同比",
    en="Declared product's price against a year ago",
    unit=PERCENT,
    risk=Risk.FALLS,
)
def declared_price_change(row: Row) -> pl.Expr:
    """A fall of a fifth takes the profit of a whole season."""
    return relative_change(row.price, row.price_year_before)
