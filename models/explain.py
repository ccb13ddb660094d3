"""Reasons: the exact parts of a probability's log-odds, one a topic, the largest first, beside what is usual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from models.boosting import Column, Floats, matrix
from models.bundle import Parts
from models.lists import as_lists
from models.topics import TOPICS

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
_CODES_APART = 1000
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
    rows = np.repeat(np.arange(len(places)), places.shape[1])
    return in_ranks(cells_at(rows, places.ravel(), parts, columns, cells), places.shape[1])


def in_ranks(told: pl.Series, ranks: int) -> pl.Series:
    """So many after one another as the list of a row, without those that are null."""
    return as_lists(told.drop_nulls(), told.is_not_null().to_numpy().reshape(-1, ranks).sum(axis=1))


def cells_at(
    rows: Places, places: Places, parts: Floats, columns: Sequence[Column], cells: Mapping[str, Floats]
) -> pl.Series:
    """What `listed_at` lists, for pairs of a row and a place; null for what contributes nothing."""
    seen = {name: cell[rows, places] for name, cell in cells.items()}
    frame = pl.DataFrame({"place": places, **seen, "contribution": parts[rows, places]}).with_columns(
        pl.col(*cells).fill_nan(None)
    )
    told, listed = _formulas(tuple(columns), tuple(cells))
    return frame.with_columns(told).select(listed).to_series()


@lru_cache(_MODELS_KEPT)
def _formulas(columns: tuple[Column, ...], cells: tuple[str, ...]) -> tuple[tuple[pl.Expr, ...], pl.Expr]:
    """Names and codes for numbers, and all of it as one value; built once a model."""
    names, codes = [column.name for column in columns], _codes(columns)
    told = (
        pl.col("place").replace_strict(dict(enumerate(names)), return_dtype=pl.String).alias("feature"),
        *(_code(name, codes) for name in cells),
        *(_number(name, columns) for name in cells),
    )
    fields = ("feature", *(field for name in cells for field in (name, f"{name}_code")), "contribution")
    return told, pl.when(pl.col("contribution") != 0).then(pl.struct(fields)).alias("listed")


def _codes(columns: Sequence[Column]) -> dict[int, str]:
    """Every level of every code, by the number of its column and its own."""
    return {
        place * _CODES_APART + number: level
        for place, column in enumerate(columns)
        for number, level in enumerate(column.levels)
    }


def _code(name: str, codes: dict[int, str]) -> pl.Expr:
    number = pl.col("place") * _CODES_APART + pl.col(name).cast(pl.Int64, strict=False)
    return number.replace_strict(codes, default=None, return_dtype=pl.String).alias(f"{name}_code")


def _number(name: str, columns: Sequence[Column]) -> pl.Expr:
    coded = [place for place, column in enumerate(columns) if column.levels]
    return pl.when(~pl.col("place").is_in(coded)).then(pl.col(name)).alias(name)
