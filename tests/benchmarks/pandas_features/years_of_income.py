"""The income per year of households, from statements of any length: a year has twelve months of thirty days."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from tests.benchmarks.pandas_features.days import dates

_YEAR, _HALF, _NEARLY = 360, 180, 15
INCOMES = ["wage_income", "business_income", "property_income", "transfer_income"]
COSTS = ["living_cost", "medical_cost", "education_cost"]
MONEY = [*INCOMES, "production_cost", *COSTS]


def years_of_income(rows: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The statements by home and day, money in fen and per year.

    With `days` covered, whether the household's `years_alone` are known, `told`, `like` (the year told or one to
    compare with it) and `before`, the number of the row that the one told is compared with.
    """
    rows = rows.reset_index(drop=True)
    rows["from"], rows["to"] = _numbered(as_of, rows["period_start"]), _numbered(as_of, rows["period_end"] + 1)
    rows["days"], rows["begin"] = rows["to"] - rows["from"], rows["from"]
    rows["earning"] = rows["days"].where(rows[INCOMES].notna().any(axis=1), 0)
    rows["spending"] = rows["days"].where(rows[COSTS].notna().any(axis=1), 0)
    rows["years_alone"] = _is_year(rows["days"]).groupby(rows["home"]).transform("all").astype(bool)
    rows[MONEY] = (rows[MONEY] * 100).round().fillna(0)
    parts = rows[~rows["years_alone"]]
    if len(parts):
        combined = _combined(parts)
        rows[combined.columns] = rows[combined.columns].astype("float64")
        rows.loc[parts.index, combined.columns] = combined
    return _told(rows)


def _combined(parts: pd.DataFrame) -> pd.DataFrame:
    """What each statement brings with those before it, by pairs of the two."""
    named = parts[["home", "to"]].reset_index(names="of").rename(columns={"to": "end"})
    pairs = named.merge(parts.reset_index(names="one"), on="home")
    pairs = pairs[(pairs["to"] <= pairs["end"]) & (pairs["to"] > pairs["end"] - _YEAR)]
    pairs = pairs.sort_values(["of", "to"], ascending=[True, False])
    later = pairs.groupby("of")["from"].cummin().groupby(pairs["of"]).shift(1).fillna(np.inf)
    pairs["own"] = (np.minimum(pairs["to"], later) - pairs["from"]).clip(lower=0)
    pairs = pairs[pairs.groupby("of")["own"].cumsum() - pairs["own"] < _YEAR - _NEARLY]
    share = pairs["own"] / pairs["days"].clip(lower=1)
    pairs[MONEY] = _whole(pairs[MONEY].mul(share, axis=0))
    for name in ("earning", "spending"):
        pairs[name] = pairs["own"].where(pairs[name] > 0, 0)
    pairs["begin"] = pairs["from"].where(pairs["own"] > 0)
    by_row = pairs.groupby("of")
    sums = by_row[[*MONEY, "earning", "spending"]].sum().assign(days=by_row["own"].sum(), begin=by_row["begin"].min())
    for names, days in (([*INCOMES, "production_cost"], sums["earning"]), (COSTS, sums["spending"])):
        factor = (_YEAR / days.where(days > 0, 1)).where(~_is_year(days), 1)
        sums[names] = _whole(sums[names].mul(factor, axis=0))
    return sums


def _told(rows: pd.DataFrame) -> pd.DataFrame:
    whole, newest = _is_year(rows["days"]), rows.groupby("home")["to"].transform("max")
    last_whole = rows["to"].where(whole & (rows["to"] > newest - _YEAR)).groupby(rows["home"]).transform("max")
    end, position = last_whole.fillna(newest), rows.index.to_series()
    told = position == position.where((rows["to"] == end) & (whole | last_whole.isna())).groupby(
        rows["home"]
    ).transform("max")
    of_told = rows[told].set_index("home")[["begin", "days"]].reindex(rows["home"]).set_axis(rows.index)
    season = (end - rows["to"]) % _YEAR == 0
    same = season & ((rows["days"] - of_told["days"]).abs() <= _NEARLY)
    earlier = (rows["to"] <= of_told["begin"]) & ((whole & _is_year(of_told["days"])) | same)
    may_be = earlier.where(~rows["years_alone"], position < position.where(told).groupby(rows["home"]).transform("max"))
    before = position.where(may_be).groupby(rows["home"]).transform("max")
    rows["earning"] = rows["earning"] >= _HALF - _NEARLY
    rows["spending"] = rows["spending"] >= _HALF - _NEARLY
    return rows.assign(told=told, before=before, like=rows["years_alone"] | (whole & season))


def _numbered(as_of: date, days: pd.Series) -> pd.Series:
    moments = pd.Series(pd.DatetimeIndex(dates(as_of, days)), index=days.index)
    return moments.dt.year * 360 + moments.dt.month * 30 + moments.dt.day


def _is_year(days: pd.Series) -> pd.Series:
    return (days - _YEAR).abs() <= _NEARLY


def _whole(fen: pd.DataFrame) -> pd.DataFrame:
    """The half of a fen goes up; sixths and the like are off in the last bits."""
    return (fen + 0.5).round(6) // 1
