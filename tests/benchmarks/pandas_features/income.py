"""Income and assets: what comes in, what goes out, what could be sold."""

from __future__ import annotations

import pandas as pd

from tests.benchmarks.pandas_features.book import Book
from tests.benchmarks.pandas_features.days import first_day, months_since
from tests.benchmarks.pandas_features.evening import Evening
from tests.benchmarks.pandas_features.grouped import counted, fen, last_two, ratio, summed
from tests.benchmarks.pandas_features.years_of_income import COSTS, INCOMES, MONEY, years_of_income

_KEPT = ["sheep_count", "farmland_mu", "savings", "outside_debt"]


def of_statements(evening: Evening, book: Book) -> pd.DataFrame:
    """The year told, the one before it, and how income swings."""
    homes = book.households
    rows = evening.in_order("income_statements", book.homes, "period_end", "period_start", *MONEY)
    rows = years_of_income(rows, evening.as_of)
    rows["gross"] = rows[INCOMES].sum(axis=1).where(rows["earning"])
    rows["net"] = rows["gross"] - rows["production_cost"]
    rows["cost"] = rows[COSTS].sum(axis=1).where(rows["spending"])
    rows["net_before"] = rows["before"].map(rows["net"])
    told = rows[rows["told"]].set_index("home").reindex(range(homes))
    like = rows[rows["like"] & (rows["period_end"] >= first_day(evening.as_of, 60))]
    return book.handed_out(
        pd.DataFrame(
            {
                "net_income": told["net"] / 100,
                "net_income_before": told["net_before"] / 100,
                "household_cost": told["cost"] / 100,
                "statement_age_months": months_since(evening.as_of, told["period_end"]),
                "income_months": told["days"] / 30,
                "income_swing_60m": _swing(like, homes),
                "statements_ever": counted(rows["home"], homes),
                "wage_share": ratio(told["wage_income"], told["gross"]),
                "transfer_share": ratio(told["transfer_income"], told["gross"]),
            }
        )
    )


def _swing(rows: pd.DataFrame, homes: int) -> pd.Series:
    """The standard deviation of net income over its mean, both of whole fen."""
    rows = rows[rows["net"].notna()]
    count = counted(rows["home"], homes)
    mean = summed(rows["net"], rows["home"], homes) / count
    squares = (rows["net"] - rows["home"].map(mean)) ** 2
    variance = summed(squares, rows["home"], homes) / (count - 1).where(count > 1)
    return ratio(variance**0.5, mean).round(6)


def of_assets(evening: Evening, book: Book) -> pd.DataFrame:
    """The newest survey and the one before it; both herds at today's known prices."""
    rows = evening.in_order("assets", book.homes, "observed_on", *_KEPT, "cattle_count")
    newest, before = last_two(rows, "home", book.households)
    herd, herd_before = _herd(newest, evening.prices), _herd(before, evening.prices)
    return book.handed_out(
        newest[_KEPT].assign(
            outside_debt_growth=newest["outside_debt"] - before["outside_debt"],
            herd_value=herd / 100,
            herd_change=ratio(herd, herd_before) - 1,
            assets_age_months=months_since(evening.as_of, newest["observed_on"]),
        )
    )


def _herd(surveys: pd.DataFrame, prices: pd.DataFrame) -> pd.Series:
    """In fen: the animals counted that have a known price; missing without any."""
    known = prices["price"].to_dict()
    parts = [fen(surveys[f"{animal}_count"] * known.get(animal, float("nan"))) for animal in ("sheep", "cattle")]
    counted: pd.DataFrame = pd.concat(parts, axis=1)
    return counted.sum(axis=1, min_count=1)
