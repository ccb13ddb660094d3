"""Income statements per year, assets and prices as of a day: the newest of each, and the one before."""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache

import polars as pl

from features.frame_schema import returns
from features.months import day_offset, month_offset, whole_months_since
from features.snapshot.amounts import as_yuan, fen
from features.snapshot.frame_schemas import ASSETS_SCHEMA, PRICES_SCHEMA, STATEMENTS_SCHEMA
from features.snapshot.latest_versions import LatestVersions, last_row_of_each
from features.snapshot.yearly_income import (
    AMOUNTS,
    COSTS,
    DAYS_IN_MONTH,
    INCOMES,
    LEAST_DAYS,
    thirty_day_count,
    yearly_statements,
)

_HERD = ("sheep", "cattle")
_PERIODS = (
    pl.col("household"),
    pl.col("period_end"),
    thirty_day_count(pl.col("period_start")).alias("starts"),
    thirty_day_count(pl.col("period_end").dt.offset_by("1d")).alias("ends"),
    pl.any_horizontal(pl.col(*INCOMES).is_not_null()).alias("stated"),
    pl.any_horizontal(pl.col(*COSTS).is_not_null()).alias("costed"),
    *map(fen, AMOUNTS),
)
_A_YEAR_LATER = (
    pl.col("product"),
    pl.col("month").dt.offset_by("12mo"),
    pl.col("price").alias("price_year_before"),
)


@returns(STATEMENTS_SCHEMA)
def statements_at(versions: LatestVersions, as_of: date) -> pl.LazyFrame:
    """One row for each income statement of a household: what the year that ends with it brought (`yearly_statements`).

    A single missing income counts as 0; where all four are missing, net and gross income are null. The three
    household costs are treated in the same way. Both are null where less than half a year is covered.
    """
    periods = versions.cached_frame("statement periods", lambda: versions.newest("income_statements").select(_PERIODS))
    return yearly_statements(periods).lazy().select(_statement_columns(as_of))


@cache
def _statement_columns(as_of: date) -> tuple[pl.Expr, ...]:
    where_stated = pl.when(pl.col("income_days") >= LEAST_DAYS)
    where_costed = pl.when(pl.col("cost_days") >= LEAST_DAYS)
    return (
        pl.col("household"),
        whole_months_since("period_end", as_of).alias("age_months"),
        day_offset(pl.col("period_end"), as_of).alias("day_offset"),
        month_offset("period_end", as_of).alias("month_offset"),
        as_yuan(pl.col("net")).alias("net_income"),
        as_yuan(where_stated.then(pl.sum_horizontal(INCOMES))).alias("gross_income"),
        *(as_yuan(where_stated.then(name)).alias(name) for name in (*INCOMES, "production_cost")),
        *(as_yuan(where_costed.then(name)).alias(name) for name in COSTS),
        as_yuan(where_costed.then(pl.sum_horizontal(COSTS))).alias("household_cost"),
        (pl.col("covered") / DAYS_IN_MONTH).alias("covered_months"),
        as_yuan(pl.when("is_compared").then("net")).alias("compared_net_income"),
        as_yuan(pl.col("net_before")).alias("net_income_before"),
        pl.col("is_told"),
    )


@returns(ASSETS_SCHEMA)
def assets_at(versions: LatestVersions, as_of: date, prices: pl.DataFrame) -> pl.LazyFrame:
    """One row for each household: its newest observation of assets, and columns of the one before.

    prices: as `prices_at` returns them. The herd's value is null where no animal counted has a price.
    `herd_before` is at today's prices, so that a change of the herd's value is one of animals.
    """
    herd = tuple((name, price) for name, price in zip(prices["product"], prices["price"], strict=True) if name in _HERD)
    valued = versions.newest("assets").with_columns(_herd_value(herd))
    previous = {"herd_before": "herd_value", "outside_debt_before": "outside_debt"}
    newest = last_row_of_each(valued, "household", "observed_on", previous)
    return newest.with_columns(whole_months_since("observed_on", as_of).alias("age_months"))


@lru_cache(maxsize=64)
def _herd_value(prices: tuple[tuple[str, float], ...]) -> pl.Expr:
    """The value of the animals that have a known price, in yuan."""
    values = [(pl.col(f"{animal}_count") * price * 100).round().cast(pl.Int64) for animal, price in prices]
    is_valued = pl.any_horizontal(pl.lit(False), *(value.is_not_null() for value in values))
    total = pl.when(is_valued).then(pl.sum_horizontal(pl.lit(0, pl.Int64), *values))
    return as_yuan(total).alias("herd_value")


@returns(PRICES_SCHEMA)
def prices_at(versions: LatestVersions, as_of: date) -> pl.LazyFrame:
    """One row for each product: its newest known price, and that of twelve months before."""
    prices = versions.newest("prices").filter(pl.col("month") <= as_of)
    newest = prices.sort("month").unique("product", keep="last")
    earlier = prices.select(_A_YEAR_LATER)
    return newest.join(earlier, on=["product", "month"], how="left").select("product", "price", "price_year_before")
