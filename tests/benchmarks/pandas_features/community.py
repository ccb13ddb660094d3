"""Community and market: how the neighbours pay, what the declared product sells for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.benchmarks.pandas_features.book import Book
from tests.benchmarks.pandas_features.evening import Evening
from tests.benchmarks.pandas_features.grouped import Array, counted, ratio, summed

_COUNTY, _TOWNSHIP = 6, 9
"""Digits of a village code that name them."""
_LEAST_OTHERS = 5


def of_prices(evening: Evening, book: Book) -> pd.DataFrame:
    """Of what each open loan was declared for."""
    at = evening.prices.reindex(book.opened["declared_use"].astype("str"))
    return pd.DataFrame({"declared_price": at["price"].to_numpy(), "declared_price_change": at["change"].to_numpy()})


def county_of(village_code: pd.Series) -> pd.Series:
    """The county's six digits, cut once a village."""
    villages = village_code.astype("category").cat
    counties = pd.Series(villages.categories.astype("str").str[:_COUNTY])
    return counties.reindex(villages.codes).reset_index(drop=True)


def of_neighbours(opened: pd.DataFrame) -> pd.DataFrame:
    """For each open loan: the share of the others' outstanding principal in arrears, or gone bad."""
    owed = (opened["outstanding_principal"] * 100).round()
    in_arrears = owed.where((opened["overdue_principal"] > 0) | (opened["overdue_interest"] > 0), 0)
    gone_bad = owed.where(opened["has_gone_bad"], 0)
    groups = _groups(opened)
    village = {"village_overdue_share": _share(owed, in_arrears, groups.pop("village"))}
    return pd.DataFrame(
        village | {f"{name}_bad_share": _share(owed, gone_bad, group) for name, group in groups.items()}
    )


def _groups(opened: pd.DataFrame) -> dict[str, Array]:
    """Of each open loan, by number, -1 where it has none; banks and products are looked at within the county."""
    villages = opened["village_code"].astype("category").cat
    codes = villages.categories.astype("str")
    village = villages.codes.to_numpy("int64")
    township, county = (np.append(pd.factorize(codes.str[:digits])[0], -1)[village] for digits in (_TOWNSHIP, _COUNTY))
    return {
        "village": village,
        "township": township,
        "bank": _within(county, opened["bank"]),
        "product": _within(county, opened["product"]),
    }


def _within(county: Array, names: pd.Series) -> Array:
    told = names.astype("category").cat
    code = told.codes.to_numpy("int64")
    return np.where((county < 0) | (code < 0), -1, county * len(told.categories) + code)


def _share(owed: pd.Series, late: pd.Series, group: Array) -> pd.Series:
    place = pd.Series(group + 1)
    groups = int(place.max()) + 1 if len(place) else 1
    others = summed(owed, place, groups).to_numpy()[place] - owed
    late_others = summed(late, place, groups).to_numpy()[place] - late
    enough = (counted(place, groups).to_numpy()[place] > _LEAST_OTHERS) & (group >= 0)
    return ratio(late_others, others.where(enough))
