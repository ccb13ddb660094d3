"""An invented row of features, which MLflow shows with a registered model and with which analysts try it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from features.catalog import FEATURES
from models.raw_score import ModelColumn

_VALUE_BY_UNIT: Mapping[str, float] = {
    "yuan": 20_000.0,
    "percent": 0.05,
    "count": 2.0,
    "days": 30.0,
    "months": 12.0,
    "points": 80.0,
    "times": 1.5,
    "head": 5.0,
    "mu": 10.0,
    "yes_no": 0.0,
}
_ANY_VALUE = 1.0


def invented_row(columns: Sequence[ModelColumn]) -> dict[str, float | str]:
    """A value for each column of a model: a round number by the feature's unit, or the first level of a code.

    No data decide it: in a small fold a median, too, may be the value of one household.

    Example:
        >>> from models.raw_score import ModelColumn
        >>> invented_row([ModelColumn("outstanding_principal", sign=0), ModelColumn("product", 0, ("microloan",))])
        {'outstanding_principal': 20000.0, 'product': 'microloan'}
    """
    return {
        column.name: column.levels[0]
        if column.levels
        else _VALUE_BY_UNIT.get(FEATURES[column.name].unit.name, _ANY_VALUE)
        for column in columns
    }
