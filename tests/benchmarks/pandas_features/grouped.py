"""Values by group, the group a whole number: marked, counted, summed and compared into place."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]
Money = TypeVar("Money", pd.Series, pd.DataFrame)


def marked(group: Array | pd.Series, groups: int) -> Array:
    """Which groups have a row."""
    found = np.zeros(groups, dtype="bool")
    found[np.asarray(group)] = True
    return found


def flags(group: pd.Series, groups: int) -> pd.Series:
    """1 for each group with a row, 0 for the others."""
    return pd.Series(marked(group, groups).astype("float64"))


def counted(group: pd.Series, groups: int) -> pd.Series:
    """How many rows each group has."""
    return pd.Series(np.bincount(group, minlength=groups).astype("float64"))


def summed(values: pd.Series, group: pd.Series, groups: int) -> pd.Series:
    """Whole numbers, such as fen, are summed exactly; a missing one is nothing."""
    return pd.Series(np.bincount(group, weights=values.fillna(0), minlength=groups))


def largest(values: pd.Series, group: pd.Series, groups: int, empty: float = np.nan) -> pd.Series:
    """The largest value of each group; `empty` for a group without rows."""
    found = np.full(groups, -np.inf)
    np.maximum.at(found, group.to_numpy(), values.to_numpy("float64"))
    return pd.Series(np.where(np.isneginf(found), empty, found))


def before(totals: pd.Series) -> pd.Series:
    """The sum over all groups that come before each, given each group's sum."""
    return totals.cumsum() - totals


def running(values: pd.Series, group: pd.Series, groups: int) -> Array:
    """The running total within each group of sorted rows."""
    begins = before(summed(values, group, groups)).to_numpy()
    return cast("Array", values.to_numpy().cumsum() - begins[group])


def ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Missing where the whole is not positive."""
    return part / whole.where(whole > 0)


def fen(yuan: Money) -> Money:
    """Money in whole fen, kept as floats, which hold them exactly; a missing amount stays missing."""
    return (yuan * 100).round()


def last_two(rows: pd.DataFrame, by: str, groups: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The last and the last but one of each group's rows, by group; rows are sorted by it."""
    group = rows[by].to_numpy()
    last = np.flatnonzero(np.append(group[1:] != group[:-1], True)[: len(group)])
    has_two = last[np.append(group[:-1] == group[1:], False)[last - 1] & (last > 0)]
    newest, before = rows.take(last).set_index(by), rows.take(has_two - 1).set_index(by)
    return newest.reindex(range(groups)), before.reindex(range(groups))
