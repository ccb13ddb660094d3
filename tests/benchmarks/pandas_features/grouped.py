"""Values by group, the group a whole number: a row for each of so many groups."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]
Money = TypeVar("Money", pd.Series, pd.DataFrame)


def flags(group: pd.Series, groups: int) -> pd.Series:
    """1 for each group with a row, 0 for the others."""
    return counted(group, groups).clip(upper=1)


def counted(group: pd.Series, groups: int) -> pd.Series:
    """How many rows each group has."""
    return group.groupby(group).size().reindex(range(groups), fill_value=0).astype("float64")


def summed(values: pd.Series, group: pd.Series, groups: int) -> pd.Series:
    """Whole numbers, such as fen, are summed exactly; a missing one is nothing."""
    return values.groupby(group).sum().reindex(range(groups), fill_value=0)


def total(yuan: pd.Series, group: pd.Series, groups: int) -> pd.Series:
    """The sum of each group's amounts; missing where one of them is."""
    unknown = counted(group[yuan.isna()], groups)
    return (summed(fen(yuan), group, groups) / 100).where(unknown == 0)


def largest(values: pd.Series, group: pd.Series, groups: int, empty: float = np.nan) -> pd.Series:
    """The largest value of each group; `empty` for a group without rows."""
    return values.groupby(group).max().reindex(range(groups)).fillna(empty)


def ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Missing where the whole is not positive."""
    return part / whole.where(whole > 0)


def fen(yuan: Money) -> Money:
    """Money in whole fen, kept as floats, which hold them exactly; a missing amount stays missing."""
    return (yuan * 100).round()


def yuan(fen: pd.Series) -> pd.Series:
    """Sums of parts of a fen in yuan, without the last bits, as `features_at` computes with them."""
    return (fen / 100).round(6)


def last_two(rows: pd.DataFrame, by: str, groups: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The last and the last but one of each group's rows, by group; rows are sorted by it."""
    by_group = rows.groupby(by)
    newest, before = by_group.nth(-1).set_index(by), by_group.nth(-2).set_index(by)
    return newest.reindex(range(groups)), before.reindex(range(groups))
