"""Reasons: the exact parts of a probability's log-odds, the largest first, beside what is usual in the township."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from models.boosting import Column, Floats, matrix
from models.bundle import Bundle

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
Places = npt.NDArray[np.int64]


def reasons(features: pl.DataFrame, typical: pl.DataFrame, bundle: Bundle) -> pl.DataFrame:
    """For each row: `reasons` (at most five) and `base_value`, in calibrated log-odds.

    First what raises the risk, the most first, then what lowers it, the most first. A number stands in `value`,
    a code in `value_code`; typical: one row a township (`typical_by_township`).
    """
    parts, base = bundle.contributions(features)
    columns = bundle.trees.columns
    usual = features.select("township_code").join(
        typical, on="township_code", how="left", maintain_order="left", nulls_equal=True
    )
    cells, usual_cells = matrix(features, columns), matrix(usual, columns)
    places = np.argsort(_order(parts), axis=1, kind="stable")[:, :REASONS_SHOWN]
    ranks = [_reason(places[:, rank], parts, cells, usual_cells, columns) for rank in range(places.shape[1])]
    listed = pl.select(pl.concat_list(ranks).list.drop_nulls().cast(pl.List(REASON)).alias("reasons"))
    return listed.with_columns(pl.lit(base).alias("base_value"))


def typical_by_township(features: pl.DataFrame) -> pl.DataFrame:
    """The median of every number and the most frequent of every code, for each township."""
    names = [name for name in features.columns if name not in ("loan_id", "household_id", "township_code")]
    values = [_typical(name, features.schema[name]) for name in names]
    return features.group_by("township_code").agg(values).sort("township_code")


def _typical(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    return column.median() if dtype.is_numeric() else column.drop_nulls().mode().sort().first()


def _order(parts: Floats) -> Floats:
    """Small comes first: raising parts by size, then lowering ones by size; nothing comes last."""
    order = np.where(parts > 0, -parts, _AFTER_ALL_RAISING + parts)
    return np.where(parts == 0, np.inf, order)


def _reason(places: Places, parts: Floats, cells: Floats, usual: Floats, columns: Sequence[Column]) -> pl.Series:
    """One reason for each row: that of the column at `places`; null where it contributes nothing."""
    rows = np.arange(len(places))
    frame = pl.DataFrame(
        {
            "place": places,
            "value": cells[rows, places],
            "typical": usual[rows, places],
            "contribution": parts[rows, places],
        }
    ).with_columns(pl.col("value", "typical").fill_nan(None))
    names, codes = [column.name for column in columns], _codes(columns)
    reason = frame.with_columns(
        pl.col("place").replace_strict(dict(enumerate(names)), return_dtype=pl.String).alias("feature"),
        *(_code(name, codes) for name in ("value", "typical")),
        *(_number(name, columns) for name in ("value", "typical")),
    )
    fields = [name for name, _ in REASON]
    return reason.select(pl.when(pl.col("contribution") != 0).then(pl.struct(fields)).alias("reason")).to_series()


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
