"""What changed: the difference of two months' log-odds, split exactly into the model's part and a part a feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from models.boosting import Column, Floats
from models.bundle import Bundle, Parts
from models.explain import Places, in_lists, largest_of_topics, told_at
from models.feature_topics import Mover, movers

CHANGES_SHOWN = 3
CHANGE = pl.Struct(
    {
        "kind": pl.String,
        "feature": pl.String,
        "before": pl.Float64,
        "before_code": pl.String,
        "after": pl.Float64,
        "after_code": pl.String,
        "contribution": pl.Float64,
    }
)
_NOTHING = 1e-6
"""Log-odds below which two scores are the same: parts by tables are as exact as that."""


@dataclass(frozen=True)
class Change:
    """Between the month before (0) and this one (1), for each loan, in calibrated log-odds.

    With L the month's model and x the loan's facts, L1(x1) - L0(x0) = [L1(x0) - L0(x0)] + [L1(x1) - L1(x0)]: of_model
    is the first, of_columns (rows x columns) the parts of the second. before, after: x0 and x1 as the model reads them.
    """

    columns: tuple[Column, ...]
    of_model: Floats
    of_columns: Floats
    before: Floats
    after: Floats

    @property
    def total(self) -> Floats:
        return np.asarray(self.of_model + self.of_columns.sum(axis=1), dtype=np.float64)


def change(bundle: Bundle, now: Parts, before: pl.DataFrame, log_odds_before: Floats) -> Change:
    """Split the change of loans that were there in both months.

    now: this month's parts; before: the same loans' facts the month before, in the same order; log_odds_before: of the
    probability published then, which is what that month's model said.
    """
    then = bundle.parts(before)
    return Change(
        now.columns,
        then.log_odds - log_odds_before,
        now.of_columns - then.of_columns,
        then.cells,
        now.cells,
    )


def largest_changes(found: Change, other_light: pl.Series) -> pl.Series:
    """For each loan at most three changes (CHANGE), the largest first, one a topic, of facts that have moved.

    other_light: whether the model's light differs from the month before. Where it does and the score has not moved,
    the thresholds alone have: kind `policy`, contribution 0.
    """
    of_columns = np.where(_moved(found), found.of_columns, 0.0)
    places = _largest(of_columns, found.columns)
    listed = in_lists(places, of_columns, lambda rows, at: _facts(rows, at, of_columns, found))
    facts = listed.cast(pl.List(CHANGE))
    policy = other_light & pl.Series(np.abs(found.total) < _NOTHING)
    if not policy.any() and np.abs(found.of_model).max(initial=0.0) < _NOTHING:
        return facts.alias("changes")
    told = pl.DataFrame({"facts": facts, "model": found.of_model, "policy": policy})
    whole = told.select(pl.concat_list(_of_policy(), _of_model(), "facts").list.drop_nulls().alias("changes"))
    by_size = pl.element().sort_by(pl.element().struct.field("contribution").abs(), descending=True)
    return whole.select(pl.col("changes").list.eval(by_size).list.head(CHANGES_SHOWN)).to_series()


def all_changes(found: Change, row: int) -> pl.DataFrame:
    """Every part of one loan's change, as CHANGE's fields, the largest first; they sum to its total."""
    by_size: Places = np.argsort(-np.abs(found.of_columns[row]), kind="stable")
    places = by_size[found.of_columns[row, by_size] != 0]
    facts = _facts(np.full_like(places, row), places, found.of_columns, found)
    model = pl.DataFrame({"model": found.of_model[row : row + 1]}).select(_of_model()).to_series().drop_nulls()
    return pl.concat([model.struct.unnest(), facts])


def _facts(rows: Places, places: Places, of_columns: Floats, found: Change) -> pl.DataFrame:
    """The change of each pair of a loan and a column, with what moved it, as CHANGE's fields."""
    cells = {"before": found.before, "after": found.after}
    names = tuple(column.name for column in found.columns)
    kinds = movers(names, places, found.before[rows, places], found.after[rows, places])
    return told_at(rows, places, of_columns, found.columns, cells).insert_column(0, kinds.alias("kind"))


def _moved(found: Change) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    both_missing = np.isnan(found.before) & np.isnan(found.after)
    return np.asarray((found.before != found.after) & ~both_missing)


def _largest(parts: Floats, columns: Sequence[Column]) -> Places:
    largest = largest_of_topics(parts, columns)
    sizes = np.abs(np.take_along_axis(parts, largest, axis=1))
    order = np.argsort(-sizes, axis=1, kind="stable")[:, :CHANGES_SHOWN]
    return np.take_along_axis(largest, order, axis=1)


@cache
def _of_model() -> pl.Expr:
    return pl.when(pl.col("model").abs() >= _NOTHING).then(_without_feature(Mover.MODEL, pl.col("model")))


@cache
def _of_policy() -> pl.Expr:
    return pl.when("policy").then(_without_feature(Mover.POLICY, pl.lit(0.0)))


def _without_feature(kind: Mover, contribution: pl.Expr) -> pl.Expr:
    """A change that is not one of a fact of the loan."""
    fields = {name: pl.lit(None, dtype) for name, dtype in CHANGE}
    said = {**fields, "kind": pl.lit(kind.value), "contribution": contribution}
    return pl.struct(value.alias(name) for name, value in said.items()).cast(CHANGE)
