"""Reasons: the exact parts of a probability's log-odds, one a topic, the largest first, beside what is usual."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from models.boosting import Column, Floats, matrix
from models.bundle import Parts
from models.feature_topics import TOPICS
from models.list_columns import as_lists

REASONS_SHOWN = 5
REASON = pl.Struct(
    {
        "feature": pl.String,
        "value": pl.Float64,
        "value_code": pl.String,
        "typical": pl.Float64,
        "typical_code": pl.String,
        "contribution": pl.Float64,
    }
)
_AFTER_ALL_RAISING = 1e6
_MODELS_KEPT = 8
_UNKNOWN = -1
Places = npt.NDArray[np.int64]


def reasons(townships: pl.Series, typical: pl.DataFrame, parts: Parts) -> pl.DataFrame:
    """For each row: `reasons` (at most five, one a topic) and `base_value`, in calibrated log-odds.

    First what raises the risk, the most first, then what lowers it, the most first. A number stands in `value`,
    a code in `value_code`. townships: the code of each row's; typical: one row a township (`typical_by_township`).
    """
    cells = {"value": parts.cells, "typical": _usual(townships, typical, parts.columns)}
    largest = largest_of_topics(parts.of_columns, parts.columns)
    order = np.argsort(_order(np.take_along_axis(parts.of_columns, largest, axis=1)), axis=1, kind="stable")
    places = np.take_along_axis(largest, order[:, :REASONS_SHOWN], axis=1)
    listed = listed_at(places, parts.of_columns, parts.columns, cells).cast(pl.List(REASON)).alias("reasons")
    return listed.to_frame().with_columns(pl.lit(parts.base).alias("base_value"))


def _usual(townships: pl.Series, typical: pl.DataFrame, columns: Sequence[Column]) -> Floats:
    """For each row what is typical of its township, as the trees read it; missing where nothing is known of that."""
    known = {code: place for place, code in enumerate(typical["township_code"])}
    named, of_row = np.unique([known.get(code, _UNKNOWN) for code in townships], return_inverse=True)
    there = named != _UNKNOWN
    usual = np.full((len(named), len(columns)), np.nan)
    usual[there] = matrix(typical[named[there]], columns)
    return usual[of_row]


def typical_by_township(features: pl.DataFrame) -> pl.DataFrame:
    """The median of every number and the most frequent of every code, for each township."""
    names = [name for name in features.columns if name not in ("loan_id", "household_id", "township_code")]
    values = [typical_value(name, features.schema[name]) for name in names]
    return features.group_by("township_code").agg(values).sort("township_code")


def typical_value(name: str, dtype: pl.DataType) -> pl.Expr:
    """The median of a number; of a code the most frequent."""
    column = pl.col(name)
    return column.median() if dtype.is_numeric() else column.drop_nulls().mode().sort().first()


def largest_of_topics(parts: Floats, columns: Sequence[Column]) -> Places:
    """Rows x topics: of each topic the place of the column with the largest part, whichever way it goes."""
    by_topic: dict[str, list[int]] = {}
    for place, column in enumerate(columns):
        by_topic.setdefault(TOPICS[column.name], []).append(place)
    found = [np.array(places)[np.abs(parts[:, places]).argmax(axis=1)] for places in by_topic.values()]
    return np.stack(found, axis=1)


def _order(parts: Floats) -> Floats:
    """Small comes first: raising parts by size, then lowering ones by size; nothing comes last."""
    order = np.where(parts > 0, -parts, _AFTER_ALL_RAISING + parts)
    return np.where(parts == 0, np.inf, order)


def listed_at(places: Places, parts: Floats, columns: Sequence[Column], cells: Mapping[str, Floats]) -> pl.Series:
    """For each row the columns at its places as a list: feature, contribution and cells, `_code` where it is a code.

    places: rows x ranks. What contributes nothing is not listed.
    """
    return in_lists(places, parts, lambda rows, at: told_at(rows, at, parts, columns, cells))


def in_lists(places: Places, parts: Floats, told: Callable[[Places, Places], pl.DataFrame]) -> pl.Series:
    """For each row what is told of those of its places that contribute; told: a row for each pair of row and place."""
    rows = np.repeat(np.arange(len(places)), places.shape[1])
    there = parts[rows, places.ravel()] != 0
    return as_lists(told(rows[there], places.ravel()[there]).to_struct(), there.reshape(places.shape).sum(axis=1))


def told_at(
    rows: Places, places: Places, parts: Floats, columns: Sequence[Column], cells: Mapping[str, Floats]
) -> pl.DataFrame:
    """Of each pair of a row and a place: feature, cells and contribution, as `listed_at` lists them."""
    words = _words(tuple(columns))
    told = {"feature": words.names.gather(pl.Series(places))}
    for name, cell in cells.items():
        seen, coded = cell[rows, places], words.coded[places]
        is_level = coded & ~np.isnan(seen)
        levels = np.where(is_level, words.first_level[places] + np.where(is_level, seen, 0), words.no_level)
        told[name] = _numbers(seen, coded | np.isnan(seen))
        told[f"{name}_code"] = words.levels.gather(pl.Series(levels.astype(np.int64)))
    return pl.DataFrame({**told, "contribution": parts[rows, places]})


class _Words(NamedTuple):
    """A model's columns by place: their names; which are codes, and where among all levels their own begin.

    no_level: the place of null among the levels.
    """

    names: pl.Series
    coded: npt.NDArray[np.bool_]
    first_level: Places
    levels: pl.Series
    no_level: int


@lru_cache(_MODELS_KEPT)
def _words(columns: tuple[Column, ...]) -> _Words:
    counts = np.array([len(column.levels) for column in columns])
    levels = [level for column in columns for level in column.levels]
    return _Words(
        pl.Series([column.name for column in columns], dtype=pl.String),
        counts > 0,
        np.cumsum(counts) - counts,
        pl.Series([*levels, None], dtype=pl.String),
        len(levels),
    )


def _numbers(values: Floats, missing: npt.NDArray[np.bool_]) -> pl.Series:
    found = pl.from_arrow(pa.array(values, pa.float64(), mask=missing))
    assert isinstance(found, pl.Series)  # noqa: S101 - an array is one
    return found
