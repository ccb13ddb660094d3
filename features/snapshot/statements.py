"""Income statements, assets and prices as they stood: the newest, the one before, and what a herd is worth."""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache

import polars as pl

from features.months import day_offset, month_offset, whole_months_since
from features.snapshot.amounts import as_yuan, fen
from features.snapshot.latest_versions import Known, last_of_each

_INCOMES = ("wage_income", "business_income", "property_income", "transfer_income")
_COSTS = ("living_cost", "medical_cost", "education_cost")
_HERD = ("sheep", "cattle")


def statements_seen(known: Known, as_of: date) -> pl.LazyFrame:
    """Every statement of a household. Money in yuan.

    net_income: the four incomes less production_cost; a missing cell is nothing, four missing incomes are no
    statement of income. household_cost: living, medical and education, in the same way.
    """
    return known.newest("income_statements").with_columns(_IN_FEN).with_columns(_GROSS).select(_stated(as_of))


_IN_FEN = (
    *map(fen, (*_INCOMES, *_COSTS, "production_cost")),
    *(
        pl.any_horizontal(pl.col(*names).is_not_null()).alias(whether)
        for whether, names in (("stated", _INCOMES), ("costed", _COSTS))
    ),
)
_GROSS = pl.sum_horizontal(_INCOMES).alias("gross")


@cache
def _stated(as_of: date) -> tuple[pl.Expr, ...]:
    where_stated = pl.when("stated")
    return (
        pl.col("household"),
        whole_months_since("period_end", as_of).alias("age_months"),
        day_offset(pl.col("period_end"), as_of).alias("day_offset"),
        month_offset("period_end", as_of).alias("month_offset"),
        as_yuan(where_stated.then(pl.col("gross") - pl.col("production_cost"))).alias("net_income"),
        as_yuan(where_stated.then("gross")).alias("gross_income"),
        *(as_yuan(where_stated.then(name)).alias(name) for name in _INCOMES),
        as_yuan(pl.when("costed").then(pl.sum_horizontal(_COSTS))).alias("household_cost"),
    )


def newest_statement(statements: pl.LazyFrame) -> pl.LazyFrame:
    """One row a household: its newest statement, and `net_income_before` of the one before it."""
    return last_of_each(statements, "household", "day_offset", before={"net_income_before": "net_income"})


def assets_seen(known: Known, as_of: date, prices: pl.DataFrame) -> pl.LazyFrame:
    """One row a household: its newest observation, the herd at known prices, and the observation before.

    A herd is worth what was counted and has a known price; without any such animal its worth is missing. `herd_before`
    is in today's prices, so that a change is one of animals.
    """
    herd = tuple((name, price) for name, price in zip(prices["product"], prices["price"], strict=True) if name in _HERD)
    valued = known.newest("assets").with_columns(_worth(herd))
    before = {"herd_before": "herd_value", "outside_debt_before": "outside_debt"}
    newest = last_of_each(valued, "household", "observed_on", before)
    return newest.with_columns(whole_months_since("observed_on", as_of).alias("age_months"))


@lru_cache(maxsize=64)
def _worth(prices: tuple[tuple[str, float], ...]) -> pl.Expr:
    """`herd_value` of the animals with a known price."""
    worth = [(pl.col(f"{animal}_count") * price * 100).round().cast(pl.Int64) for animal, price in prices]
    valued = pl.any_horizontal(pl.lit(False), *(part.is_not_null() for part in worth))
    herd = pl.when(valued).then(pl.sum_horizontal(pl.lit(0, pl.Int64), *worth))
    return as_yuan(herd).alias("herd_value")


def prices_seen(known: Known, as_of: date) -> pl.LazyFrame:
    """One row a product: its newest known `price`, and `price_year_before`, twelve months before that month."""
    prices = known.newest("prices").filter(pl.col("month") <= as_of)
    newest = prices.sort("month").unique("product", keep="last")
    earlier = prices.select(_A_YEAR_LATER)
    return newest.join(earlier, on=["product", "month"], how="left").select("product", "price", "price_year_before")


_A_YEAR_LATER = (
    pl.col("product"),
    pl.col("month").dt.offset_by("12mo"),
    pl.col("price").alias("price_year_before"),
)
