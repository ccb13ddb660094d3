"""Whether two frames of features say the same of every loan."""

from __future__ import annotations

import polars as pl

from tests.benchmarks.pandas_features.compute import CODES, NAMES, STATUS

_COMPARED = (*STATUS, *NAMES)


def differences(ours: pl.DataFrame, theirs: pl.DataFrame, tolerance: float) -> list[str]:
    """A line for each feature or status column that differs on some loan: on how many, and one of them; else empty."""
    if ours["loan_id"].to_list() != theirs["loan_id"].to_list():
        return [f"not the same loans: {ours.height:,} and {theirs.height:,}"]
    pair = _paired(ours, theirs)
    return [line for name in _COMPARED if (line := _difference(pair, name, tolerance))]


def largest_difference(ours: pl.DataFrame, theirs: pl.DataFrame) -> float:
    """Over all loans and features that both have a number for."""
    pair = _paired(ours, theirs)
    largest = pair.select(pl.max_horizontal(_distance(name).max() for name in NAMES if name not in CODES)).item()
    return float(largest or 0)


def _paired(ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    named = theirs.select("loan_id", *(_theirs(name, ours.schema[name]) for name in _COMPARED))
    return ours.select("loan_id", *_COMPARED).join(named, on="loan_id")


def _theirs(name: str, kind: pl.DataType) -> pl.Expr:
    """pandas has no whole numbers or days with gaps: they come as floats and as moments."""
    said = pl.col(name)
    return (said.fill_nan(None) if kind.is_numeric() else said.cast(kind)).alias(f"theirs {name}")


def _difference(pair: pl.DataFrame, name: str, tolerance: float) -> str | None:
    one_is_missing = pl.col(name).is_null() != pl.col(f"theirs {name}").is_null()
    differing = pair.filter(one_is_missing | _differs(name, tolerance))
    if differing.is_empty():
        return None
    loan, ours, theirs = differing.select("loan_id", name, f"theirs {name}").row(0)
    return f"{name}: {differing.height:,} loans, such as {loan}: ours {ours}, pandas {theirs}"


def _differs(name: str, tolerance: float) -> pl.Expr:
    is_exact = name in CODES or name in STATUS
    return pl.col(name) != pl.col(f"theirs {name}") if is_exact else _distance(name) > tolerance


def _distance(name: str) -> pl.Expr:
    return (pl.col(name) - pl.col(f"theirs {name}")).abs()
