"""What changed: the difference of two months' log-odds, split exactly into the model's part and a part a feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from models.boosting import Column, Floats, matrix
from models.bundle import Bundle, Parts
from models.explain import Places, cells_at, largest_of_topics, listed_at
from models.topics import Mover, mover

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
_FIELDS = [field.name for field in CHANGE.fields]
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


def change(bundle: Bundle, now: Parts, after: pl.DataFrame, before: pl.DataFrame, log_odds_before: Floats) -> Change:
    """Split the change of loans that were there in both months.

    now: this month's parts of the rows of `after`; before: the same loans' facts the month before, in the same order;
    log_odds_before: of the probability published then, which is what that month's model said.
    """
    then = bundle.parts(before)
    return Change(
        now.columns,
        then.log_odds - log_odds_before,
        now.of_columns - then.of_columns,
        matrix(before, now.columns),
        matrix(after, now.columns),
    )


def largest_changes(found: Change, other_light: pl.Series) -> pl.Series:
    """For each loan at most three changes (CHANGE), the largest first, one a topic, of facts that have moved.

    other_light: whether the model's light differs from the month before. Where it does and the score has not moved,
    the thresholds alone have: kind `policy`, contribution 0.
    """
    moved = _moved(found)
    of_columns = np.where(moved, found.of_columns, 0.0)
    places = _largest(of_columns, found.columns)
    cells = {"before": found.before, "after": found.after}
    facts = _with_kind(listed_at(places, of_columns, found.columns, cells), of_columns)
    same_score = pl.Series(np.abs(found.total) < _NOTHING)
    listed = pl.DataFrame({"facts": facts, "model": found.of_model, "policy": other_light & same_score})
    whole = listed.select(pl.concat_list(_of_policy(), _of_model(), "facts").list.drop_nulls().alias("changes"))
    by_size = pl.element().sort_by(pl.element().struct.field("contribution").abs(), descending=True)
    return whole.select(pl.col("changes").list.eval(by_size).list.head(CHANGES_SHOWN)).to_series()


def all_changes(found: Change, row: int) -> pl.DataFrame:
    """Every part of one loan's change, as CHANGE's fields, the largest first; they sum to its total."""
    places: Places = np.argsort(-np.abs(found.of_columns[row]), kind="stable")
    cells = {"before": found.before, "after": found.after}
    facts = cells_at(np.full_like(places, row), places, found.of_columns, found.columns, cells).drop_nulls()
    kind = mover(pl.col("feature"), pl.col("before"), pl.col("after")).alias("kind")
    model = pl.DataFrame({"model": found.of_model[row : row + 1]}).select(_of_model()).to_series()
    return pl.concat([model.drop_nulls().struct.unnest(), facts.struct.unnest().select(kind, *_FIELDS[1:])])


def _moved(found: Change) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    both_missing = np.isnan(found.before) & np.isnan(found.after)
    return np.asarray((found.before != found.after) & ~both_missing)


def _largest(parts: Floats, columns: Sequence[Column]) -> Places:
    largest = largest_of_topics(parts, columns)
    sizes = np.abs(np.take_along_axis(parts, largest, axis=1))
    order = np.argsort(-sizes, axis=1, kind="stable")[:, :CHANGES_SHOWN]
    return np.take_along_axis(largest, order, axis=1)


def _with_kind(listed: pl.Series, parts: Floats) -> pl.Series:
    """Each listed change with what moved it."""
    if not parts.size:
        return pl.Series([[]] * len(listed), dtype=pl.List(CHANGE))
    field = pl.element().struct.field
    kind = mover(field("feature"), field("before"), field("after")).alias("kind")
    told = pl.struct(kind, *(field(name) for name in _FIELDS[1:]))
    return listed.to_frame("facts").select(pl.col("facts").list.eval(told)).to_series().cast(pl.List(CHANGE))


def _of_model() -> pl.Expr:
    return pl.when(pl.col("model").abs() >= _NOTHING).then(_without_feature(Mover.MODEL, pl.col("model")))


def _of_policy() -> pl.Expr:
    return pl.when("policy").then(_without_feature(Mover.POLICY, pl.lit(0.0)))


def _without_feature(kind: Mover, contribution: pl.Expr) -> pl.Expr:
    """A change that is not one of a fact of the loan."""
    fields = {name: pl.lit(None, dtype) for name, dtype in CHANGE}
    said = {**fields, "kind": pl.lit(kind.value), "contribution": contribution}
    return pl.struct(value.alias(name) for name, value in said.items()).cast(CHANGE)
