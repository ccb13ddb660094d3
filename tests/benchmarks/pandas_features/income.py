"""Income and assets: what comes in, what goes out, what could be sold."""

from __future__ import annotations

import pandas as pd

from tests.benchmarks.pandas_features.book import Book
from tests.benchmarks.pandas_features.days import first_day, months_since
from tests.benchmarks.pandas_features.evening import Evening
from tests.benchmarks.pandas_features.grouped import counted, fen, last_two, ratio, summed

_INCOMES = ["wage_income", "business_income", "property_income", "transfer_income"]
_COSTS = ["living_cost", "medical_cost", "education_cost"]
_KEPT = ["sheep_count", "farmland_mu", "savings", "outside_debt"]


def of_statements(evening: Evening, book: Book) -> pd.DataFrame:
    """The newest statement, the one before it, and how income swings."""
    homes = book.households
    columns = (*_INCOMES, "production_cost", *_COSTS)
    rows = evening.in_order("income_statements", book.homes, "period_end", *columns)
    stated = rows[_INCOMES].notna().any(axis=1)
    gross = fen(rows[_INCOMES]).sum(axis=1).where(stated)
    rows = rows.assign(gross=gross, net=gross - fen(rows["production_cost"]).fillna(0))
    newest, before = last_two(rows, "home", homes)
    costs = fen(newest[_COSTS]).sum(axis=1, min_count=1)
    return book.handed_out(
        pd.DataFrame(
            {
                "net_income": newest["net"] / 100,
                "net_income_before": before["net"] / 100,
                "household_cost": costs / 100,
                "statement_age_months": months_since(evening.as_of, newest["period_end"]),
                "income_swing_60m": _swing(rows[rows["period_end"] >= first_day(evening.as_of, 60)], homes),
                "statements_ever": counted(rows["home"], homes),
                "wage_share": ratio(fen(newest["wage_income"]).fillna(0), newest["gross"]),
                "transfer_share": ratio(fen(newest["transfer_income"]).fillna(0), newest["gross"]),
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
