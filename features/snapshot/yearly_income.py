"""Income per year: the statements of a household combined to whole years, each part of a year counted once.

Days are those of years with twelve months of thirty days (30/360): a month is 30, a half year 180 and a year 360,
whichever months they are, and lengths of periods that follow each other add up. Amounts are in whole fen.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns

DAYS_IN_MONTH, DAYS_IN_YEAR = 30, 360
TOLERANCE = 15
"""Days that a year, or a half year, may be short or long of: a statement of 2024-01-02 to 2024-12-31 is a year's."""
LEAST_DAYS = DAYS_IN_YEAR // 2 - TOLERANCE
"""Income is seasonal: what is known of less than half a year does not say what the year brings."""
LEAST_MONTHS = LEAST_DAYS / DAYS_IN_MONTH
INCOMES = ("wage_income", "business_income", "property_income", "transfer_income")
COSTS = ("living_cost", "medical_cost", "education_cost")
AMOUNTS = (*INCOMES, "production_cost", *COSTS)

Numbers = npt.NDArray[np.int64]
_IS_YEAR = pl.col("covered").is_between(DAYS_IN_YEAR - TOLERANCE, DAYS_IN_YEAR + TOLERANCE)
_IS_YEAR_TOLD = pl.col("covered_told").is_between(DAYS_IN_YEAR - TOLERANCE, DAYS_IN_YEAR + TOLERANCE)
_IS_RECENT_YEAR = _IS_YEAR & (pl.col("ends") > pl.col("ends").max().over("household") - DAYS_IN_YEAR)
_NEWEST_YEAR_END = pl.when(_IS_RECENT_YEAR).then("period_end").max().over("household")
_NEWEST_END = pl.col("period_end").max().over("household")
_IS_TOLD = (pl.col("period_end") == pl.coalesce(_NEWEST_YEAR_END, _NEWEST_END)).alias("is_told")
_TOLD_END = pl.coalesce(
    pl.when(_IS_RECENT_YEAR).then("ends").max().over("household"), pl.col("ends").max().over("household")
)
_IS_COMPARED = (_IS_YEAR & ((_TOLD_END - pl.col("ends")) % DAYS_IN_YEAR == 0)).alias("is_compared")
_IS_SAME_PART_OF_YEAR = ((pl.col("covered") - pl.col("covered_told")).abs() <= TOLERANCE) & (
    (pl.col("ends_told") - pl.col("ends")) % DAYS_IN_YEAR == 0
)
_IS_LIKE_TOLD = (pl.col("ends") <= pl.col("begins_told")) & ((_IS_YEAR & _IS_YEAR_TOLD) | _IS_SAME_PART_OF_YEAR)
_NET = (
    pl.when(pl.col("income_days") >= LEAST_DAYS)
    .then(pl.sum_horizontal(INCOMES) - pl.col("production_cost"))
    .alias("net")
)
_PERIOD = FrameColumn(pl.Int64(), "Days of thirty-day months from the year 0.")

STATEMENT_PERIODS_SCHEMA = FrameSchema(
    {
        "household": FrameColumn(pl.Int32(), "Number of the household in the snapshot."),
        "period_end": FrameColumn(pl.Date(), "As in table income_statements."),
        "starts": _PERIOD,
        "ends": _PERIOD,
        "stated": FrameColumn(pl.Boolean(), "Whether one of the four incomes is given."),
        "costed": FrameColumn(pl.Boolean(), "Whether one of the three costs of the household is given."),
        **{
            name: FrameColumn(pl.Int64(), "As in table income_statements, in fen; 0 where missing.") for name in AMOUNTS
        },
    }
)
YEARLY_STATEMENTS_SCHEMA = FrameSchema(
    {
        **{name: STATEMENT_PERIODS_SCHEMA.columns[name] for name in ("household", "period_end", "ends")},
        **{name: FrameColumn(pl.Int64(), "Per year, in fen; 0 where nothing is known.") for name in AMOUNTS},
        "begins": _PERIOD,
        "covered": FrameColumn(pl.Int64(), "Days that the statements combined cover."),
        "income_days": FrameColumn(pl.Int64(), "Those of them for which incomes are given."),
        "cost_days": FrameColumn(pl.Int64(), "Those of them for which costs of the household are given."),
        "is_told": FrameColumn(pl.Boolean(), "Whether it is the year that is told of the household."),
        "is_compared": FrameColumn(pl.Boolean(), "Whether it may be compared with the year told: a whole year, too."),
        "net": FrameColumn(pl.Int64(), "Incomes less production cost; null below half a year."),
        "net_before": FrameColumn(pl.Int64(), "Where it is told: `net` of the like period before."),
    }
)


def thirty_day_count(day: pl.Expr) -> pl.Expr:
    """A day as a whole number, by years of twelve months of thirty days.

    >>> from datetime import date
    >>> days = pl.DataFrame({"day": [date(2024, 1, 1), date(2024, 2, 1), date(2025, 1, 1)]})
    >>> days.select(thirty_day_count(pl.col("day")).diff()).to_series().to_list()
    [None, 30, 330]
    """
    year, month, day_of_month = (part.cast(pl.Int64) for part in (day.dt.year(), day.dt.month(), day.dt.day()))
    return year * DAYS_IN_YEAR + month * DAYS_IN_MONTH + day_of_month


@returns(YEARLY_STATEMENTS_SCHEMA)
def yearly_statements(statements: pl.DataFrame) -> pl.DataFrame:
    """For each statement, the income of the year that ends with it.

    A statement of about a year stands for itself. Others are combined with the statements before them that end within
    the year, until a year is covered: of days that several cover, those count that end last, and the others with
    their share of days. What is covered is scaled to a year of 360 days; about a year is taken as it is.

    The year told is the newest whole one, if it ended within the year before the household's newest statement; where
    there is none, the newest statement's, whole or not. It is compared with a whole year before it that has no day in
    common with it; a part of a year with the same months of an earlier year. Households that have yearly statements
    alone are compared with the statement before.

    statements: in the columns of STATEMENT_PERIODS_SCHEMA, `ends` the day after the period.
    """
    length = pl.col("ends") - pl.col("starts")
    is_yearly = length.is_between(DAYS_IN_YEAR - TOLERANCE, DAYS_IN_YEAR + TOLERANCE)
    own = statements.sort("household", "period_end").with_columns(
        pl.col("starts").alias("begins"),
        length.alias("covered"),
        (pl.col("stated") * length).alias("income_days"),
        (pl.col("costed") * length).alias("cost_days"),
        is_yearly.all().over("household").alias("is_yearly"),
    )
    yearly = own.filter("is_yearly").with_columns(_IS_TOLD, pl.lit(True).alias("is_compared"), _NET)
    follows = pl.col("household") == pl.col("household").shift()
    before = pl.when(follows & pl.col("is_told")).then(pl.col("net").shift()).alias("net_before")
    told = yearly.with_columns(before).select(*YEARLY_STATEMENTS_SCHEMA.columns)
    if told.height == own.height:
        return told
    parts = combined_statements(own.filter(~pl.col("is_yearly"))).with_columns(_IS_TOLD, _IS_COMPARED, _NET)
    like = parts.join(parts.filter("is_told"), on="household", suffix="_told").filter(_IS_LIKE_TOLD)
    newest_like = like.group_by("household", maintain_order=True).agg(pl.col("net").last().alias("like_net"))
    with_before = parts.join(newest_like, on="household", how="left").with_columns(
        pl.when("is_told").then("like_net").alias("net_before")
    )
    return pl.concat([told, with_before.select(*YEARLY_STATEMENTS_SCHEMA.columns)])


def combined_statements(statements: pl.DataFrame) -> pl.DataFrame:
    """Each statement with those before it that complete its year, in the columns of `statements`.

    statements: sorted by household and period_end, with the columns of `yearly_statements` for the statement alone.
    """
    names = ("household", "starts", "ends", "covered", "stated", "costed")
    household, starts, ends, length, stated, costed = (statements[name].to_numpy() for name in names)
    amounts = statements.select(AMOUNTS).to_numpy(order="c")
    shared_from, begins = ends.copy(), ends.copy()
    covered, income_days, cost_days = (np.zeros_like(ends) for _ in range(3))
    sums = np.zeros_like(amounts)
    # `last` are the statements whose year is not covered yet; `at` is the one to add, for each of them.
    last = at = np.arange(len(ends))
    while last.size:
        own_days = np.maximum(np.minimum(ends[at], shared_from[last]) - starts[at], 0)
        is_cut = own_days < length[at]
        shares = amounts[at]
        shares[is_cut] = rounded_quotient(shares[is_cut] * own_days[is_cut, None], length[at][is_cut, None])
        sums[last] += shares
        covered[last] += own_days
        income_days[last] += own_days * stated[at]
        cost_days[last] += own_days * costed[at]
        shared_from[last] = np.minimum(shared_from[last], starts[at])
        begins[last] = np.where(own_days > 0, np.minimum(begins[last], starts[at]), begins[last])
        lacking = (at > 0) & (covered[last] < DAYS_IN_YEAR - TOLERANCE)
        last, at = last[lacking], at[lacking] - 1
        goes_on = (household[at] == household[last]) & (ends[at] > ends[last] - DAYS_IN_YEAR)
        last, at = last[goes_on], at[goes_on]
    days = {"begins": begins, "covered": covered, "income_days": income_days, "cost_days": cost_days}
    days_of = {name: cost_days if name in COSTS else income_days for name in AMOUNTS}
    per_year = {name: per_year_of(sums[:, column], days_of[name]) for column, name in enumerate(AMOUNTS)}
    return statements.with_columns(pl.Series(name, values) for name, values in {**days, **per_year}.items())


def per_year_of(amounts: Numbers, days: Numbers) -> Numbers:
    """Amounts of so many days scaled to a year; as they are where the days are about a year, 0 where there is none."""
    is_year = np.abs(days - DAYS_IN_YEAR) <= TOLERANCE
    return np.where(is_year, amounts, rounded_quotient(amounts * DAYS_IN_YEAR, np.maximum(days, 1)))


def rounded_quotient(dividend: Numbers, divisor: Numbers) -> Numbers:
    """The nearest whole number, the half of one upwards: exact, whatever the length of the column."""
    return (2 * dividend + divisor) // (2 * divisor)
