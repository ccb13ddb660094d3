"""The change of a loan's log-odds between two months, split exactly into the model's part and one of each feature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.bundle import Bundle, Contributions
from models.explain import Positions, contribution_table, largest_column_by_topic, lists_of_contributing
from models.feature_topics import ChangeSource, change_sources
from models.raw_score import Floats, ModelColumn

CHANGES_SHOWN = 3
CHANGES_SCHEMA = FrameSchema(
    {
        "kind": FrameColumn(pl.String(), "Source of the change (ChangeSource)."),
        "feature": FrameColumn(pl.String(), "The feature; missing where the model or the policy changed."),
        "before": FrameColumn(pl.Float64(), "Value of a number the month before."),
        "before_code": FrameColumn(pl.String(), "Value of a code the month before."),
        "after": FrameColumn(pl.Float64(), "Value of a number this month."),
        "after_code": FrameColumn(pl.String(), "Value of a code this month."),
        "contribution": FrameColumn(pl.Float64(), "Contribution to the change in calibrated log-odds."),
    }
)
CHANGE = pl.Struct(CHANGES_SCHEMA.dtypes)
_NEGLIGIBLE = 1e-6
"""Log-odds below which two scores count as equal: contributions by pattern tables are no more exact."""


def _change_without_feature(kind: ChangeSource, contribution: pl.Expr) -> pl.Expr:
    """A CHANGE that is not a feature's."""
    fields = {name: pl.lit(None, dtype) for name, dtype in CHANGE}
    fields_of_change = {**fields, "kind": pl.lit(kind.value), "contribution": contribution}
    return pl.struct(value.alias(name) for name, value in fields_of_change.items()).cast(CHANGE)


_MODEL_CHANGE = pl.when(pl.col("model").abs() >= _NEGLIGIBLE).then(
    _change_without_feature(ChangeSource.MODEL, pl.col("model"))
)
_POLICY_CHANGE = pl.when("policy").then(_change_without_feature(ChangeSource.POLICY, pl.lit(0.0)))


@dataclass(frozen=True)
class ScoreChange:
    """The change of each loan's calibrated log-odds from the month before (0) to this one (1).

    With L the month's model and x the loan's features, L1(x1) - L0(x0) = [L1(x0) - L0(x0)] + [L1(x1) - L1(x0)].
    from_model is the first bracket; by_column (rows x columns) sums to the second. previous_inputs and current_inputs
    are x0 and x1 as the trees read them.
    """

    columns: tuple[ModelColumn, ...]
    from_model: Floats
    by_column: Floats
    previous_inputs: Floats
    current_inputs: Floats

    @property
    def total(self) -> Floats:
        """The whole change of each loan."""
        return np.asarray(self.from_model + self.by_column.sum(axis=1), dtype=np.float64)


def score_change(
    bundle: Bundle, current: Contributions, previous_features: pl.DataFrame, previous_log_odds: Floats
) -> ScoreChange:
    """Split the change of loans that both months have.

    bundle: this month's model. current: this month's contributions. previous_features: of the same loans in the same
    order, the month before. previous_log_odds: of the probability that was published then.
    """
    rescored = bundle.explain(previous_features)
    return ScoreChange(
        current.columns,
        rescored.log_odds - previous_log_odds,
        current.by_column - rescored.by_column,
        rescored.inputs,
        current.inputs,
    )


def largest_changes(change: ScoreChange, other_light: pl.Series) -> pl.Series:
    """For each loan a list of at most three CHANGE, the largest first: one a topic, of features whose value changed.

    other_light: whether the model's light differs from the month before. Where it does though the score is unchanged,
    the thresholds have changed: kind `policy`, contribution 0.
    """
    both_missing = np.isnan(change.previous_inputs) & np.isnan(change.current_inputs)
    has_changed = (change.previous_inputs != change.current_inputs) & ~both_missing
    contributions = np.where(has_changed, change.by_column, 0.0)
    largest_columns = largest_column_by_topic(contributions, change.columns)
    sizes = np.abs(np.take_along_axis(contributions, largest_columns, axis=1))
    order = np.argsort(-sizes, axis=1, kind="stable")[:, :CHANGES_SHOWN]
    positions = np.take_along_axis(largest_columns, order, axis=1)
    fact_lists = lists_of_contributing(
        positions, contributions, lambda rows, at: _fact_changes(rows, at, contributions, change)
    )
    facts = fact_lists.cast(pl.List(CHANGE))
    policy = other_light & pl.Series(np.abs(change.total) < _NEGLIGIBLE)
    if not policy.any() and np.abs(change.from_model).max(initial=0.0) < _NEGLIGIBLE:
        return facts.alias("changes")
    change_parts = pl.DataFrame({"facts": facts, "model": change.from_model, "policy": policy})
    whole = change_parts.select(
        pl.concat_list(_POLICY_CHANGE, _MODEL_CHANGE, "facts").list.drop_nulls().alias("changes")
    )
    by_size = pl.element().sort_by(pl.element().struct.field("contribution").abs(), descending=True)
    return whole.select(pl.col("changes").list.eval(by_size).list.head(CHANGES_SHOWN)).to_series()


@returns(CHANGES_SCHEMA)
def all_changes(change: ScoreChange, row: int) -> pl.DataFrame:
    """All contributions to the change of the loan in `row`: first the model's, then the features', by size.

    They sum to its total.
    """
    by_size: Positions = np.argsort(-np.abs(change.by_column[row]), kind="stable")
    positions = by_size[change.by_column[row, by_size] != 0]
    facts = _fact_changes(np.full_like(positions, row), positions, change.by_column, change)
    model = pl.DataFrame({"model": change.from_model[row : row + 1]}).select(_MODEL_CHANGE).to_series().drop_nulls()
    return pl.concat([model.struct.unnest(), facts])


def _fact_changes(rows: Positions, positions: Positions, contributions: Floats, change: ScoreChange) -> pl.DataFrame:
    """The change of each pair of a loan and a column, in the columns of CHANGES_SCHEMA."""
    inputs = {"before": change.previous_inputs, "after": change.current_inputs}
    names = tuple(column.name for column in change.columns)
    kinds = change_sources(
        names, positions, change.previous_inputs[rows, positions], change.current_inputs[rows, positions]
    )
    return contribution_table(rows, positions, contributions, change.columns, inputs).insert_column(
        0, kinds.alias("kind")
    )
